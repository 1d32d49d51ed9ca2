"""Samples of the same seed, each with its nearest training image: what pages say of them, from the pictures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ...benchmarks.result import Result
from ...registry.metrics import METRICS
from ...registry.schema import Track
from ..board.board import Board, Row
from ..text.numbers import figure
from .findings import in_prose
from .sheets import NEAREST, Sheet, stem

RATIO = "nn_ratio"
FIRST = 4  # texts of each row of a board


@dataclass(frozen=True)
class Seeds:
    """The panel of a board that shows the samples of one seed.

    Attributes:
        heading: whether exact copies of training images were found.
        about: what the pairs show, and what they do not.
        meaning: what the same seed is.
        sheet: one whose layout all rows share.
        count: samples of the row that has most.
        equal: `Sheet.equal_pairs` by generator, of those that have any.
    """

    heading: str
    about: str
    meaning: str
    sheet: Sheet
    count: int
    equal: Mapping[str, str]


def seeds_of(board: Board, sheets: Mapping[str, Sheet]) -> Seeds | None:
    """The panel of a board; none where no row has pictures."""
    pictured = [(row, sheets[stem(row.record)]) for row in board.rows if sheets[stem(row.record)].pairs]
    if not pictured:
        return None
    count = max(sheet.count for _, sheet in pictured)
    return Seeds(
        heading=_heading(pictured, count),
        about=" ".join(_about(board, pictured)),
        meaning=" ".join(_meaning(board)),
        sheet=pictured[0][1],
        count=count,
        equal={row.name: sheet.equal_pairs for row, sheet in pictured if sheet.equal},
    )


def place_of(board: Board, sheets: Mapping[str, Sheet]) -> str:
    """Where the samples of a board stand in their pairs, in words."""
    found = (sheets[stem(row.record)] for row in board.rows)
    return next((sheet.place for sheet in found if sheet.pairs), NEAREST)


def texts_of(board: Board, sheets: Mapping[str, Sheet]) -> list[tuple[Row, tuple[str, ...]]]:
    """The first texts of every row of a board; none of a board of pictures."""
    found = [(row, sheets[stem(row.record)].texts[:FIRST]) for row in board.rows]
    return [(row, tuple(sample for sample, _ in texts)) for row, texts in found if texts]


def about_pairs(result: Result, sheet: Sheet, track: Track | None) -> str:
    """What the pairs of one result are, how many are equal, and how far all its samples are from training images."""
    given = result.sampling.seed is None
    space = f" in {track.space} features" if track else ""
    of_texts = bool(sheet.texts)
    which = (
        f"{'texts' if of_texts else 'images'}, in the order submitted" if given else "samples, in order, none chosen"
    )
    said = [f"The first {sheet.count} {which}, each {sheet.place}{space}.", about_equal(sheet)]
    ratio = result.metric(f"{RATIO}:{track.space}") if track else None
    if ratio and ratio.value is not None:
        value = " ".join(filter(None, (figure(ratio).text, figure(ratio).margin)))
        title = METRICS[RATIO].title.lower()
        real = "texts" if of_texts else "images"
        said.append(f"Over all {ratio.n:,} the {title} is {value}; real {real} not seen in training score 1.")
    return " ".join(said)


def about_equal(sheet: Sheet) -> str:
    """
    >>> about_equal(Sheet(count=64)), about_equal(Sheet(count=64, equal=(3,)))
    ('No pair is equal, pixel for pixel.', '1 of 64 pairs is equal, pixel for pixel.')
    >>> about_equal(Sheet(count=2, equal=(0, 1), reduced=True))
    'Every pair is equal, pixel for pixel, at the size shown.'
    """
    found = len(sheet.equal)
    some = "No pair is" if not found else "Every pair is" if found == sheet.count else f"{found} of {sheet.count} pairs"
    verb = "" if some.endswith("is") else " is" if found == 1 else " are"
    how = "character for character" if sheet.texts else "pixel for pixel"
    return f"{some}{verb} equal, {how}{', at the size shown' if sheet.reduced else ''}."


def _heading(pictured: Sequence[tuple[Row, Sheet]], count: int) -> str:
    ranked = [(row.name, sheet) for row, sheet in pictured if row.place]
    repeat = [name for name, sheet in ranked if sheet.equal]
    if not ranked:
        return f"The first {count} samples, each with its nearest training image"
    if not repeat:
        return f"No ranked model repeats a training image exactly in its first {count} samples"
    verb = "repeats" if len(repeat) == 1 else "repeat"
    return f"{in_prose(repeat)} {verb} training images exactly in the first {count} samples"


def _about(board: Board, pictured: Sequence[tuple[Row, Sheet]]) -> Iterable[str]:
    yield f"A pair is a sample {pictured[0][1].place} in {board.track.space} features."
    yield "All pairs of a model are on its page."
    copies = [row.name for row, sheet in pictured if sheet.equal and not row.place]
    if copies:
        one = len(copies) == 1
        yield f"The baseline{'' if one else 's'} {in_prose(copies)} {'shows' if one else 'show'} what copies look like."
    size = " at the size shown" if any(sheet.reduced for _, sheet in pictured) else ""
    yield f"A copy is exact if all its pixels are equal{size}; near copies are for the eye to judge."


def _meaning(board: Board) -> Iterable[str]:
    track = board.track
    same = "same random numbers and the same class" if track.task == "class" else "same random numbers"
    yield f"The seed of a sample is the seed of the track with the index of the sample: ({track.seed}, 0) for sample 1."
    yield f"With the same seed all models start from the {same}; they do not draw the same picture."
    if any(row.conditional for row in board.rows):
        yield "Class-conditional models draw their class from the first of these numbers."
    if board.floor:
        yield "Real images are not drawn from random numbers: the seed picks them."
    if any(row.place and row.from_images for row in board.rows):
        yield "Rows marked images have no seed: their images stand in the order in which they were submitted."
