"""The reference of the registry's fields: every field of every kind is in it, with its type and what it means."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from typing import Literal

import pytest
from genboard.leaderboard.maintenance.docs import ROOT, filled
from genboard.leaderboard.maintenance.field_docs import described, tables
from genboard.registry.catalog import KINDS, entries
from genboard.registry.metrics import Metric
from genboard.registry.schema import Strict

ROW = re.compile(r"^\| `(\w+)` \| ([^|]+) \| ([^|]*) \| ([^|]*) \|$", re.MULTILINE)
PAGE = (ROOT / "docs" / "entries.md").read_text("utf-8")


@pytest.mark.parametrize("kind", KINDS)
def test_every_field_has_a_type_and_a_meaning(kind: str) -> None:
    rows = ROW.findall(tables(kind))
    assert rows
    for name, words, _, meaning in rows:
        assert meaning.strip(), name
        assert not re.search(r"\bstr\b|\bint\b|\bNone\b|Literal|tuple|dict|Mapping", words), (name, words)
    own = {name for name, *_ in ROW.findall(tables(kind).split("\n\n")[0])}
    entry = next(iter(entries(kind).values()))
    known = {f.name for f in fields(entry)} if isinstance(entry, Metric) else set(type(entry).model_fields)
    assert own == known


@pytest.mark.parametrize("kind", KINDS)
def test_the_page_has_every_kind(kind: str) -> None:
    assert f"<!-- generated: fields {kind} -->" in PAGE
    assert filled(PAGE) == PAGE, "out of date: make docs"


def test_the_kinds_of_sources_are_told_apart() -> None:
    found = re.findall(r"^`source` of kind `([a-z-]+)`: ", tables("generators"), re.MULTILINE)
    assert found == ["built-in", "torch-weights", "exported", "onnx", "diffusers", "samples", "python"]


class Model(Strict):
    """A model."""

    # Above,
    # in two lines.
    a: int
    b: tuple[str, ...] = ()  # beside
    c: Literal["x", "y"] | None = None  # "<z>"


@dataclass
class Data:
    """A dataclass.

    Attributes:
        a: in the docstring,
            in two lines.
    """

    a: float = 0.5


def test_types_defaults_and_meanings_are_those_of_the_source() -> None:
    assert described(Model) == {
        "a": ("whole number", "needed", "Above, in two lines"),
        "b": ("list of text", "", "beside"),
        "c": ('"x" or "y"', "", r'"\<z>"'),
    }
    assert described(Data) == {"a": ("number", "`0.5`", "in the docstring, in two lines")}
