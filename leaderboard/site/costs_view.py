"""What generators cost: columns of a track's table, and quality against cost as a chart."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import log10

from ...registry.metrics import find_metric
from ..board.board import Board, Row
from ..board.costs import Cost, CostPoint, RunCost, cost_front, cost_of, machine, run_cost_of
from ..charts.axis import Axis, axis_for, tick_text
from ..charts.families import family_class
from ..charts.labels import Box, beside, shortened, text_width
from ..text.numbers import Figure, decimals, ends, figure, split, written
from .findings import in_prose, named

UNKNOWN = Figure("—", "", "", "")
LABELS = "labels"
_OF_A_RUN = "Each run has its own machines and its own number of workers: rows are not comparable."
# By key of a column: its title, and what is told of it: what it is, which way is better, when not to trust it.
TOLD = {
    "seconds": (
        "Milliseconds per image",
        "Processor time for one image, on {machine}.",
        "Lower is cheaper.",
        "Other machines, other times: a graphics card may turn the order around. — where it was not measured.",
    ),
    "parameters": (
        "Parameters",
        "Numbers in its weights, running means among them; those of submissions are what the submitter says.",
        "Lower is cheaper.",
        "",
    ),
    "evaluations": (
        "Network evaluations",
        "How often its network sees one image; guidance makes two of a step. — where it has no network, or several.",
        "Lower is cheaper.",
        "Networks differ in size: one evaluation of a large one may cost more than many of a small one.",
    ),
    LABELS: (
        "Needs labels?",
        "Whether it has to be told what to draw: a class, a text, an image.",
        "",
        "With labels it knows the proportions of the classes, which metrics reward.",
    ),
    "device_seconds": (
        "Device seconds of the run",
        "Seconds that devices worked to draw the samples and measure them, by kind of device, over all workers.",
        "",
        _OF_A_RUN,
    ),
    "energy": (
        "Energy of the run",
        "Joules that the run's devices used meanwhile. — where none tells.",
        "",
        f"{_OF_A_RUN} Whatever else ran on them is counted too.",
    ),
    "speed": (
        "Images per second of the run",
        "Samples drawn in a second, over all workers.",
        "",
        _OF_A_RUN,
    ),
    "memory": (
        "Peak memory of the run",
        "The most memory, in MiB, that one process or worker held.",
        "",
        _OF_A_RUN,
    ),
}
_RUN = ("device_seconds", "energy", "speed", "memory")
_NEEDS = {"class": "yes: a class", "text": "yes: a text", "image": "yes: an image"}
_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 760, 330, 64, 150, 10, 44
_FONT, _LINE = 12, 14.0


def cost_keys(board: Board) -> list[str]:
    """The columns that say something of this board."""
    costs = [known for row in board.rows for known in (cost_of(row), run_cost_of(row)) if known is not None]
    return [key for key in TOLD if board.rows and (key == LABELS or any(getattr(c, key, None) for c in costs))]


def cost_figures(row: Row, keys: list[str]) -> list[Figure]:
    cost = cost_of(row)
    return [_figure(row, cost, key) for key in keys]


def _known(cost: Cost, key: str) -> float | None:
    found: float | None = getattr(cost, key)
    return found


def _figure(row: Row, cost: Cost, key: str) -> Figure:
    if key == LABELS:
        generator = row.result.generator
        return UNKNOWN if generator.baseline else Figure(_NEEDS.get(generator.task, "no"), "", "", "")
    if key in _RUN:
        return _of_run(run_cost_of(row), key)
    value = _known(cost, key)
    if value is None:
        return UNKNOWN
    return Figure(*split(milliseconds(value) if key == "seconds" else written(value, 0)), "", "")


def _of_run(cost: RunCost | None, key: str) -> Figure:
    value = None if cost is None else getattr(cost, key)
    if value is None:
        return UNKNOWN
    if key == "device_seconds":
        return Figure(seconds_by_device(value), "", "", "")
    return Figure(*split(written(value, decimals(value, None))), "", "")


def seconds_by_device(seconds: Mapping[str, float]) -> str:
    """
    >>> seconds_by_device({"cpu": 12.34, "NVIDIA H200": 3600.0})
    '12.3 s cpu + 3,600 s NVIDIA H200'
    """
    return " + ".join(f"{written(value, decimals(value, None))} s {kind}" for kind, value in seconds.items())


def milliseconds(seconds: float) -> str:
    """
    >>> milliseconds(4.2e-05), milliseconds(0.13), milliseconds(1.2)
    ('0.042', '130', '1,200')
    """
    return written(1000 * seconds, max(0, 1 - int(f"{1000 * seconds:.1e}".partition("e")[2])))


@dataclass(frozen=True)
class Dot:
    """A point of the chart, in pixels, with the place of its name; none where there is no room for it."""

    name: str
    label: str
    words: str
    colour: str
    side: str
    x: float
    y: float
    at: tuple[float, float] | None


@dataclass(frozen=True)
class CostView:
    """Quality against cost.

    Attributes:
        heading: the finding.
        left_out: ranked rows whose cost is not known.
        across: ticks of the costs, place and text; `up` those of the quality.
        rows: of the table: point, milliseconds, quality, why it is where it is.
    """

    heading: str
    machine: str
    title: str
    left_out: tuple[str, ...]
    size: tuple[int, int, int, int, int, int]
    dots: tuple[Dot, ...]
    across: tuple[tuple[float, str], ...]
    up: tuple[tuple[float, str], ...]
    rows: tuple[tuple[CostPoint, str, Figure, str], ...]


def cost_view(board: Board) -> CostView | None:
    """Nothing where the costs of fewer than two ranked rows are known."""
    points = cost_front(board)
    if len(points) < 2:
        return None
    key, metric = board.track.primary, find_metric(board.columns[0].metric)
    times = [1000 * p.seconds for p in points]
    x = Axis("logarithmic", min(times) / 1.5, max(times) * 1.5)
    values = [ends(p.row.cells[key])[0] for p in points]
    y = axis_for([(v, v, v) for v in values], within=metric.range)
    place_x, place_y = _scale(x, _LEFT, _WIDTH - _RIGHT), _scale(y, _HEIGHT - _BOTTOM, _TOP)
    known = {p.row.name for p in points}
    decades = range(-5, 8)
    return CostView(
        _heading(board, points),
        machine(),
        f"{metric.title} ({board.better} is better)",
        tuple(row.name for row in board.ranked if row.name not in known),
        (_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM),
        _dots(points, key, place_x, place_y),
        tuple((place_x(10.0**e), tick_text(10.0**e)) for e in decades if x.lo <= 10.0**e <= x.hi) or _ends(x, place_x),
        tuple((place_y(tick), tick_text(tick)) for tick in y.ticks()),
        tuple((p, milliseconds(p.seconds), figure(p.row.cells[key]), _why(p)) for p in points),
    )


def _ends(axis: Axis, place: Callable[[float], float]) -> tuple[tuple[float, str], ...]:
    ticks = (round(axis.lo * 1.5, 1 - int(log10(axis.lo))), round(axis.hi / 1.5, 1 - int(log10(axis.hi))))
    return tuple((place(tick), tick_text(tick)) for tick in ticks)


def _heading(board: Board, points: list[CostPoint]) -> str:
    on = [p.row.name for p in points if p.side == "on"]
    if not on:
        return "No generator is significantly better than all that are as fast or faster"
    verb = "is" if len(on) == 1 else "are each"
    return f"{named(board, on)} {verb} significantly better than all that are as fast or faster"


def _why(p: CostPoint) -> str:
    if p.beaten_by:
        verb = "is" if len(p.beaten_by) == 1 else "are"
        return f"{in_prose(p.beaten_by)} {verb} as fast and significantly better"
    if p.rivals:
        return f"as fast and not significantly worse: {in_prose(p.rivals)}"
    return "all that are as fast are significantly worse"


def _scale(axis: Axis, start: float, end: float) -> Callable[[float], float]:
    return lambda value: round(start + (end - start) * axis.at(value), 1)


def _dots(
    points: list[CostPoint], key: str, place_x: Callable[[float], float], place_y: Callable[[float], float]
) -> tuple[Dot, ...]:
    """The points, those that are off the front without a name."""
    at = [(place_x(1000 * p.seconds), place_y(ends(p.row.cells[key])[0])) for p in points]
    marks = [Box(x - 6, x + 6, y - 6, y + 6) for x, y in at]
    choices = [[] if p.side == "off" else _choices(p.row.name, *place) for p, place in zip(points, at, strict=True)]
    dots = []
    for p, (x, y), box in zip(points, at, beside(choices, marks), strict=True):
        generator = p.row.result.generator
        words = f"{p.row.name}: {milliseconds(p.seconds)} ms an image, {figure(p.row.cells[key]).text}"
        colour = family_class(generator.family, generator.baseline)
        where = (box.left, box.middle) if box else None
        dots.append(Dot(p.row.name, shortened(p.row.name, 24), words, colour, p.side, x, y, where))
    return tuple(dots)


def _choices(name: str, x: float, y: float) -> list[Box]:
    width = text_width(shortened(name, 24), _FONT)
    lefts = [left for left in (x + 9, x - 9 - width) if left > _LEFT]
    return [
        Box(left, left + width, y + k * 7 - _LINE / 2, y + k * 7 + _LINE / 2)
        for k in sorted(range(-3, 4), key=abs)
        for left in lefts
    ]
