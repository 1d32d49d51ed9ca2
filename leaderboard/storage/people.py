"""What people said in a study, on disk: scores with their provenance, beside the results of a track.

`<results>/<track>@<version>/people-<study>.json`. They were gathered by whoever ran the study, are shown with that, and
rank nothing but themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, ValidationError, model_validator

from ...benchmarks.uncertainty import LEVEL
from ...core.errors import BadEntry, GenboardError
from ...core.files import write_bytes
from ...core.newer import refuse_newer
from ...core.serialization import canonical_json, read_json
from ...core.validation import bad_entry
from ...registry.fields import Name, Sha256, Strict
from ..text.words import LONG, SHORT, shown

SCHEMA = 1
LARGEST = 2 * 2**20  # bytes
METRICS = ("hype_time", "hype_infinity", "preference")

Number = Annotated[float, Field(allow_inf_nan=False)]
Rater = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{8}$")]


class PersonsScore(Strict):
    """The score of one generator, or of real images. Where there is no value, or no interval, `reason` says why.

    Attributes:
        digest: of the samples that were shown; none of real images, and of what was imported.
        rank: the ranks that it may have in this study, by the method of the boards.
        tied: those it is not significantly different from.
    """

    generator: Name
    digest: Sha256 | None
    value: Number | None
    se: Annotated[Number, Field(ge=0)] | None
    lo: Number | None
    hi: Number | None
    reason: Annotated[str, shown(LONG)] | None
    answers: int = Field(ge=0)
    rank: tuple[int, int] | None
    tied: tuple[Name, ...]


class LeftOutRater(Strict):
    """A rater who failed the attention checks, by the first digits of a random id."""

    rater: Rater
    passed: int = Field(ge=0)
    given: int = Field(ge=0)


class Refused(Strict):
    """A file that does not count, and why."""

    file: Annotated[str, StringConstraints(max_length=LONG)]
    reason: Annotated[str, StringConstraints(max_length=LONG)]


class Timing(Strict):
    """How exposures came out, in milliseconds: of all scored ones, shown less asked for.

    Attributes:
        frame: how long a frame of a rater's screen lasts, the median over raters.
        mean, largest: of the error; the largest is without its sign.
    """

    frame: Number
    mean: Number
    largest: Number


class PeopleStudy(Strict):
    """What people said of a track's generators.

    Attributes:
        study: the id of the page, or of the table that was imported.
        source: whose ratings they are; none where they were gathered with a page of this package.
        raters: how many count.
        target: of the intervals: what more raters like these would give; of how many it holds, `level`.
        covariance: of the errors of those scores that have one, in the order of the rows.
        method: how the intervals were made.
    """

    schema_: int = Field(SCHEMA, alias="schema", ge=SCHEMA, le=SCHEMA)
    study: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{16}$")]
    track: Name
    track_version: int
    metric: Literal["hype_time", "hype_infinity", "preference"]
    version: int
    unit: Annotated[str, shown(SHORT)]
    source: Annotated[str, shown(LONG)] | None
    raters: int = Field(ge=0)
    target: Literal["population"] = "population"
    level: float = Field(LEVEL, gt=0, lt=1)
    method: Annotated[str, shown(LONG)] | None
    rows: tuple[PersonsScore, ...] = Field(min_length=1)
    covariance: tuple[tuple[Number, ...], ...] | None
    excluded: tuple[LeftOutRater, ...]
    refused: tuple[Refused, ...]
    timing: Timing | None
    created: Annotated[str, StringConstraints(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00$")]

    @model_validator(mode="after")
    def _consistent(self) -> PeopleStudy:
        names = [row.generator for row in self.rows]
        if len(set(names)) < len(names):
            raise ValueError("a generator is there twice")
        if any((row.value is None or row.se is None) and row.reason is None for row in self.rows):
            raise ValueError("a value or an interval is missing, and no reason says why")
        return self

    def to_json(self) -> dict[str, Any]:
        return self.model_dump(mode="json", by_alias=True)

    @property
    def path(self) -> Path:
        """Where it stands in a folder of results."""
        return Path(f"{self.track}@{self.track_version}") / f"people-{self.study}.json"


def save_people(study: PeopleStudy, folder: Path) -> Path:
    path = folder / study.path
    write_bytes(path, canonical_json(study.to_json()))
    return path


def read_people(path: Path) -> PeopleStudy:
    """Raises TooNew, or BadEntry: `path: field: problem`."""
    if path.stat().st_size > LARGEST:
        raise BadEntry(path, "", f"{path.stat().st_size:,} bytes, {LARGEST:,} are allowed", _AGAIN)
    value = read_json(path)
    refuse_newer(value, path, SCHEMA)
    try:
        study = PeopleStudy.model_validate(value)
    except ValidationError as e:
        raise bad_entry(path, e, _AGAIN) from e
    if study.path.name != path.name or study.path.parent.name != path.parent.name:
        raise BadEntry(path, "", f"its place is {study.path.as_posix()}", _AGAIN)
    return study


def people_in(folders: Sequence[Path]) -> tuple[tuple[PeopleStudy, ...], tuple[tuple[str, str], ...]]:
    """The studies below folders of results, each id once, and what cannot be read: path below its folder, and why."""
    found: dict[str, PeopleStudy] = {}
    unreadable = []
    for folder in folders:
        for path in sorted(folder.glob("*@*/people-*.json")):
            try:
                study = read_people(path)
            except GenboardError as e:
                unreadable.append((path.relative_to(folder).as_posix(), e.fact.removeprefix(f"{path}: ")))
                continue
            found.setdefault(study.study, study)
    ordered = sorted(found.values(), key=lambda s: (s.track, s.track_version, s.metric, s.created, s.study))
    return tuple(ordered), tuple(unreadable)


_AGAIN = "restore the file, or write it again with `genboard human score`"
