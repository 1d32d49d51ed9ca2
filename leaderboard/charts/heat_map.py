"""Heat maps whose cells say their number: the shade is a help, nothing is told by it alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import radians, sin
from typing import Any

from .labels import text_width
from .theme import Datasets, Figure, arranged, held, title

CELL_WIDTH, CELL_HEIGHT = 48, 22
PALE, DEEP = 0.05, 0.42  # opacity of the shade: the page's ink stays legible on it, light and dark
GAP = 40  # pixels between two maps, beside what their labels take


@dataclass(frozen=True)
class Heat:
    """A map: rows from top to bottom, columns from left to right.

    Attributes:
        row_title: what the rows are, for who is read to; their labels say it themselves.
        cells: by (row, column); one that is missing stays empty.
        span: the values of the palest and of the deepest shade; by default the least and the largest.
        angle: of the columns' labels, where they are longer than a cell is wide; only the last row of maps may have it.
    """

    title: str
    row_title: str
    column_title: str
    rows: Sequence[str]
    columns: Sequence[str]
    cells: dict[tuple[str, str], float]
    span: tuple[float, float] | None = None
    format: str = ".2f"
    angle: int = 0


def heats(maps: Sequence[Heat], columns: int = 2) -> Figure:
    """The maps side by side, and the ends of each row in words; nothing without maps."""
    import altair as alt

    drawn = [one for one in maps if one.cells]
    if not drawn:
        return Figure()
    data: Datasets = {}
    charts = [_map(one, alt, data) for one in drawn]
    room = 34 + max(text_width(name) for one in drawn for name in one.rows)
    sizes = [(CELL_WIDTH * len(one.columns), CELL_HEIGHT * len(one.rows)) for one in drawn]
    beyond = max(0.0, *(text_width(one.title) - wide for one, (wide, _) in zip(drawn, sizes, strict=True)))
    padding = {"left": room, "right": 24.0 + beyond, "top": 34.0, "bottom": 48.0 + _below(drawn)}
    drawing = arranged(charts, sizes, columns, (GAP + max(room, beyond), 90), padding, data)
    return Figure(drawing, f"{'; '.join(map(_words, drawn))}.")


def _words(one: Heat) -> str:
    """The first and the last cell of each row; every cell where the columns have no order, and no title."""
    said = []
    for row in one.rows:
        own = {c: f"{one.cells[row, c]:z{one.format}}" for c in one.columns if (row, c) in one.cells}
        if own and one.column_title:
            said.append(f"{row} {' to '.join(dict.fromkeys([*own.values()][:: max(1, len(own) - 1)]))}")
        elif own:
            said.append(f"{row}: {', '.join(f'{column} {value}' for column, value in own.items())}")
    if not one.column_title:
        return f"{one.title}: {'; '.join(said)}"
    ends = " to ".join(dict.fromkeys([one.columns[0], one.columns[-1]]))
    return f"{one.title}, {one.column_title} {ends}: {', '.join(said)}"


def _below(maps: Sequence[Heat]) -> float:
    """What slanted labels take below the maps."""
    slanted = [text_width(name) * sin(radians(-one.angle)) for one in maps for name in one.columns if one.angle]
    return max(slanted, default=0.0)


def _map(one: Heat, alt: Any, data: Datasets) -> Any:
    lo, hi = one.span or (min(one.cells.values()), max(one.cells.values()))
    rows = [
        {
            "row": row,
            "column": column,
            "text": f"{value:z{one.format}}".replace("-", "−"),
            "shade": PALE + (DEEP - PALE) * min(1.0, max(0.0, (value - lo) / (hi - lo) if hi > lo else 1.0)),
            "words": f"{one.title}: {one.row_title} {row}, {one.column_title} {column}: {value:{one.format}}",
        }
        for (row, column), value in one.cells.items()
    ]
    plain = {"ticks": False, "domain": False, "grid": False, "labelLimit": 0}
    across = alt.X(
        "column:N",
        sort=list(one.columns),
        title=one.column_title,
        axis=alt.Axis(**plain, labelAngle=one.angle, labelOverlap=False),
        scale=alt.Scale(domain=list(one.columns)),
    )
    down = alt.Y(
        "row:N",
        sort=list(one.rows),
        title=None,
        axis=alt.Axis(**plain, labelPadding=8),
        scale=alt.Scale(domain=list(one.rows)),
    )
    base = held(rows, data)
    layers = [
        base.mark_rect(color="var(--accent)", stroke="var(--paper)", strokeWidth=1).encode(
            x=across,
            y=down,
            opacity=alt.Opacity("shade:Q", scale=None, legend=None),
            description=alt.Description("words:N"),
        ),
        base.mark_text(fontSize=11.5, color="var(--ink)", aria=False).encode(x=across, y=down, text="text:N"),
    ]
    size = {"width": CELL_WIDTH * len(one.columns), "height": CELL_HEIGHT * len(one.rows)}
    return alt.layer(*layers).properties(**size, title=title(one.title))
