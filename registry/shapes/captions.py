"""The grammar of captions, and what each of them says.

    caption  = noun [place] | noun relation noun | noun "and" noun
    noun     = ("a" | "two" | "three") ["small" | "large"] colour shape ["s"]
    place    = "at the top" | "at the bottom" | "on the left" | "on the right" | "in the middle"
    relation = "left of" | "right of" | "above" | "below"

A place belongs to one thing, a relation to two that differ in shape or colour, "and" joins two shapes of at most three
things. A caption names all that is there: whatever else an image holds is wrong.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from ...core.errors import BadSamples
from .scenes import COLOURS, SHAPES, SIDE, SIZES, Thing

COUNTS = ("a", "two", "three")
PLACES = ("at the top", "at the bottom", "on the left", "on the right", "in the middle")
# By name: the axis of the centres, and whether the first thing has the lower number there.
RELATIONS = MappingProxyType({"left of": (0, True), "right of": (0, False), "above": (1, True), "below": (1, False)})
APART = SIDE // 4  # between centres, in half pixels, from which one thing is left of another, or above it

_NOUN = rf"({'|'.join(COUNTS)}) (?:({'|'.join(SIZES)}) )?({'|'.join(COLOURS)}) ({'|'.join(SHAPES)})(s?)"
_CAPTION = re.compile(rf"{_NOUN}(?: ({'|'.join(PLACES)})| ({'|'.join(RELATIONS)}|and) {_NOUN})?")
_NAMES = (*COUNTS, *SIZES, *COLOURS, *SHAPES, *(f"{shape}s" for shape in SHAPES), *PLACES, *RELATIONS, "and")
WORDS = tuple(sorted(set(" ".join(_NAMES).split())))


@dataclass(frozen=True)
class Noun:
    """Some things of one shape and colour, and of one size where it is told."""

    count: int
    shape: str
    colour: str
    size: str | None = None

    def __str__(self) -> str:
        size = f"{self.size} " if self.size else ""
        return f"{COUNTS[self.count - 1]} {size}{self.colour} {self.shape}{'s' if self.count > 1 else ''}"


@dataclass(frozen=True)
class Caption:
    """What a caption says.

    Attributes:
        nouns: one or two.
        place: of a single thing.
        relation: of the first of two single things to the second.
    """

    nouns: tuple[Noun, ...]
    place: str | None = None
    relation: str | None = None

    def __str__(self) -> str:
        """The caption in words.

        >>> str(Caption((Noun(1, "circle", "red", "large"), Noun(1, "square", "blue")), relation="left of"))
        'a large red circle left of a blue square'
        """
        if self.place:
            return f"{self.nouns[0]} {self.place}"
        return f" {self.relation or 'and'} ".join(map(str, self.nouns))

    @property
    def problem(self) -> str | None:
        """Why the grammar does not have it, if it has not."""
        counts = [noun.count for noun in self.nouns]
        if (self.place or self.relation) and set(counts) != {1}:
            return "a place or a relation belongs to single things"
        if sum(counts) > len(COUNTS):
            return f"{sum(counts)} things, where {len(COUNTS)} are the most"
        if self.relation and len({(noun.shape, noun.colour) for noun in self.nouns}) == 1:
            return "two things of one shape and colour cannot be told apart"
        if len(self.nouns) == 2 and not self.relation and self.nouns[0].shape == self.nouns[1].shape:
            return '"and" joins different shapes'
        return None


@cache
def parsed(text: str) -> Caption:
    """What a caption says.

    >>> parsed("two green triangles").nouns
    (Noun(count=2, shape='triangle', colour='green', size=None),)

    Raises:
        BadSamples: the grammar does not know it.
    """
    found = _CAPTION.fullmatch(text)
    if found is None:
        raise _unknown(text)
    first, place, joint, second = found.group(1, 2, 3, 4), found[6], found[7], found.group(8, 9, 10, 11)
    told = [noun for noun in (first, second) if noun[0]]
    nouns = tuple(Noun(COUNTS.index(count) + 1, shape, colour, size) for count, size, colour, shape in told)
    caption = Caption(nouns, place, None if joint == "and" else joint)
    if caption.problem or str(caption) != text:
        raise _unknown(text, caption.problem or f"{str(caption)!r} is right")
    return caption


def _unknown(text: str, problem: str | None = None) -> BadSamples:
    return BadSamples(
        f"caption {text!r} is not of the grammar of shapes-text" + (f": {problem}" if problem else ""),
        'write one as "a red circle left of a large blue square" or "two green triangles"; docs/shapes.md has them all',
    )


def lies(thing: Thing, place: str) -> bool:
    """Whether a thing's centre is in the third of the image that a place names; the middle is one both ways."""
    (x, y), third = thing.centre, 2 * SIDE
    low, high = [3 * c < third for c in (x, y)], [3 * c > 2 * third for c in (x, y)]
    return {
        "at the top": low[1],
        "at the bottom": high[1],
        "on the left": low[0],
        "on the right": high[0],
        "in the middle": not any((*low, *high)),
    }[place]


def stand(first: Thing, second: Thing, relation: str) -> bool:
    """Whether the first thing's centre is left of the second's, or above it, ..., by `APART` at least."""
    axis, lower = RELATIONS[relation]
    gap = second.centre[axis] - first.centre[axis]
    return (gap if lower else -gap) >= APART
