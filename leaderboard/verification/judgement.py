"""What another judge says of a result's images, such as GenEval: a share by tag, from its records of single images.

It is what whoever adds it says: shown with its source, never measured here, and never ranked.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import isclose, isfinite, sqrt
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError, model_validator

from ...benchmarks.uncertainty import wilson
from ...core.errors import BadEntry
from ...core.files import read_bytes, sha256
from ...core.serialization import parse_json
from ...core.validation import bad_entry
from ...registry.fields import Name
from ...registry.schema import Sha256, Strict
from ..text.words import LONG, SHORT, shown

LARGEST = 64 * 2**20  # bytes of records
MOST = 200  # tags: a table of more is none
_CLOSE = 1e-9
_FORM = 'give a line for each image: {"tag": "colors", "correct": true}'

Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


class TagShare(Strict):
    """The share of the images of one tag that the judge calls right, or the mean of its marks from 0 to 1."""

    name: Annotated[str, shown(SHORT)]
    value: Share
    n: int = Field(ge=1)

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's, at 95%; marks between 0 and 1 vary no more than answers of yes and no."""
        found = wilson(self.value * self.n, self.n)
        return found.lo, found.hi


class Judgement(Strict):
    """What a judge says of the images of one result.

    Attributes:
        source: the judge's program or paper, and its version.
        records: SHA-256 of the file of records.
        value: mean of the tags' shares, as GenEval (arXiv:2310.11513) takes it: every tag counts alike.
    """

    judge: Name
    source: Annotated[str, shown(LONG)]
    records: Sha256
    value: Share
    parts: tuple[TagShare, ...] = Field(min_length=1, max_length=MOST)

    @model_validator(mode="after")
    def _adds_up(self) -> Judgement:
        names = [part.name for part in self.parts]
        if len(set(names)) < len(names):
            raise ValueError("a tag is there twice")
        mean = sum(part.value for part in self.parts) / len(self.parts)
        if not isclose(self.value, mean, abs_tol=_CLOSE):
            raise ValueError(f"value {self.value:g}, the mean of its parts is {mean:g}")
        return self

    @property
    def n(self) -> int:
        """How many images were judged."""
        return sum(part.n for part in self.parts)

    @property
    def interval(self) -> tuple[float, float]:
        """Of the mean over the tags, at 95%: their intervals joined by the method of `benchmarks/difference.py`."""
        low = sqrt(sum((part.value - part.interval[0]) ** 2 for part in self.parts))
        high = sqrt(sum((part.interval[1] - part.value) ** 2 for part in self.parts))
        return self.value - low / len(self.parts), self.value + high / len(self.parts)


def read_judgement(path: Path, judge: str, source: str) -> Judgement:
    """The judgement in a file of records, as GenEval writes them: JSON lines with `tag` and `correct`.

    Args:
        judge: what tables call it.

    Raises:
        BadEntry: `path: line: problem`, or words that may not be shown.
    """
    if not path.is_file():
        raise BadEntry(path, "", "no such file", "name the file that the judge wrote")
    if (size := path.stat().st_size) > LARGEST:
        raise BadEntry(path, "", f"{size:,} bytes, {LARGEST:,} are allowed", "give the records of this result alone")
    data = read_bytes(path)
    marks: dict[str, list[float]] = {}
    for number, line in enumerate(data.splitlines(), 1):
        if line.strip():
            tag, mark = _record(path, number, line)
            marks.setdefault(tag, []).append(mark)
    if not marks:
        raise BadEntry(path, "", "it holds no records", _FORM)
    parts = [{"name": tag, "value": sum(own) / len(own), "n": len(own)} for tag, own in sorted(marks.items())]
    value = sum(sum(own) / len(own) for _, own in sorted(marks.items())) / len(marks)
    given = {"judge": judge, "source": source, "records": sha256(data), "value": value, "parts": parts}
    try:
        return Judgement.model_validate(given)
    except ValidationError as e:
        raise bad_entry(path, e, "say it in one plain line") from e


def _record(path: Path, number: int, line: bytes) -> tuple[str, float]:
    where = f"line {number}"
    try:
        value: Any = parse_json(line, path)
    except BadEntry as e:
        raise BadEntry(path, where, "not JSON", _FORM) from e
    if not isinstance(value, Mapping) or not {"tag", "correct"} <= set(value):
        raise BadEntry(path, where, "it needs `tag` and `correct`", _FORM)
    tag, mark = value["tag"], value["correct"]
    if not isinstance(tag, str):
        raise BadEntry(path, where, f"tag = {tag!r} is no text", _FORM)
    if not isinstance(mark, bool | int | float) or not isfinite(mark) or not 0 <= mark <= 1:
        raise BadEntry(path, where, f"correct = {mark!r} is neither true, false nor a number from 0 to 1", _FORM)
    return tag, float(mark)
