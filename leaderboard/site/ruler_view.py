"""The ruler of a track's page: real images made worse, at their values, and the models at theirs, on one axis."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ...benchmarks.studies.evaluator import metric_of
from ...benchmarks.studies.ladders import UNALTERED
from ...benchmarks.studies.rungs import AMOUNTS, Rung, exactly, ladders_of, layout_of, phrase, written_strength
from ...benchmarks.studies.table import Table
from ..board.board import Board, Row
from ..charts.axis import Axis
from ..charts.families import family_class
from ..charts.labels import spread
from ..storage.study_sheets import Sheet
from ..storage.study_tables import place_of as path_of
from ..text.numbers import decimals, ends, figure, written
from .columns import reading
from .content import Content
from .interval_columns import column_axis
from .ruler_words import cell, finding, places
from .sheets import SOFT, Picture
from .study_findings import UNREAD, data_path

HEIGHT, EDGE = 600, 16  # pixels of the ruler, and of it beyond the axis at either end
NAME, NAMES = 19, 12  # pixels between two names, and how many there are; the others are ticks
STEP, STEPS = 50, 7  # pixels between two strips, and the most of a ladder between its first and its last
FEWER = 4  # the same of a metric that is shown when it is chosen
TICK = 3  # pixels within which two ticks are one
STRIP = 236  # pixels, the width of a strip
_PROPER = ("Fréchet", "Vendi", "CMMD")  # words that keep their capital within a sentence
_UNITS = {"blur": " pixels", "noise": "", "classes": " missing", "replaced": ""}
_OF = {"noise": " of the range", "replaced": " of the images"}

Where = Callable[[float], int]  # from a value to its place from the top


@dataclass(frozen=True)
class Mark:
    """A model at its value.

    Attributes:
        y: where its value is, in pixels from the top.
        at: where its name stands.
        leads: whether it leads the board.
    """

    name: str
    page: str
    text: str
    margin: str
    colour: str
    y: int
    at: int
    leads: bool


@dataclass(frozen=True)
class Strip:
    """A step of a ladder at its value."""

    picture: Picture
    row: int
    words: str
    alt: str
    text: str
    margin: str
    y: int
    at: int


@dataclass(frozen=True)
class Ladder:
    title: str
    reach: str
    strips: tuple[Strip, ...]

    @property
    def leaders(self) -> str:
        """Lines from values, at the left, to the strips."""
        return "".join(f"M0 {strip.y}H5L16 {strip.at}" for strip in self.strips)


@dataclass(frozen=True)
class Scale:
    """The ruler of one metric.

    Attributes:
        ticks: of the axis: place and number.
        floor: from where to where the interval of the noise floor goes, if there is one.
        named: the models that have names, and the noise floor, in the order of their places.
        unnamed: the number of the others, and `rest` where they are, less what is too close to be told apart.
    """

    key: str
    title: str
    meaning: str
    kind: str
    ticks: tuple[tuple[int, str], ...]
    floor: tuple[int, int] | None
    named: tuple[Mark, ...]
    unnamed: int
    rest: tuple[int, ...]
    ladders: tuple[Ladder, ...]

    @property
    def height(self) -> int:
        return HEIGHT

    @property
    def leaders(self) -> str:
        return "".join(f"M0 {mark.at}L11 {mark.y}H20" for mark in self.named)

    @property
    def lead(self) -> int:
        """Where the value of the leader is."""
        return next(mark.y for mark in self.named if mark.leads)


@dataclass(frozen=True)
class Ruler:
    """All that a page shows of it; the first scale is that of the metric that the track ranks by."""

    heading: str
    finding: str
    scales: tuple[Scale, ...]
    heads: tuple[str, ...]
    rows: tuple[tuple[str, tuple[str, ...]], ...]
    n: int
    filled: bool
    csv: str


def ruler_of(site: Content, board: Board) -> Ruler | None:
    """The ruler of a board, where the study was made of its track and samples of its size."""
    tables = (
        t for t in site.studies.tables.values() if t.study == "ruler" and path_of(t).parent.name == board.track.id
    )
    table = next(tables, None)
    sheet = site.studies.sheets.get((board.track.id, "ruler"))
    if table is None or sheet is None or not board.ranked or table.card.primary != board.track.primary:
        return None
    try:
        return _ruler(board, table, sheet)
    except UNREAD:
        return None


def ruler_pictures(site: Content) -> dict[str, bytes]:
    """The strips that pages show, by path."""
    found: dict[str, bytes] = {}
    for board in site.pages.values():
        if ruler := ruler_of(site, board):
            sheet = site.studies.sheets[board.track.id, "ruler"]
            shown = (strip for scale in ruler.scales for ladder in scale.ladders for strip in ladder.strips)
            rows = {strip.picture.path: strip.row for strip in shown}
            found |= {path: sheet.strip(row) for path, row in rows.items()}
    return found


def _ruler(board: Board, table: Table, sheet: Sheet) -> Ruler | None:
    key, n = board.track.primary, layout_of(table)["n"]
    if n != board.track.samples:
        return None
    keys = [key, *(other for other in table.seen("metric", "value") if other != key)]
    scales = tuple(
        scale for one in keys if one in board.ranked[0].cells and (scale := _scale(board, table, sheet, one))
    )
    ladders = ladders_of(table, key)
    if not scales or scales[0].key != key or not ladders:
        return None
    names = [mark.name for mark in scales[0].named]
    rows = [row for row in board.ranked if row.name in names]
    leader = figure(board.ranked[0].cells[key])
    return Ruler(
        heading=f"What does {_with_article(metric_of(key).title)} of {leader.text} look like?",
        finding=finding(board, table, ladders),
        scales=scales,
        heads=tuple(AMOUNTS[name].title for name in ladders),
        rows=tuple((row.name, _equivalents(table, row, key)) for row in rows),
        n=n,
        filled=any(row["filled"] for row in table.of("step")),
        csv=data_path(table),
    )


def _equivalents(table: Table, row: Row, key: str) -> tuple[str, ...]:
    where = places(ladders_of(table, key), row, key)
    return tuple(cell(table, name, place) for name, place in where.items())


def _scale(board: Board, table: Table, sheet: Sheet, key: str) -> Scale | None:
    metric, axis = metric_of(key), column_axis(board, key)
    most = STEPS if key == board.track.primary else FEWER

    def y(value: float) -> int:
        share = axis.at(value)
        return round(EDGE + (HEIGHT - 2 * EDGE) * (share if metric.better == "lower" else 1 - share))

    ladders = ladders_of(table, key)
    if not ladders:
        return None
    named, rest = _marks(board, key, y)
    band = tuple(sorted(map(y, ends(board.floor.cells[key])[1:]))) if board.floor and key in board.floor.cells else None
    return Scale(
        key=key,
        title=metric.title,
        meaning=reading(metric.better, metric.target)[1],
        kind=axis.kind,
        ticks=tuple((y(x), f"{x:,g}".replace("-", "−")) for x in axis.ticks()),
        floor=(band[0], band[1]) if band else None,
        named=named,
        unnamed=len(rest),
        rest=tuple({place - place % TICK: place for place in rest}.values()),
        ladders=tuple(
            _ladder(table, sheet, name, _shown(rungs, axis, y, most), rungs[-1], y) for name, rungs in ladders.items()
        ),
    )


def _marks(board: Board, key: str, y: Where) -> tuple[tuple[Mark, ...], tuple[int, ...]]:
    """The noise floor and the models that have names: of many, those evenly over the values, and the leader."""

    def place(row: Row) -> int:
        return y(ends(row.cells[key])[0])

    models = sorted((row for row in board.ranked if key in row.cells), key=place)
    floor = [board.floor] if board.floor and key in board.floor.cells else []
    room, last = NAMES - len(floor), len(models) - 1
    chosen = {round(i * last / (room - 1)) for i in range(room)} if last >= room else set(range(last + 1))
    leader = models.index(board.ranked[0])
    if leader not in chosen:
        inner = chosen - {0, last}
        chosen = chosen - {min(inner, key=lambda i: abs(i - leader))} | {leader}
    named = sorted([*floor, *(models[i] for i in chosen)], key=place)
    at = spread([place(row) for row in named], NAME, (NAME / 2, HEIGHT - NAME / 2))
    marks = tuple(_mark(board, row, key, place(row), where) for row, where in zip(named, at, strict=True))
    return marks, tuple(place(row) for i, row in enumerate(models) if i not in chosen)


def _mark(board: Board, row: Row, key: str, y: int, at: float) -> Mark:
    generator, shown = row.result.generator, figure(row.cells[key])
    return Mark(
        name="real images" if row is board.floor else row.name,
        page=row.name,
        text=shown.text,
        margin=shown.margin,
        colour=family_class(generator.family, generator.baseline),
        y=y,
        at=round(at),
        leads=row is board.ranked[0],
    )


def _ladder(table: Table, sheet: Sheet, name: str, shown: Sequence[Rung], last: Rung, y: Where) -> Ladder:
    at = spread([y(rung.value) for rung in shown], STEP, (STEP / 3, HEIGHT - 2 * STEP / 3))
    rows = {(row["ladder"], row["severity"]): row for row in table.of("step")}
    strips = []
    for rung, place in zip(shown, at, strict=True):
        row = rows[rung.ladder, rung.severity]
        strength = exactly(rung.strength)
        same = rung.ladder == UNALTERED
        missing = f": {row['missing']}" if row["missing"] and name == "classes" else ""
        digits = decimals(rung.value, rung.se)
        margin = "" if rung.lo is None or rung.hi is None else f"±{written((rung.hi - rung.lo) / 2, digits)}"
        strips.append(
            Strip(
                picture=_picture(table, sheet, row["strip"]),
                row=row["strip"],
                words="unaltered" if same else written_strength(table, name, rung.strength) + _UNITS[name],
                alt="Real images" if same else f"Real images {phrase(table, name, strength)}{missing}",
                text=written(rung.value, digits),
                margin=margin,
                y=y(rung.value),
                at=round(place),
            )
        )
    reach = f"up to {written_strength(table, name, last.strength)}{_UNITS[name]}{_OF.get(name, '')}"
    return Ladder(AMOUNTS[name].title, reach, tuple(strips))


def _shown(rungs: Sequence[Rung], axis: Axis, y: Where, most: int) -> list[Rung]:
    """Of the steps on the axis the unaltered images, the last, and those evenly between; from the top down."""
    inside = [rung for rung in rungs if axis.lo <= rung.value <= axis.hi] or [rungs[0]]
    places = [y(rung.value) for rung in inside]
    top, bottom = min(places), max(places)
    count = min(most, int((bottom - top) / STEP) + 1)
    wanted = [top + (bottom - top) * i / max(1, count - 1) for i in range(count)]
    chosen = {0, len(inside) - 1} if len(places) > 1 else {0}
    for sought in wanted:
        nearest = min(range(len(inside)), key=lambda i: abs(places[i] - sought))
        if all(abs(places[nearest] - places[i]) >= STEP / 2 for i in chosen):
            chosen.add(nearest)
    return sorted((inside[i] for i in chosen), key=lambda rung: (y(rung.value), rung.severity))


def _picture(table: Table, sheet: Sheet, row: int) -> Picture:
    height, at = sheet.tile[0], path_of(table).parent.name
    return Picture(f"rulers/{at}-{row}.png", b"", STRIP, round(STRIP * height / sheet.width), height < SOFT)


def _with_article(title: str) -> str:
    """
    >>> _with_article("Fréchet distance"), _with_article("Inception score")
    ('a Fréchet distance', 'an inception score')
    """
    name = title if title.split()[0] in _PROPER else title[:1].lower() + title[1:]
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"
