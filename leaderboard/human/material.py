"""The images of a study: the samples that `genboard evaluate` measures too, and held-out real ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ...benchmarks.evaluation_target import open_target, plan_for
from ...benchmarks.human.protocol import Protocol
from ...benchmarks.human.randomness import Stream
from ...benchmarks.runner import Workspace
from ...benchmarks.sampling import sample
from ...benchmarks.shards import png, source_of_shards
from ...core.errors import BadStudy
from ...registry.catalog import entries, find, tracks_of
from ...registry.datasets import load_split
from ...registry.images import ImageSource
from ...registry.schema import Dataset, Generator, Track
from .key import REAL, Contestant, Item, StudyKey, opaque, study_id

IMAGES = 50  # of each contestant of `pairs`, by default


@dataclass(frozen=True)
class Material:
    """A study's key, the PNG of each image by its id, and the images of the practice with what each is."""

    key: StudyKey
    images: dict[str, bytes]
    practice: tuple[tuple[bytes, str], ...]
    shape: tuple[int, int, int]


@dataclass(frozen=True)
class Drawn:
    """The images of a contestant, and the digest of its samples; none of real images."""

    name: str
    source: ImageSource
    digest: str | None


@dataclass(frozen=True)
class Design:
    """What a study is made of.

    Attributes:
        drawn: the contestants, in an order that says nothing of their names.
        trials: scored questions: of each generator, or in `pairs` of a session.
    """

    track: Track
    protocol: Protocol
    drawn: Sequence[Drawn]
    held_out: Drawn
    secret: str
    trials: int


def collect(
    track: Track,
    protocol: Protocol,
    generators: Sequence[str],
    secret: str,
    trials: int | None = None,
    images: int | None = None,
    real: bool = False,
    said: Callable[[str], None] = lambda _: None,
) -> Material:
    """The material of a study; samples that are not there yet are drawn.

    Args:
        trials: scored questions: of each generator, or in `pairs` of a session; the protocol's by default.
        images: in `pairs`, of each contestant.
        real: in `pairs`, real images take part too.

    Raises:
        BadStudy: too few generators, or images; or samples that are texts.
    """
    if find(Dataset, track.dataset).alphabet:
        raise BadStudy(f"the samples of {track.name} are texts, the page shows pictures", "name a track of images")
    trials = protocol.trials if trials is None else trials
    paired = protocol.name == "pairs"
    if len(set(generators)) < len(generators):
        raise BadStudy(f"a generator is named twice: {', '.join(generators)}", "name each once")
    if len(generators) + (paired and real) < (2 if paired else 1):
        raise BadStudy(f"{len(generators)} generators", "name more with --generators, or add --real")
    if not paired and trials % 2:
        raise BadStudy(f"{trials} trials of each generator, half of them of real images", "give an even number")
    drawn = [_samples(name, track, said) for name in generators]
    held_out = Drawn(REAL, load_split(track.dataset, track.held_out), None)
    taking = _in_order([*drawn, *[held_out] * (paired and real)], secret)
    design = Design(track, protocol, taking, held_out, secret, trials)
    return _pairs(design, images or IMAGES) if paired else _blocks(design)


def _samples(name: str, track: Track, said: Callable[[str], None]) -> Drawn:
    target = open_target(name, track)
    plan = plan_for(target, track)
    folder = Workspace.default().samples / track.id / target.record.name / plan.spec_id[:12]
    if not (folder / "manifest.json").is_file():
        said(f"drawing {plan.n:,} samples of {name}")
    manifest = sample(plan, folder)
    return Drawn(target.record.name, source_of_shards(folder, manifest), manifest["digest"])


def _blocks(design: Design) -> Material:
    """A block for each generator: half samples, half real images that no other block has."""
    half, drawn, secret, practised = design.trials // 2, design.drawn, design.secret, design.protocol.practice
    reals = _places(design.held_out, len(drawn) * half + practised, secret)
    sets: list[tuple[str, ...]] = []
    items: dict[str, Item] = {}
    fakes = {one.name: _places(one, half + practised, secret) for one in drawn}
    for j, one in enumerate(drawn):
        mine = [Item(source=one.name, index=i) for i in fakes[one.name][:half]]
        mine += [Item(source=REAL, index=i) for i in reals[j * half : (j + 1) * half]]
        named = {opaque(secret, one.name, item.source, str(item.index)): item for item in mine}
        items |= named
        sets.append(tuple(sorted(named)))
    sides = ("real", "generated")
    practice = []
    for number in range(practised):
        real, one = number % 2 == 0, drawn[number % len(drawn)]
        source, index = (design.held_out, reals[-1 - number]) if real else (one, fakes[one.name][-1 - number])
        practice.append((_png(source, index), sides[not real]))
    return _material(design, sets, items, practice)


def _pairs(design: Design, images: int) -> Material:
    """The samples of the same places, and so of the same seeds, for every generator."""
    order, secret = design.drawn, design.secret
    count = min(one.source.count for one in order)
    wanted = images + design.protocol.practice
    if wanted > count:
        raise BadStudy(f"{images:,} images of each, and there are {count:,}", "give fewer with --images")
    places = Stream(secret, "places").shuffled(range(count))[:wanted]
    sets: list[tuple[str, ...]] = []
    items: dict[str, Item] = {}
    for one in order:
        mine = {opaque(secret, one.name, str(i)): Item(source=one.name, index=i) for i in places[:images]}
        items |= mine
        sets.append(tuple(mine))
    practice = [(_png(order[k % 2], i), "") for i in places[images:] for k in (0, 1)]
    return _material(design, sets, items, practice)


def _material(
    design: Design, sets: list[tuple[str, ...]], items: dict[str, Item], practice: list[tuple[bytes, str]]
) -> Material:
    track, protocol, secret = design.track, design.protocol, design.secret
    sources = {one.name: one for one in [*design.drawn, design.held_out]}
    pictures = {name: _png(sources[item.source], item.index) for name, item in items.items()}
    contestants = tuple(
        Contestant(id=opaque(secret, "contestant", one.name), name=one.name, digest=one.digest) for one in design.drawn
    )
    content = {
        "track": track.name,
        "track_version": track.version,
        "protocol": protocol.name,
        "protocol_version": protocol.version,
        "trials": design.trials,
        "contestants": [one.model_dump() for one in contestants],
        "sets": sets,
        "items": {name: item.model_dump() for name, item in items.items()},
    }
    key = StudyKey.model_validate(
        {**content, "schema": 1, "secret": secret, "study": study_id(secret, content)}, by_alias=True
    )
    shape = design.held_out.source.read(0, 1).shape
    return Material(key, pictures, tuple(practice), shape)


def _in_order(drawn: Sequence[Drawn], secret: str) -> list[Drawn]:
    """By their ids: the order on the page says nothing of names."""
    return sorted(drawn, key=lambda one: opaque(secret, "contestant", one.name))


def _places(one: Drawn, n: int, secret: str) -> list[int]:
    if n > one.source.count:
        raise BadStudy(
            f"{n:,} images of {one.name} are needed with those of the practice, and there are {one.source.count:,}",
            "give fewer trials with --trials, or fewer generators",
        )
    return Stream(secret, "images", one.name).shuffled(range(one.source.count))[:n]


def _png(one: Drawn, index: int) -> bytes:
    return png(one.source.read(index, index + 1).pixels[0])


def usual_generators(track: Track) -> list[str]:
    """The registered generators of a track, without baselines."""
    return [g.name for g in entries(Generator).values() if not g.baseline and track.name in tracks_of(g)]
