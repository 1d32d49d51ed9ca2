"""The picture of a board that stands for it where its page is linked to: finding, leading samples and intervals.

Texts and intervals are an SVG in the one font that the renderer brings along, so that they are the same on any machine;
the samples are laid into it pixel by pixel.
"""

from __future__ import annotations

import io
import textwrap
from collections.abc import Mapping

from PIL import Image

from ...benchmarks.result import PreviewRecord
from ...registry.metrics import find_metric
from ..board.board import Board, Row
from ..charts.axis import Axis, axis_for, possible
from ..charts.families import family_class
from ..charts.interval import drawn, place
from ..charts.labels import shortened
from ..text.numbers import ends, figure
from .content import Content
from .findings import heading, rank_text
from .html import text
from .sheets import SOFT, Picture, Sheet, stem

SIZE = (1200, 630)
LEADERS = 3  # rows of samples
SAMPLES = 7  # of a leader
TILE, GAP = 72, 6  # pixels of a sample as it is laid in, and between two
LEFT, TOP, STEP = 60, 300, 84  # pixels: where the rows of samples begin, and from one to the next
AXIS = (920, 1140)  # pixels between which intervals are drawn
LINES = ((30, 56), (36, 48), (46, 38))  # letters that a line of the finding holds, and the size that they have then
MOST_LINES = 3
NAME = ((16, 27), (21, 22))  # the same of a name; what is longer is cut


def card_files(site: Content) -> dict[str, bytes]:
    """The card of every board with a ranking, by path."""
    return {card_path(name): card(board, site.sheets) for name, board in site.boards.items() if board.ranked}


def card_path(page: str) -> str:
    return f"cards/{page}.png"


def card(board: Board, sheets: Mapping[str, Sheet]) -> bytes:
    """A PNG of 1200 x 630 pixels."""
    import vl_convert  # it takes a second to load

    leaders = board.ranked[:LEADERS]
    drawing = text("card.svg", _values(board, leaders)).decode()
    image = Image.open(io.BytesIO(vl_convert.svg_to_png(drawing))).convert("RGB")
    for i, row in enumerate(leaders):
        strip, layout = sheets[stem(row.record)].strip, row.result.preview
        if strip and layout:
            samples = _laid(strip, layout)
            image.paste(samples, (LEFT, TOP + i * STEP), samples)
    buffer = io.BytesIO()
    image.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def _values(board: Board, leaders: tuple[Row, ...]) -> dict[str, object]:
    key, metric = board.track.primary, find_metric(board.columns[0].metric)
    floor = [ends(board.floor.cells[key])[0]] if board.floor else []
    axis = axis_for([possible(ends(row.cells[key]), metric.range) for row in leaders], floor, metric.range)
    lines, size = _broken(heading(board))
    return {
        "size": SIZE,
        "title": shortened(board.track.title, 60),
        "lines": lines,
        "letters": size,
        "rows": [_row(row, key, axis, metric.range, TOP + i * STEP) for i, row in enumerate(leaders)],
        "left": LEFT + SAMPLES * (TILE + GAP) + 14,
        "real": _pixel(place(axis, floor[0])) if floor else None,
        "top": TOP,
        "bottom": TOP + len(leaders) * STEP - (STEP - TILE),
        "axis": AXIS,
        "foot": f"{metric.title}, {board.better} is better · {board.track.samples:,} samples each · "
        f"{len(board.ranked)} ranked",
    }


def _row(row: Row, key: str, axis: Axis, within: tuple[float, float], top: int) -> dict[str, object]:
    record, generator = row.cells[key], row.result.generator
    shown, at = figure(record), drawn(axis, possible(ends(record), within))
    value, lo, hi = (_pixel(x) for x in at.at)
    return {
        "name": shortened(row.name, NAME[-1][0]),
        "letters": next(size for most, size in NAME if len(row.name) <= most or (most, size) == NAME[-1]),
        "said": " · ".join(filter(None, (f"rank {rank_text(row.place)}", f"{shown.text} {shown.margin}".strip()))),
        "flag": row.copying.flag,
        "family": family_class(generator.family, generator.baseline),
        "middle": top + TILE // 2,
        "value": None if "out" in at.kind else value,
        "lo": lo,
        "hi": max(hi, lo + 3),
    }


def _pixel(share: float) -> float:
    return round(AXIS[0] + (AXIS[1] - AXIS[0]) * share / 100, 1)


def _broken(words: str) -> tuple[list[str], int]:
    """The finding in lines, in the largest letters that fit, and their size; what fits in none is cut."""
    for most, size in LINES:
        lines = textwrap.wrap(words, most, break_on_hyphens=False)
        if len(lines) <= MOST_LINES:
            return lines, size
    return [*lines[: MOST_LINES - 1], shortened(lines[MOST_LINES - 1] + "…", most)], size


def _laid(strip: Picture, layout: PreviewRecord) -> Image.Image:
    """The first samples of a strip side by side, enlarged: small ones pixel by pixel."""
    image = Image.open(io.BytesIO(strip.data)).convert("RGBA")
    (height, width), step = layout.tile, layout.tile[1] + layout.gap
    scale = min(TILE / height, TILE / width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    how = Image.Resampling.NEAREST if height < SOFT else Image.Resampling.LANCZOS
    count = min(SAMPLES, layout.tiles, layout.columns)
    made = Image.new("RGBA", (SAMPLES * (TILE + GAP) - GAP, TILE))
    for i in range(count):
        tile = image.crop((i * step, 0, i * step + width, height)).resize(size, how)
        made.paste(tile, (i * (TILE + GAP), 0))
    return made
