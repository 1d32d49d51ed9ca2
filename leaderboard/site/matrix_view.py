"""What metrics see, as a matrix: metrics down, spoilt images across, in each cell a word with its number on demand."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from PIL import Image, UnidentifiedImageError

from ...benchmarks.studies.fault_pictures import PLAIN
from ...benchmarks.studies.faults import FAULTS, RULES, Fault, FaultResponse, Word, fault_responses, word_of
from ...benchmarks.studies.listing import STUDIES
from ...benchmarks.studies.table import Table
from ...registry.metrics import METRICS
from ..text.numbers import decimals, written
from .sheets import Picture

MAIN = ("fd", "kid", "is", "precision", "recall", "coverage", "nn_ratio", "authenticity")
LARGE = 56  # pixels at which a picture is shown, about
TWO_SIDED = 1.96  # standard errors on each side of a 95% interval

Pictures = Mapping[str, bytes]  # PNG by the name of a fault


@dataclass(frozen=True)
class MatrixHead:
    """The head of a column: a fault, and real images with it."""

    fault: Fault
    picture: Picture | None


@dataclass(frozen=True)
class MatrixCell:
    """What a metric does with a fault.

    Attributes:
        look: what the word looks like, as a class of the style sheet.
        text: the number with its interval, what it is, and the study's own word, in sentences.
    """

    word: Word
    look: str
    text: str
    study: str
    study_title: str


@dataclass(frozen=True)
class MatrixRow:
    metric: str
    title: str
    cells: tuple[MatrixCell | None, ...]


@dataclass(frozen=True)
class MatrixView:
    """The matrix of a track.

    Attributes:
        at: what names it in an address.
        plain: real images as they are.
        rules: the words that occur, and when each is said.
    """

    at: str
    title: str
    plain: Picture | None
    heads: tuple[MatrixHead, ...]
    rows: tuple[MatrixRow, ...]
    rules: tuple[tuple[Word, str, str], ...]

    @property
    def brief(self) -> MatrixView:
        """The main metrics and faults alone."""
        kept = [i for i, head in enumerate(self.heads) if head.fault.main]
        rows = [
            replace(row, cells=tuple(row.cells[i] for i in kept))
            for row in self.rows
            if row.metric in MAIN and any(row.cells[i] for i in kept)
        ]
        return replace(
            self, at=f"{self.at}-brief", heads=tuple(self.heads[i] for i in kept), rows=tuple(rows), rules=_rules(rows)
        )

    @property
    def faults(self) -> int:
        """How many columns are of something that a metric should see; those after them should leave it as it is."""
        return sum(not head.fault.harmless for head in self.heads)

    @property
    def pictures(self) -> tuple[Picture, ...]:
        return tuple(p for p in (self.plain, *(head.picture for head in self.heads)) if p)


def matrix_view(at: str, title: str, tables: Sequence[Table], pictures: Pictures) -> MatrixView:
    """The matrix of the studies of one track.

    Args:
        at: what names the track in an address, as `digits-1`.
        title: of the track.
    """
    said = fault_responses(tables)
    faults = [fault for fault in FAULTS if any(fault.name == name for _, name in said)]
    rows = [
        MatrixRow(name, METRICS[name].title, tuple(_cell(said.get((name, fault.name))) for fault in faults))
        for name in METRICS
        if any(name == own for own, _ in said)
    ]
    heads = tuple(MatrixHead(fault, _picture(at, fault.name, pictures)) for fault in faults)
    return MatrixView(at, title, _picture(at, PLAIN, pictures), heads, tuple(rows), _rules(rows))


def look_of(word: Word) -> str:
    """
    >>> look_of("rewarded by it")
    'm-rewarded'
    """
    return f"m-{word.split()[0]}"


def _cell(said: FaultResponse | None) -> MatrixCell | None:
    if said is None:
        return None
    word, study = word_of(said), STUDIES[said.fault_study]
    return MatrixCell(word, look_of(word), _text(said), study.name, study.title)


def _text(said: FaultResponse) -> str:
    if said.moved is None:
        number = f"No change in standard errors is known at {said.level}"
    elif said.lo is None or said.hi is None:
        number = f"{_signed(said.moved, max(0, decimals(said.moved, None)))} standard errors at {said.level}"
    else:
        places = max(0, decimals(said.moved, (said.hi - said.lo) / 2 / TWO_SIDED))
        ends = f"{_signed(said.lo, places)} to {_signed(said.hi, places)}"
        number = f"{_signed(said.moved, places)} standard errors ({ends}) at {said.level}"
    response = said.response or "no significant change, and neither end is better"
    since = f" {said.since}" if said.since else ""
    return f"{number}, N = {said.n:,}; plus is for the worse. Over all levels: {response}{since}."


def _signed(value: float, places: int) -> str:
    text = written(value, places)
    return f"+{text}" if value > 0 else text


def _rules(rows: Sequence[MatrixRow]) -> tuple[tuple[Word, str, str], ...]:
    used = {cell.word for row in rows for cell in row.cells if cell}
    return tuple((word, look_of(word), rule) for word, rule in RULES.items() if word in used)


def _picture(at: str, name: str, pictures: Pictures) -> Picture | None:
    """The picture of a fault, a small one enlarged by a whole factor; none where there is none that can be read."""
    if name not in pictures:
        return None
    try:
        width, height = Image.open(io.BytesIO(pictures[name]), formats=("PNG",)).size
    except (UnidentifiedImageError, OSError, ValueError):
        return None
    factor = max(1, LARGE // width) if width <= LARGE else LARGE / width
    shown = round(width * factor), round(height * factor)
    return Picture(f"previews/faults-{at}-{name}.png", pictures[name], *shown, width <= LARGE)
