"""What a registry entry may say: typed, frozen, unknown keys refused.

An entry is one TOML file, `entries/<kind>/<name>.toml`; the file's name is the entry's name.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, HttpUrl, StringConstraints, model_validator

from .metrics import find_metric

Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]*$", max_length=80)]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Shape = tuple[int, int, int]  # height, width, channels
Against = Literal["reference", "train"]
Task = Literal["unconditional", "class", "text", "image"]


class Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Entry(Strict):
    kind: ClassVar[str]
    noun: ClassVar[str]
    name: Name
    title: str


class Dataset(Entry):
    """Real images: where they are, what they are called, and a digest that knows them again."""

    kind: ClassVar[str] = "datasets"
    noun: ClassVar[str] = "data set"
    loader: str  # "digits:load", in the package `registry.datasets`
    revision: str
    shape: Shape
    count: int
    classes: tuple[str, ...] = ()
    content_digest: Sha256  # see `registry.images.content_digest`
    splits: dict[Name, int]  # disjoint and stratified, by content hash, see `registry.datasets.splits`
    licence: str
    homepage: HttpUrl
    citation: str

    @model_validator(mode="after")
    def _splits_cover_the_set(self) -> Dataset:
        if sum(self.splits.values()) != self.count:
            raise ValueError(f"the splits hold {sum(self.splits.values())} images, the data set {self.count}")
        return self


class Weights(Strict):
    """A committed safetensors file and its digest, checked at every load."""

    file: str
    sha256: Sha256


class Extractor(Entry):
    """A feature space: network, weights, preprocessing and layer. What differs in any of these has another name."""

    kind: ClassVar[str] = "extractors"
    noun: ClassVar[str] = "extractor"
    version: int
    loader: str  # "digits_cnn:load", in the package `registry.extractors`
    preprocessing: str
    layer: str
    input_shape: Shape
    dim: int
    classes: int | None = None  # number of logits, where the network is also a classifier
    block: int  # images computed at once: a network's last bits depend on it, so it is part of the protocol
    weights: Weights | None = None
    trained_on: tuple[str, ...] = ()  # "<data set>/<split>"
    licence: str
    paper: str | None = None

    def identity(self) -> dict[str, Any]:
        """What makes two feature spaces the same one."""
        return {
            "name": self.name,
            "version": self.version,
            "weights": self.weights.sha256 if self.weights else None,
            "preprocessing": self.preprocessing,
            "layer": self.layer,
        }


class Generator(Entry):
    """A generator: its family, how it is loaded, and what makes its samples its own."""

    kind: ClassVar[str] = "generators"
    noun: ClassVar[str] = "generator"
    version: int
    family: str
    task: Task = "unconditional"
    baseline: bool = False
    noise_floor: bool = False  # real images the metrics have not seen: what a perfect generator would score
    loader: str  # "zoo.vae:load", in the package `registry.generators`
    tracks: tuple[Name, ...] | Literal["all"] = "all"
    trained_on: tuple[str, ...] = ()
    weights: Weights | None = None
    # Samples computed at once; none: each stands alone, so any number gives the same bits.
    block: int | None = Field(None, ge=1)
    arguments: dict[str, int | float | str] = Field(default_factory=dict)
    origin: str
    licence: str
    paper: str | None = None

    @model_validator(mode="after")
    def _floor_is_a_baseline(self) -> Generator:
        if self.noise_floor and not self.baseline:
            raise ValueError("noise_floor = true needs baseline = true")
        return self

    def identity(self) -> dict[str, Any]:
        """What makes two generators the same one: the samples must change when this does."""
        return {
            "name": self.name,
            "version": self.version,
            "weights": self.weights.sha256 if self.weights else None,
            "arguments": self.arguments,
        }


class TrackMetric(Strict):
    """One column of a leaderboard."""

    metric: Name
    extractor: Name
    against: Against = "reference"
    params: dict[str, int | float | str] = Field(default_factory=dict)

    @property
    def key(self) -> str:
        """`metric:extractor`, with `:train` where it is measured against the training split."""
        return f"{self.metric}:{self.extractor}" + (":train" if self.against == "train" else "")


class Track(Entry):
    """A leaderboard: data, splits, samples, metrics, at one version."""

    kind: ClassVar[str] = "tracks"
    noun: ClassVar[str] = "track"
    version: int
    dataset: Name
    task: Task
    train: Name  # what generators, and an extractor trained here, may see
    reference: Name  # what samples are measured against
    held_out: Name  # real images that stand in for a perfect generator
    samples: int = Field(ge=2)
    seed: int = Field(ge=0, lt=2**63)
    metrics: tuple[TrackMetric, ...] = Field(min_length=1)
    primary: str  # key of the column that ranks
    notes: str = ""

    @model_validator(mode="after")
    def _consistent(self) -> Track:
        keys = [m.key for m in self.metrics]
        if len(set(keys)) < len(keys):
            raise ValueError(f"a column is listed twice: {sorted(k for k in keys if keys.count(k) > 1)[0]}")
        if self.primary not in keys:
            raise ValueError(f"primary = {self.primary!r} is none of its columns: {', '.join(keys)}")
        for column in self.metrics:
            unknown = sorted(set(column.params) - set(find_metric(column.metric).params))
            if unknown:
                raise ValueError(f"{column.key} has no parameter {unknown[0]!r}")
        if next(find_metric(c.metric) for c in self.metrics if c.key == self.primary).better is None:
            raise ValueError(f"primary = {self.primary!r} has no better end, so it cannot rank")
        if len({self.train, self.reference, self.held_out}) < 3:
            raise ValueError("train, reference and held_out must be three different splits")
        return self

    @property
    def id(self) -> str:
        return f"{self.name}@{self.version}"

    def split(self, against: Against) -> str:
        return self.reference if against == "reference" else self.train

    @property
    def extractors(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(m.extractor for m in self.metrics))
