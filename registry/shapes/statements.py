"""What a caption says, statement by statement, held against a scene. The caption is right where all of them are."""

from __future__ import annotations

from .captions import Caption, Noun, lies, stand
from .scenes import Scene

# Each needs no more than the last of them: two things that changed colours are objects and counts, and no colours.
ATTRIBUTES = ("object", "colour", "count", "size", "position", "relation")


def checked(caption: Caption, scene: Scene) -> dict[str, bool]:
    """Whether each attribute that the caption speaks of is right.

    - object: the shapes that are there are those that are named.
    - colour: the things of every named shape have the colours named with it, and each of those occurs.
    - count: of every named shape there are as many things as named, and no thing else.
    - size: the things of every noun that tells a size are there, all of that size.
    - position: a thing of the noun's shape and colour is where the caption says.
    - relation: two things of the nouns' shapes and colours stand so.

    >>> from .captions import parsed
    >>> from .scenes import Thing
    >>> checked(parsed("a red circle"), (Thing("circle", "blue", 3, 3, 7),))
    {'object': True, 'colour': False, 'count': True}
    """
    shapes = {noun.shape for noun in caption.nouns}
    kinds = {(noun.shape, noun.colour) for noun in caption.nouns}
    counts = {s: sum(noun.count for noun in caption.nouns if noun.shape == s) for s in shapes}
    found = {
        "object": {thing.shape for thing in scene} == shapes,
        "colour": {(thing.shape, thing.colour) for thing in scene if thing.shape in shapes} == kinds,
        "count": len(scene) == sum(counts.values())
        and all(sum(thing.shape == s for thing in scene) == n for s, n in counts.items()),
    }
    sized = [noun for noun in caption.nouns if noun.size]
    if sized:
        found["size"] = all({t.size for t in _fitting(noun, scene)} == {noun.size} for noun in sized)
    first = _fitting(caption.nouns[0], scene)
    if caption.place:
        found["position"] = any(lies(thing, caption.place) for thing in first)
    if caption.relation:
        second = _fitting(caption.nouns[1], scene)
        found["relation"] = any(stand(a, b, caption.relation) for a in first for b in second)
    return found


def _fitting(noun: Noun, scene: Scene) -> Scene:
    """The things of a noun's shape and colour."""
    return tuple(t for t in scene if (t.shape, t.colour) == (noun.shape, noun.colour))
