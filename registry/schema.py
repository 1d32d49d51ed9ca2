"""What a registry entry may say: typed, frozen, unknown keys refused.

An entry is one TOML file, `entries/<kind>/<name>.toml`; the file's name is the entry's name.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Any, ClassVar, Literal

from pydantic import AliasChoices, Field, HttpUrl, SerializerFunctionWrapHandler, model_serializer, model_validator

from ..core.files import problem_with_name
from .fields import HubPath, Repo
from .fields import Name as Name
from .fields import Sha256 as Sha256
from .fields import Strict as Strict
from .fields import Weights as Weights
from .kinds import BuiltIn, Exported, Source, TorchWeights
from .metrics import find_metric

Shape = tuple[int, int, int]  # height, width, channels
Against = Literal["reference", "train"]
Precision = Literal["float32", "bf16"]
Task = Literal["unconditional", "class", "text", "image"]


class Entry(Strict):
    kind: ClassVar[str]
    noun: ClassVar[str]
    name: Name
    title: str
    aliases: tuple[Name, ...] = ()  # names it had before: results under them are its own

    @model_serializer(mode="wrap")
    def _without_no_aliases(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        # What is kept of tracks by a digest of all their fields was kept before there were aliases.
        return {key: value for key, value in serialize(self).items() if key != "aliases" or value}


class Split(Strict):
    """Some of the images of a part; the splits of a part are disjoint and stratified, by content hash."""

    part: Name
    count: int = Field(ge=1)


class Embedded(Strict):
    """Images that come inside a library."""

    kind: Literal["embedded"]
    loader: str  # "digits:load", in the package `registry.datasets`: images of every part, by name


class Hub(Strict):
    """Parquet files of a data set repository on the Hugging Face Hub, at a pinned revision."""

    kind: Literal["hub"]
    repo: Repo
    files: dict[Name, tuple[HubPath, ...]]  # of each part, in order; `x-*-of-00294.parquet` is all 294 shards
    image: str = "image"
    label: str | None = None  # the column; without, the images are unlabelled

    @property
    def parts(self) -> set[str]:
        return set(self.files)


class Local(Strict):
    """Files of the user's: whatever `registry.sources` opens, a path for each part."""

    kind: Literal["local"]
    paths: dict[Name, str]  # relative ones from the user's data folder
    skip: bool = False  # leave out image files of formats that are not read, which are an error otherwise

    @property
    def parts(self) -> set[str]:
        return set(self.paths)


class Torchvision(Strict):
    """A data set that torchvision downloads and checks."""

    kind: Literal["torchvision"]
    name: str  # the class in torchvision.datasets
    arguments: dict[Name, dict[str, bool | int | str]]  # of each part

    @property
    def parts(self) -> set[str]:
        return set(self.arguments)


ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")


class Archive(Strict):
    """A zip or tar at an address, with the images of each part in a folder, and those of each class in one below it."""

    kind: Literal["archive"]
    url: HttpUrl  # kept in the folder of archives, see `docs/datasets.md`
    file: str | None = None  # what it is called there; else the last part of its address
    sha256: Sha256 | None = None  # of the archive; none: its bytes may change, the content digest says what is in it
    folders: dict[Name, str]  # of each part; with classes, the folders below it are called as they are
    skip: bool = False  # leave out image files of formats that are not read, which are an error otherwise

    @property
    def parts(self) -> set[str]:
        return set(self.folders)

    @model_validator(mode="after")
    def _has_a_name(self) -> Archive:
        name = self.filename
        if set(name) & set("/\\\0:") or name.startswith(".") or problem_with_name(name):
            raise ValueError(f"{name!r} cannot be the name of a file: give another as `file`")
        if not name.lower().endswith(ARCHIVES):
            raise ValueError(f"{name!r} ends in none of {', '.join(ARCHIVES)}: give the archive's name as `file`")
        return self

    @property
    def filename(self) -> str:
        return self.file or PurePosixPath(self.url.path or "").name


class Dataset(Entry):
    """Real images: where they are, what they are called, and a digest that knows them again."""

    kind: ClassVar[str] = "datasets"
    noun: ClassVar[str] = "data set"
    source: Embedded | Hub | Local | Torchvision | Archive = Field(discriminator="kind")
    revision: str
    conversions: tuple[str, ...] = ()  # applied to every image as it is read, see `registry.conversions`
    shape: Shape  # after the conversions
    parts: dict[Name, int]  # as published, with the number of images in each
    splits: dict[Name, Split]  # see `registry.datasets.splits`
    classes: tuple[str, ...] = ()  # what the labels 0, 1, ... are called; without, labels are left aside
    content_digest: Sha256 | None = None  # of all parts, see `registry.images.content_digest`; none: not yet recorded
    licence: str
    homepage: HttpUrl
    citation: str

    @model_validator(mode="after")
    def _splits_cover_their_parts(self) -> Dataset:
        for name, split in self.splits.items():
            if split.part not in self.parts:
                raise ValueError(f"split {name!r} is of part {split.part!r}, the parts are {', '.join(self.parts)}")
        for part, count in self.parts.items():
            used = sum(s.count for s in self.splits.values() if s.part == part)
            if used not in (0, count):
                raise ValueError(f"the splits of part {part!r} hold {used} images, the part {count}")
        return self

    @model_validator(mode="after")
    def _source_has_the_parts(self) -> Dataset:
        if not isinstance(self.source, Embedded) and self.source.parts != set(self.parts):
            found, wanted = sorted(self.source.parts), sorted(self.parts)
            raise ValueError(f"the source has the parts {', '.join(found)}, the entry {', '.join(wanted)}")
        if isinstance(self.source, Hub) and not re.fullmatch(r"[0-9a-f]{40}", self.revision):
            raise ValueError(f"revision = {self.revision!r} is not a commit; branches and tags can move")
        if isinstance(self.source, Hub) and bool(self.classes) != bool(self.source.label):
            raise ValueError("a column of labels needs classes, and classes need a column of labels")
        if isinstance(self.source, Archive) and not (self.source.sha256 or self.content_digest):
            raise ValueError("an archive is known by its sha256, by a content_digest, or by both: give one")
        return self

    @property
    def count(self) -> int:
        return sum(self.parts.values())


class Extractor(Entry):
    """A feature space: network, weights, preprocessing and layer. What differs in any of these has another name."""

    kind: ClassVar[str] = "extractors"
    noun: ClassVar[str] = "extractor"
    version: int
    loader: str  # "digits_cnn:load", in the package `registry.extractors`
    preprocessing: str  # one of `registry.extractors.preprocessing.MODES`
    layer: str
    input: Shape | Literal["rgb", "any"]  # one shape; RGB images of any size; or whatever comes
    dim: int | None = None  # none: as many as an image has values
    classes: int | None = None  # number of logits, where the network is also a classifier
    block: int  # images computed at once: a network's last bits depend on it, so it is part of the protocol
    # Of these, how many a core computes at once; none: all cores share the block. Older entries call it `lane`.
    sub_batch: int | None = Field(None, validation_alias=AliasChoices("sub_batch", "lane"))
    weights: Weights | None = None
    trained_on: tuple[str, ...] = ()  # "<data set>/<split>"
    licence: str
    paper: str | None = None

    @model_validator(mode="after")
    def _sub_batches_fill_the_block(self) -> Extractor:
        if self.sub_batch is not None and (self.sub_batch < 1 or self.block % self.sub_batch):
            raise ValueError(f"a block of {self.block} is not a multiple of the sub-batch of {self.sub_batch}")
        return self

    def identity(self, precision: Precision = "float32") -> dict[str, Any]:
        """What makes two feature spaces the same one."""
        return {
            "name": self.name,
            "version": self.version,
            **(self.weights.identity() if self.weights else {"weights": None}),
            "preprocessing": self.preprocessing,
            "layer": self.layer,
            **({} if precision == "float32" else {"precision": precision}),
        }


# Families whose images are decoded from a latent space that was learnt: how latents are drawn is part of the model.
AUTOENCODERS = ("vae", "autoencoder", "latent diffusion")


class Generator(Entry):
    """A generator: its family, where it comes from, and what makes its samples its own."""

    kind: ClassVar[str] = "generators"
    noun: ClassVar[str] = "generator"
    version: int
    family: str
    task: Task = "unconditional"
    baseline: bool = False
    noise_floor: bool = False  # real images the metrics have not seen: what a perfect generator would score
    source: Source = Field(discriminator="kind")  # see `registry.kinds`
    tracks: tuple[Name, ...] | Literal["all"] = "all"
    trained_on: tuple[str, ...] = ()
    latents: str | None = None  # of an autoencoder: how the latents are drawn that it decodes
    # Samples computed at once; none: each stands alone, so any number gives the same bits.
    block: int | None = Field(None, ge=1)
    arguments: dict[str, int | float | str] = Field(default_factory=dict)
    training: dict[str, bool | int | float | str] = Field(default_factory=dict)  # what its `train` was told
    origin: str
    licence: str
    paper: str | None = None

    @model_validator(mode="after")
    def _floor_is_a_baseline(self) -> Generator:
        if self.noise_floor and not self.baseline:
            raise ValueError("noise_floor = true needs baseline = true")
        return self

    @model_validator(mode="after")
    def _says_how_it_is_drawn(self) -> Generator:
        if self.family in AUTOENCODERS and self.latents is None and not isinstance(self.source, Exported):
            raise ValueError(f'family = {self.family!r} needs latents = "how the latents are drawn that it decodes"')
        if self.source.kind == "diffusers" and self.block is None:
            raise ValueError("a pipeline computes its samples in blocks: add block = 16, or what fits in memory")
        return self

    @property
    def loader(self) -> str | None:
        """The function of this package that makes it, where there is one."""
        source = self.source
        if isinstance(source, TorchWeights):
            return source.architecture
        return source.loader if isinstance(source, BuiltIn) else None

    @property
    def weights(self) -> Weights | None:
        return self.source.weights if isinstance(self.source, TorchWeights) else None

    def identity(self) -> dict[str, Any]:
        """What makes two generators the same one: the samples must change when this does."""
        return {
            "name": self.name,
            "version": self.version,
            **self.source.identity(),
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


class PrivateReference(Strict):
    """Real images that only maintainers have: how many, and the digest of their pixels in order."""

    count: int = Field(ge=2)
    digest: Sha256


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
    private: PrivateReference | None = None  # what `genboard verify --private` compares with the reference
    reference_seen: str | None = None  # why generators may have seen the reference: train and reference are one split
    samples: int = Field(ge=2)
    train_bank: int | None = Field(None, ge=2)  # training images that copies are looked for among; none: all of them
    seed: int = Field(ge=0, lt=2**63)
    metrics: tuple[TrackMetric, ...] = Field(min_length=1)
    primary: str  # key of the column that ranks
    conversions: dict[Name, tuple[str, ...]] = Field(default_factory=dict)  # of images, before an extractor sees them
    notes: str = ""

    @model_validator(mode="after")
    def _consistent(self) -> Track:
        keys = [m.key for m in self.metrics]
        if len(set(keys)) < len(keys):
            raise ValueError(f"a column is listed twice: {sorted(k for k in keys if keys.count(k) > 1)[0]}")
        if self.primary not in keys:
            raise ValueError(f"primary = {self.primary!r} is not one of its columns: {', '.join(keys)}")
        for column in self.metrics:
            unknown = sorted(set(column.params) - set(find_metric(column.metric).params))
            if unknown:
                raise ValueError(f"{column.key} has no parameter {unknown[0]!r}")
        if next(find_metric(c.metric) for c in self.metrics if c.key == self.primary).better is None:
            raise ValueError(f"primary = {self.primary!r} has no direction, so it cannot rank")
        if self.held_out in {self.train, self.reference} or (self.train == self.reference) != bool(self.reference_seen):
            raise ValueError(
                "train, reference and held_out must be three different splits, unless reference_seen says why"
            )
        stray = sorted(set(self.conversions) - set(self.extractors))
        if stray:
            raise ValueError(f"conversions for {stray[0]!r}, which is not one of its extractors")
        return self

    @property
    def id(self) -> str:
        return f"{self.name}@{self.version}"

    @property
    def space(self) -> str:
        """The feature space of the column that ranks."""
        return next(column.extractor for column in self.metrics if column.key == self.primary)

    def split(self, against: Against) -> str:
        return self.reference if against == "reference" else self.train

    @property
    def extractors(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(m.extractor for m in self.metrics))
