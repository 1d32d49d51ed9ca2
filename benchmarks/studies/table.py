"""A study's table: rows, one a measurement, and the card that says what they were measured on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import Field, ValidationError, model_validator

from ...core.newer import refuse_newer
from ...core.serialization import read_json
from ...core.validation import bad_entry
from ...registry.schema import Name, Strict
from .listing import STUDIES, find_study

Value = bool | int | float | str | None
Row = dict[str, Any]  # of values, which a table checks


class TrackId(Strict):
    name: Name
    version: int = Field(ge=1)


class Measured(Strict):
    """A generator that took part, and what its samples were."""

    name: Name
    digest: str
    family: str
    baseline: bool
    noise_floor: bool


class Card(Strict):
    """What a table was made of. Two runs on the same samples differ in `created` and nowhere else.

    Attributes:
        left_out: what did not take part, and why.
    """

    title: str
    question: str
    method: str
    version: int
    primary: str
    n: int
    seed: int
    generators: tuple[Measured, ...]
    parameters: dict[str, int]
    extractors: tuple[dict[str, Any], ...]
    references: dict[str, str]
    left_out: dict[str, str]
    genboard: str
    created: str


SCHEMA: Final = 2

# Studies of which version 2 kept one kind of row of version 1, as it was.
_ONLY = {"grid": "order", "corruptions": "value"}
# What schema 1 calls otherwise: columns, and the words in some of them.
_WORDS = {"flip": "reversal", "honesty": "calibration", "surely off": "significantly off"}
_WORDED = ("what", "front")
_COLUMNS = {"degrees": "df", "flipped": "reversed"}


class Table(Strict):
    """A study of a track."""

    format: Literal[2] = Field(SCHEMA, alias="schema")
    study: Name
    track: TrackId
    card: Card
    rows: tuple[dict[str, Value], ...]

    @model_validator(mode="before")
    @classmethod
    def _upgraded(cls, value: Any) -> Any:
        """Older tables in the words of today, without the rows that a study has no more."""
        match value:
            case {"study": str(study), "card": {"version": 1}, "rows": [*rows]} if study in _ONLY:
                kept = [row for row in rows if not isinstance(row, dict) or row.get("what") == _ONLY[study]]
                value = {**value, "card": {**value["card"], "version": 2}, "rows": kept}
            case {"study": "copies", "card": {"version": 2}, "rows": [*rows]}:
                # Augmented copies were compared with images that were not augmented.
                kept = [row for row in rows if not isinstance(row, dict) or row.get("kind") != "augmented"]
                value = {**value, "card": {**value["card"], "version": 3}, "rows": kept}
        match value:
            case {"schema": 1, "rows": [*rows]}:
                value = {**value, "schema": SCHEMA, "rows": [_renamed(row) for row in rows]}
        return value

    @model_validator(mode="after")
    def _known_columns(self) -> Table:
        known = set(find_study(self.study).columns) if self.study in STUDIES else None
        if known is None:
            raise ValueError(f"no study named {self.study!r}")
        for i, row in enumerate(self.rows):
            stray = sorted(set(row) - known)
            if stray or "what" not in row:
                raise ValueError(f"row {i} " + (f"has an unknown column {stray[0]!r}" if stray else "has no `what`"))
        return self

    def to_json(self) -> dict[str, Any]:
        return self.model_dump(mode="json", by_alias=True)

    def of(self, what: str, **fixed: Value) -> Iterator[Row]:
        """The rows of a kind, with these values in these columns."""
        columns = tuple(fixed)
        found = self._indexes.get((what, columns))
        if found is None:
            found = self._indexes[what, columns] = {}
            for row in self.rows:
                if row["what"] == what:
                    found.setdefault(tuple(map(row.get, columns)), []).append(row)
        return iter(found.get(tuple(fixed.values()), ()))

    def seen(self, column: str, what: str | None = None) -> list[Any]:
        """The values of a column in the order in which they first occur, less null."""
        rows = self.rows if what is None else self.of(what)
        return list(dict.fromkeys(row[column] for row in rows if row.get(column) is not None))

    @cached_property
    def _indexes(self) -> dict[tuple[str, tuple[str, ...]], dict[tuple[Value, ...], list[Row]]]:
        """By kind and columns that were asked for: the rows by their values there."""
        return {}

    @property
    def ranked(self) -> set[str]:
        """The generators that a board would rank."""
        return {g.name for g in self.card.generators if not g.baseline}

    def same_as(self, other: Table) -> bool:
        """Whether the two differ in nothing but the time they were made."""
        card = self.card.model_copy(update={"created": other.card.created})
        return self.model_copy(update={"card": card}) == other


def _renamed(row: Any) -> Any:
    """A row of schema 1 in the words of schema 2."""
    if not isinstance(row, dict):
        return row
    renamed = {_COLUMNS.get(column, column): value for column, value in row.items()}
    return {
        column: _WORDS.get(value, value) if column in _WORDED and isinstance(value, str) else value
        for column, value in renamed.items()
    }


@dataclass(frozen=True)
class Cell:
    """What one study says of one metric under one failure.

    Attributes:
        failure: a column of the scorecard, from `scorecard.FAILURES`.
        value: none where it cannot be said, with the reason in `unit`'s place in words.
        lo, hi: the interval, where there is one.
        unit: what the value is, in words.
    """

    metric: str
    failure: str
    value: float | None
    lo: float | None
    hi: float | None
    unit: str
    study: str


def parse_table(value: Any, path: Path) -> Table:
    """The table in a JSON value; `path` is named in the error.

    A table of today's version of its study has today's words for it, whatever they were when it was made.

    Raises:
        BadEntry: `path: field: problem`.
    """
    refuse_newer(value, path, SCHEMA)
    try:
        table = Table.model_validate(value)
    except ValidationError as e:
        raise bad_entry(path, e, "make it again: genboard study") from e
    study = find_study(table.study)
    if table.card.version != study.version:
        return table
    words = {"title": study.title, "question": study.question, "method": study.method}
    return table.model_copy(update={"card": table.card.model_copy(update=words)})


def read_table(path: Path) -> Table:
    """The table in a file.

    Raises:
        BadEntry: it cannot be read, or is no table of a study.
    """
    return parse_table(read_json(path), path)


def number(row: Mapping[str, Value], column: str) -> float:
    """The number in a column, which must be there."""
    value = row[column]
    assert isinstance(value, (int, float))
    return value
