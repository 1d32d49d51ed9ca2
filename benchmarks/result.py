"""The result schema: one immutable JSON file per specification.

`<results>/<track>@<version>/<generator>/<id>.json`, id being the first 12 hex digits of the SHA-256 of the canonical
specification. Beside it `<id>.preview.png`, the first samples, and `<id>.influence.safetensors`, by how much each
sample moves each value.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    Field,
    NonNegativeInt,
    PositiveInt,
    SerializerFunctionWrapHandler,
    ValidationError,
    model_serializer,
)

from ..core.errors import BadEntry
from ..core.executor import ExecutorName
from ..core.files import read_bytes, write_bytes
from ..core.newer import refuse_newer
from ..core.serialization import canonical_json, digest_of, parse_json
from ..core.validation import bad_entry
from ..registry.columns import column_key
from ..registry.metrics import Better
from ..registry.schema import Name, Sha256, Strict
from .uncertainty import Target

SCHEMA = 1
ACCOUNT = r"^[A-Za-z0-9]([A-Za-z0-9-]{0,37}[A-Za-z0-9])?$"  # what GitHub accepts


class UncertaintyRecord(Strict):
    target: Target
    se: float = Field(ge=0, allow_inf_nan=False)
    lo: float = Field(allow_inf_nan=False)
    hi: float = Field(allow_inf_nan=False)
    level: float = Field(gt=0, lt=1)
    method: str


class PartRecord(Strict):
    """The value of one class, by its label, or of one attribute; target and level of its interval are the whole's.

    Where `value` is null, `reason` says why; where only the interval is, likewise.

    Attributes:
        counts: how many images of this class were taken for each class; absent of a metric that classifies none.
    """

    name: str = Field(pattern=r"^[\w .-]{1,80}$")
    value: float | None = Field(allow_inf_nan=False)
    se: float | None = Field(ge=0, allow_inf_nan=False)
    lo: float | None = Field(allow_inf_nan=False)
    hi: float | None = Field(allow_inf_nan=False)
    reason: str | None
    counts: tuple[NonNegativeInt, ...] | None = None

    @model_serializer(mode="wrap")
    def _without_no_counts(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {key: value for key, value in serialize(self).items() if key != "counts" or value is not None}


class MetricRecord(Strict):
    """One measured value. Where `value` is null, `reason` says why; where only the uncertainty is, likewise.

    Attributes:
        parts: the values of its parts, of a metric that has such; absent of any other.
    """

    name: Name
    version: int
    extractor: Name | None
    value: float | None = Field(allow_inf_nan=False)
    reason: str | None
    direction: Better | None
    uncertainty: UncertaintyRecord | None
    n: int
    n_reference: int | None
    params: dict[str, int | float | str]
    parts: tuple[PartRecord, ...] | None = None

    @model_serializer(mode="wrap")
    def _without_no_parts(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {key: value for key, value in serialize(self).items() if key != "parts" or value is not None}

    @property
    def key(self) -> str:
        """The column of the track it belongs to, see `TrackMetric.key`."""
        return column_key(self.name, self.extractor, self.params, self.params.get("against"))


class TrackRecord(Strict):
    name: Name
    version: int


class GeneratorRecord(Strict):
    """Who was measured, as the tables show it."""

    name: Name
    title: str
    kind: Literal["registered", "images", "function"]
    family: str
    task: str
    baseline: bool = False
    noise_floor: bool = False
    origin: str
    licence: str
    paper: str | None = None


class SamplingRecord(Strict):
    protocol: int
    n: int
    seed: int | None  # none: the images were given, not drawn here
    shape: tuple[int, int, int]
    digest: Sha256 | None  # over the samples in order; none where sampling failed


class PreviewRecord(Strict):
    """The contact sheet: samples on the left, the nearest training image of each on the right."""

    sha256: Sha256
    tiles: int
    columns: int
    gap: int
    tile: tuple[int, int]


class InfluenceRecord(Strict):
    """The influences of the samples on the values, from which the errors of differences are computed."""

    sha256: Sha256  # of `<id>.influence.safetensors`


class Environment(Strict):
    """What a run ran on. It names no host and no user.

    Attributes:
        processor: the instruction set that torch uses.
        vendor: who made the processor; this and all below are not in older records.
        family: its family and model, as the vendor numbers them.
        blas: what torch multiplies matrices with, and its version.
        numpy_blas: likewise NumPy.
        kernels: variables that choose other kernels than the processor's own; none where none is set.
        runtime: the library that ran the generator where torch did not, or not alone, and its version.
        feature_runtime: likewise what computed the networks of feature spaces.
    """

    genboard: str
    python: str
    torch: str
    numpy: str
    system: str
    processor: str
    device: str
    threads: int
    vendor: str | None = None
    family: str | None = None
    blas: str | None = None
    numpy_blas: str | None = None
    kernels: str | None = None
    runtime: str | None = None
    feature_runtime: str | None = None

    @model_serializer(mode="wrap")
    def _without_what_is_not_known(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        # Older records had none of these, and keep their digests.
        return {key: value for key, value in serialize(self).items() if value is not None}


class WorkersRecord(Strict):
    """Who drew the samples, where that was not the process that measured them.

    Attributes:
        executor: `local`, `ray` or `submitit`.
        count: how many drew at once.
        seconds: that they spent drawing, added up.
        restarts: workers that were lost and replaced.
        peak_memory_mib: of the one that held the most; none where the system does not tell.
    """

    executor: ExecutorName
    count: PositiveInt
    seconds: float
    restarts: int
    peak_memory_mib: float | None


class SpentRecord(Strict):
    """What a run took of devices.

    Attributes:
        device_seconds: that devices worked, by their kind: those of the workers, and what this process did itself.
        energy_j: that those devices used meanwhile which tell it, in joules, whoever else worked on them; none where
            none tells.
        evaluations: of the network for one sample, where the generator says it.
    """

    device_seconds: dict[Annotated[str, Field(min_length=1, max_length=80)], float] = Field(min_length=1, max_length=20)
    energy_j: float | None
    evaluations: PositiveInt | None


class Cost(Strict):
    """Seconds a stage in this run; peak memory of the process in MiB, where the system tells it.

    Attributes:
        drawn: how many of the samples were drawn in this run; none if all were, or if they were images. Others were
            found, of an earlier run that had been interrupted or had been for another result.
        images_per_s: samples drawn in a second of sampling; none where none were.
        workers: who drew the samples; none if this process did.
        spent: what it took of devices; not in older records.
    """

    sampling_s: float
    measuring_s: float
    images_per_s: float | None
    peak_memory_mib: float | None
    drawn: int | None = None
    workers: WorkersRecord | None = None
    spent: SpentRecord | None = None

    @model_serializer(mode="wrap")
    def _without_the_usual(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        unusual = ("drawn", "workers", "spent")
        return {key: value for key, value in serialize(self).items() if key not in unusual or value is not None}


class Provenance(Strict):
    created: str  # UTC, ISO 8601
    command: str
    trusted_code: bool


# What a checkpoint was chosen on: a split of the track, other images, or the standardized samples themselves.
ChosenOn = Literal["train", "reference", "held-out", "other", "samples"]


class Selection(Strict):
    """How the checkpoint was chosen: out of how many, by which metric, on which images."""

    tried: int = Field(ge=1)
    metric: str | None = None
    on: ChosenOn | None = None


class SubmissionRecord(Strict):
    """Who offers a result for ranking, and what they say of the generator. None of it can be measured.

    Attributes:
        account: on GitHub, of whoever offers it: it alone may withdraw the result and submit again under its name.
    """

    authors: tuple[str, ...] = Field(min_length=1)
    account: str | None = Field(None, pattern=ACCOUNT)
    contact: str | None = None
    page: str | None = None
    code: str | None = None
    training_data: tuple[str, ...] = ()
    parameters: int | None = Field(None, ge=1)
    notes: str | None = None
    selection: Selection
    manifest: Sha256  # of `<id>.manifest.json`

    @model_serializer(mode="wrap")
    def _without_an_account(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        # Older submissions named none, and keep their bytes.
        return {key: value for key, value in serialize(self).items() if key != "account" or value is not None}


class ErrorRecord(Strict):
    """Where a run failed, and by what exception."""

    stage: Literal["sampling", "measuring"]
    type: str
    message: str

    @property
    def in_public(self) -> str:
        """What pages and tables say: a message may hold paths of a machine, and secrets of its environment."""
        kind = self.type if re.fullmatch(r"[\w.]{1,80}", self.type) else "an exception without a name"
        return f"failed at {self.stage}: {kind}"


class Result(Strict):
    """One generator on one track: what was measured, how, on what, and at what cost."""

    schema_: int = Field(SCHEMA, alias="schema", ge=SCHEMA, le=SCHEMA)
    id: str = Field(pattern=r"^[0-9a-f]{12}$")
    status: Literal["complete", "partial", "failed"]
    track: TrackRecord
    generator: GeneratorRecord
    sampling: SamplingRecord
    metrics: list[MetricRecord]
    specification: dict[str, Any]
    preview: PreviewRecord | None
    environment: Environment
    cost: Cost
    provenance: Provenance
    error: ErrorRecord | None
    submission: SubmissionRecord | None = None  # who offers it for ranking; none of those measured here
    influences: InfluenceRecord | None = None  # none of a failed run, nor of results from before they were kept
    # Reasons to look closer, beside the track's columns; none of a failed run, nor of results from before they were.
    suspicion: list[MetricRecord] | None = None

    def metric(self, key: str) -> MetricRecord | None:
        return next((m for m in self.metrics if m.key == key), None)

    def to_json(self) -> dict[str, Any]:
        # What nobody submitted says nothing of a submission, and what has no influences nothing of them.
        absent = {name for name in ("submission", "influences", "suspicion") if getattr(self, name) is None}
        return self.model_dump(mode="json", by_alias=True, exclude=absent)

    @property
    def path(self) -> Path:
        """Where it stands in a folder of results."""
        return Path(f"{self.track.name}@{self.track.version}") / self.generator.name / f"{self.id}.json"


def result_id(specification: dict[str, Any]) -> str:
    return digest_of(specification)[:12]


def preview_path(result_path: Path) -> Path:
    return result_path.with_suffix(".preview.png")


def influence_path(result_path: Path) -> Path:
    return result_path.with_suffix(".influence.safetensors")


def save_result(result: Result, folder: Path, preview: bytes | None, influences: bytes | None = None) -> Path:
    """Write a result, its preview and its influences into a folder of results.

    The result comes last, so it is never without.
    """
    path = folder / result.path
    if preview is not None:
        write_bytes(preview_path(path), preview)
    if influences is not None:
        write_bytes(influence_path(path), influences)
    write_bytes(path, canonical_json(result.to_json()))
    return path


def read_result(path: Path) -> Result:
    """The result in a file.

    Raises:
        TooNew: a later version of this package wrote it.
        BadEntry: `path: field: problem`.
    """
    return parse_result(read_bytes(path), path)


def parse_result(data: bytes, path: Path) -> Result:
    """The result in the bytes of a file, see `read_result`."""
    value = parse_json(data, path)
    refuse_newer(value, path, SCHEMA)
    try:
        result = Result.model_validate(value)
    except ValidationError as e:
        raise bad_entry(path, e, _RESTORE) from e
    if result.id != result_id(result.specification):
        raise BadEntry(path, "id", f"{result.id} is not the id of its specification", _RESTORE)
    return result


_RESTORE = "restore the file, or delete it and measure again"
