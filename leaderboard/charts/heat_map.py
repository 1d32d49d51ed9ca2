"""Heat maps whose cells say their number: the shade is a help, nothing is told by it alone.

Zero has the colour of the paper, and what is above and below it a hue each, of which that above becomes the darker one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, radians, sin
from typing import Any

from .labels import text_width
from .theme import LINE, TITLE_AT, Datasets, Figure, arranged, held

CELL_WIDTH, CELL_HEIGHT = 40, 22  # the least width: longer numbers get more
NUMBER_FONT = 11.5


@dataclass(frozen=True)
class Heat:
    """A map: rows from top to bottom, columns from left to right.

    Attributes:
        row_title: what the rows are, for who is read to; their labels say it themselves.
        cells: by (row, column); one that is missing stays empty.
        deepest: the size from which a value has the deepest shade; by default that of the largest.
        angle: of the columns' labels, where they are longer than a cell is wide; only the last row of maps may have it.
    """

    title: str
    row_title: str
    column_title: str
    rows: Sequence[str]
    columns: Sequence[str]
    cells: dict[tuple[str, str], float]
    deepest: float | None = None
    format: str = ".2f"
    angle: int = 0

    def text(self, place: tuple[str, str]) -> str:
        """The number in a cell: the same for the eye and for the ear."""
        return f"{self.cells[place]:z{self.format}}".replace("-", "−")

    @property
    def cell_width(self) -> int:
        """Room for the longest number, and for the columns' labels where they stand upright."""
        numbers = [text_width(self.text(place), NUMBER_FONT) for place in self.cells]
        labels = [0.0] if self.angle else [text_width(name) for name in self.columns]
        return ceil(max(CELL_WIDTH, *(wide + 8 for wide in [*numbers, *labels])))

    @property
    def title_lines(self) -> list[str]:
        """Two where one would be wider than the map: what is drawn, and what the numbers are."""
        head, colon, rest = self.title.partition(": ")
        return [head + ":", rest] if colon and text_width(self.title) > self.size[0] else [self.title]

    @property
    def size(self) -> tuple[int, int]:
        return self.cell_width * len(self.columns), CELL_HEIGHT * len(self.rows)


def shade(value: float, deepest: float) -> str:
    """The colour of a cell.

    >>> shade(5.0, 10.0), shade(-20.0, 10.0), shade(0.0, 10.0)
    ('color-mix(in srgb,var(--above) 50%,var(--paper))', 'var(--below)', 'var(--paper)')
    """
    share = round(100 * min(1.0, abs(value) / deepest)) if deepest else 0
    end = "var(--above)" if value > 0 else "var(--below)"
    return {0: "var(--paper)", 100: end}.get(share, f"color-mix(in srgb,{end} {share}%,var(--paper))")


def heats(maps: Sequence[Heat]) -> Figure:
    """The maps one after the other, and the ends of each row in words; nothing without maps."""
    import altair as alt

    drawn = [one for one in maps if one.cells]
    if not drawn:
        return Figure()
    data: Datasets = {}
    charts = [_map(one, alt, data) for one in drawn]
    room = 14 + max(text_width(name) for one in drawn for name in one.rows)
    titles = [TITLE_AT + text_width(line) - room - one.size[0] for one in drawn for line in one.title_lines]
    beyond = max(0.0, *titles)
    over = LINE * (max(len(one.title_lines) for one in drawn) - 1)
    padding = {"left": room, "right": 6.0 + beyond, "top": 34.0 + over, "bottom": 48.0 + _below(drawn)}
    drawing = arranged(charts, [one.size for one in drawn], padding, data, [one.title_lines for one in drawn])
    return Figure(drawing, f"{'; '.join(map(_words, drawn))}.")


def _words(one: Heat) -> str:
    """The first and the last cell of each row; every cell where the columns have no order, and no title."""
    said = []
    for row in one.rows:
        own = {c: one.text((row, c)) for c in one.columns if (row, c) in one.cells}
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
    deepest = one.deepest or max(map(abs, one.cells.values()))
    down_, across_ = (f"{one.row_title} " if one.row_title else ""), f", {one.column_title}".rstrip(" ")
    rows = [
        {
            "row": row,
            "column": column,
            "text": one.text((row, column)),
            "shade": shade(value, deepest),
            "words": f"{one.title}: {down_}{row}{across_} {column}: {one.text((row, column))}",
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
        base.mark_rect(stroke="var(--line)", strokeWidth=1).encode(
            x=across,
            y=down,
            color=alt.Color("shade:N", scale=None, legend=None),
            description=alt.Description("words:N"),
        ),
        base.mark_text(fontSize=NUMBER_FONT, color="var(--ink)", aria=False).encode(x=across, y=down, text="text:N"),
    ]
    wide, high = one.size
    return alt.layer(*layers).properties(width=wide, height=high)
