"""One entry of a result's log: a measurement with what it found, or what somebody says of the result."""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from ...benchmarks.result import Environment, MetricRecord
from ...core.files import sha256
from ...core.serialization import json_line
from ...registry.schema import Sha256, Strict
from ..text.words import LONG, SHORT, shown
from .judgement import Judgement
from .submitter_words import Words

SCHEMA = 3  # the newest; a line has the oldest that can say it
JUDGED = 3  # the schema since which there are judgements
DISPUTE_ID = 12  # hex digits

MeasuredLevel = Literal["recomputed", "reproduced", "resampled"]
Level = Literal["self-reported", "recomputed", "reproduced", "resampled"]
Kind = Literal[
    "recomputed",
    "reproduced",
    "resampled",
    "failed",
    "disputed",
    "upheld",
    "rejected",
    "withdrawn",
    "amended",
    "judged",
]
KINDS: tuple[Kind, ...] = get_args(Kind)
MEASURED: tuple[MeasuredLevel, ...] = get_args(MeasuredLevel)  # from the lowest
LEVELS: tuple[Level, ...] = get_args(Level)  # from the lowest

_BY_WORD = ("disputed", "upheld", "rejected", "withdrawn", "amended")  # kinds that a person writes, with a reason


By = Annotated[str, shown(SHORT)]
Reason = Annotated[str, shown(LONG)]
DisputeId = Annotated[str, Field(pattern=rf"^[0-9a-f]{{{DISPUTE_ID}}}$")]
Moment = Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00$")]  # UTC, ISO 8601
Number = Annotated[float, Field(allow_inf_nan=False)]


class Compared(Strict):
    """One column as it was published and as it was found."""

    column: str
    published: Number | None
    found: Number | None
    in_se: Number | None  # the difference in published standard errors; of a fresh draw, in those of the difference
    agrees: bool
    problem: str | None = None  # what else differs, such as the interval


class Pixels(Strict):
    """Samples as they were published and as they were drawn again."""

    published: Sha256  # digest
    found: Sha256
    compared: int = Field(ge=0)  # samples of which both pixels were at hand; 0 where equal digests say it all
    share_off: Number | None  # of these, values that differ; in entries without `levels` by more than one grey level
    levels: int | None = Field(None, ge=0, le=255)  # the most grey levels that a value is off

    @model_serializer(mode="wrap")
    def _as_it_was_before_there_were_levels(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {key: value for key, value in serialize(self).items() if key != "levels" or value is not None}


class PrivateCheck(Strict):
    """What a private reference says; its values stay private.

    Attributes:
        digest: of its images in order.
        agrees: whether the samples are not significantly nearer to the public reference.
        problem: what differs, where they are.
    """

    digest: Sha256
    agrees: bool
    problem: Reason | None = None


class Figures(Strict):
    """What a measurement found.

    Attributes:
        columns: how many were compared.
        differing: those that did not come out equal to the last digit; of a fresh draw, all.
        largest_in_se: the largest difference of all.
        seed: the fresh one, of a fresh draw.
        p: the chance that a draw is better than the fresh one by this much, in the track's primary column.
        suspicion: the metrics of suspicion of the samples; none in older entries, and of a fresh draw.
        private: whether the samples are as far from a private reference as from the public one.
    """

    columns: int = Field(ge=1)
    differing: tuple[Compared, ...]
    largest_in_se: Number | None
    pixels: Pixels | None = None
    seed: int | None = Field(None, ge=0, lt=2**63)
    p: float | None = Field(None, ge=0, le=1)
    environment: Environment
    suspicion: tuple[MetricRecord, ...] | None = None
    private: PrivateCheck | None = None

    @model_serializer(mode="wrap")
    def _as_it_was_before_these_were_measured(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        absent = {name for name in ("suspicion", "private") if getattr(self, name) is None}
        return {key: value for key, value in serialize(self).items() if key not in absent}


class Entry(Strict):
    """One line of the log.

    Attributes:
        level: which one a measurement reached, or, where it failed, missed; schema 1 calls it `rung`.
        previous: the digest of the entry before; none for the first.
        dispute: which dispute is answered, by its id; none in older logs, where it is the latest that is open.
        amends: the words about the generator that are to be shown from now on, see `amendments`.
        judgement: what another judge says of the images, since schema 3.
        digest: SHA-256 of this entry's line without its digest; none for one that is not yet in a log.
    """

    schema_: int = Field(SCHEMA, alias="schema", ge=1, le=SCHEMA)
    kind: Kind
    level: MeasuredLevel | None
    date: Moment
    by: By | None
    genboard: str = Field(max_length=SHORT)
    result: Sha256  # of the result file's bytes
    previous: Sha256 | None
    figures: Figures | None
    reason: Reason | None
    dispute: DisputeId | None = None
    amends: Words | None = None
    judgement: Judgement | None = None
    digest: Sha256 | None

    @model_validator(mode="before")
    @classmethod
    def _upgraded(cls, value: Any) -> Any:
        match value:
            case {"schema": 1, "rung": level, **others}:
                return {**others, "schema": 1, "level": level}
        return value

    @model_validator(mode="after")
    def _whole(self) -> Entry:
        if self.kind in _BY_WORD:
            if self.reason is None or self.by is None:
                raise ValueError(f"{self.kind} needs a reason, and who gives it")
            if self.level is not None or self.figures is not None:
                raise ValueError(f"{self.kind} is no measurement: it has neither level nor figures")
        elif self.kind == "judged":
            if self.judgement is None or self.by is None:
                raise ValueError("judged needs a judgement, and who gives it")
            if self.level is not None or self.figures is not None:
                raise ValueError("judged is no measurement of genboard: it has neither level nor figures")
        elif self.figures is None or self.level is None:
            raise ValueError(f"{self.kind} is a measurement: it needs level and figures")
        elif self.kind == "failed" and self.reason is None:
            raise ValueError("a failed measurement needs a reason")
        elif self.kind not in ("failed", self.level):
            raise ValueError(f"{self.kind} is not its level, {self.level}")
        if self.dispute is not None and self.kind not in ("upheld", "rejected"):
            raise ValueError(f"{self.kind} answers no dispute")
        if (self.amends is not None) != (self.kind == "amended"):
            raise ValueError(f"{self.kind} amends {'nothing' if self.amends is None else 'something'}")
        if self.judgement is not None and (self.kind != "judged" or self.schema_ < JUDGED):
            raise ValueError(f"{self.kind} of schema {self.schema_} has no judgement")
        if self.amends is not None and not self.amends.model_fields_set:
            raise ValueError("an amendment changes at least one field")
        return self

    def to_json(self) -> dict[str, Any]:
        # Older entries had neither of these fields, and keep their digests; so do those of schema 1.
        absent = {name for name in ("dispute", "amends", "judgement") if getattr(self, name) is None}
        value = self.model_dump(mode="json", by_alias=True, exclude=absent)
        if self.schema_ == 1:
            value["rung"] = value.pop("level")
        if self.amends is not None:
            value["amends"] = self.amends.model_dump(mode="json", exclude_unset=True)
        return value

    def after(self, previous: Sha256 | None) -> Entry:
        """This entry as it stands in a log after the one with that digest."""
        placed = self.model_copy(update={"previous": previous, "digest": None})
        return placed.model_copy(update={"digest": sha256(placed.line)})

    @property
    def id(self) -> str:
        """What the answer to a dispute names it by."""
        return (self.digest or "")[:DISPUTE_ID]

    @property
    def line(self) -> bytes:
        """The entry as its line of a log, without the line's end."""
        return json_line(self.to_json())
