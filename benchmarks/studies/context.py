"""What all studies share of a track: samples drawn once, features computed once, the reference's statistics."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from ...core.errors import BadSamples, BadStudy, CannotWrite, GenboardError
from ...core.files import home
from ...core.progress import bar
from ...reference_stats.build import obtain
from ...reference_stats.features import Measured, as_before, measure
from ...reference_stats.statistics import Recipe, ReferenceStatistics, make_recipe, recipe_for
from ...registry.catalog import entries, find, tracks_of
from ...registry.conversions import converted
from ...registry.datasets import load_split
from ...registry.extractors import load_extractor
from ...registry.images import ImageSource, sequence_digest
from ...registry.metrics import find_metric
from ...registry.schema import Against, Dataset, Extractor, Generator, Track, TrackMetric
from ..drawing import Plan
from ..evaluation_target import EvaluationTarget, open_target, plan_for
from ..sampling import sample
from ..shards import source_of_shards
from .cache import Cache
from .listing import STUDIES

T = TypeVar("T")
FOLDERS = re.compile(r"(?<![\w.])(?:[A-Za-z]:)?[/\\](?:[^\s:/\\]+[/\\])+")  # of this machine, which no table names


@dataclass(frozen=True)
class StudyContext:
    """What a study works with: a track, the generators that take part, and what was drawn and measured of them.

    Attributes:
        generators: their names, in the order of the rows.
        left_out: what could not take part, and why; studies add to it.
        given: of these, the ones that are in no registry.
        memory: what this run has computed once.
        named: whether somebody named the generators, who is told of one that a study cannot take.
        folder: where samples, features and parts of tables are; the user's data folder by default.
        tell: called with the name of each unit of work as it begins.
        trust_code: leave to run code that comes with a generator.
        loop: goes through units of work otherwise than `each` does alone, see `crew`.
    """

    track: Track
    generators: tuple[str, ...]
    device: str = "cpu"
    left_out: dict[str, str] = field(default_factory=dict)
    given: Mapping[str, EvaluationTarget] = field(default_factory=dict)
    memory: dict[Any, Any] = field(default_factory=dict, repr=False)
    named: bool = False
    folder: Path = field(default_factory=home)
    tell: Callable[[str], None] = lambda _: None
    trust_code: bool = False
    loop: Callable[[Sequence[str]], Iterator[str]] | None = field(default=None, repr=False)

    @property
    def n(self) -> int:
        return self.track.samples

    @property
    def dataset(self) -> Dataset:
        return find(Dataset, self.track.dataset)

    @property
    def space(self) -> str:
        """The feature space that the track ranks in."""
        return self.track.space

    @property
    def ranked(self) -> tuple[str, ...]:
        """The generators that a board would rank."""
        return tuple(name for name in self.generators if not self.is_baseline(name))

    def each(self, units: Sequence[str]) -> Iterator[str]:
        """The units of a study's work one after the other: told, so that a restart shows where it continues.

        What a study makes of a unit it keeps by `part`, so that workers may have made it before.
        """
        if self.loop is not None:
            yield from self.loop(units)
            return
        with bar("study", len(units), "step") as progress:
            for name in units:
                self.tell(name)
                yield name
                progress.update()

    def attempt(self, name: str, work: Callable[[], T]) -> T | GenboardError:
        """What work on a generator gives; where it fails the error, and the generator is left out with the reason.

        Raises:
            CannotWrite: of which no generator is the cause.
        """
        try:
            return work()
        except CannotWrite:
            raise
        except GenboardError as e:
            # What a user's function raised may say what is not for a table.
            error, reason = e, e.fact.replace(f": {e.__cause__}", "") if e.__cause__ else e.fact
        except Exception as e:
            error = BadSamples(f"{name} failed with {type(e).__name__}: {e}", f"draw it alone: genboard sample {name}")
            reason = f"{name} failed with {type(e).__name__}"
        self.left_out[name] = FOLDERS.sub("", reason)
        self.tell(f"{name}: left out: {error.fact}")
        return error

    def columns(self, extractor: str) -> list[TrackMetric]:
        """The track's columns in a feature space, the primary one first."""
        own = [column for column in self.track.metrics if column.extractor == extractor]
        return sorted(own, key=lambda column: column.key != self.track.primary)

    def target(self, name: str) -> EvaluationTarget:
        """What is drawn under a name."""
        if name in self.given:
            return self.given[name]
        return self.once(("target", name), lambda: open_target(name, self.track, trust_code=self.trust_code))

    def is_baseline(self, name: str) -> bool:
        found = entries(Generator)
        return name in found and found[name].baseline

    @property
    def floor(self) -> str | None:
        """Real images that stand in for a perfect generator, where the track has any."""
        runs = [name for name, e in entries(Generator).items() if e.noise_floor and self.track.name in tracks_of(e)]
        return runs[0] if runs else None

    def plan(self, name: str, seed: int | None = None) -> Plan:
        """The samples of a generator, as the track asks for them or from another seed."""
        track = self.track if seed is None else self.track.model_copy(update={"seed": seed})
        return plan_for(self.target(name), track)

    def source(self, name: str, seed: int | None = None) -> tuple[ImageSource, str]:
        """The images of a generator's samples, and their digest. They are drawn where `evaluate` draws them."""
        target = self.target(name)
        if target.images is not None:
            images = target.images.first(self.n)
            return images, sequence_digest(images.runs())
        plan = self.plan(name, seed)
        folder = self.folder / "samples" / self.track.id / name / plan.spec_id[:12]
        manifest = sample(plan, folder)
        return source_of_shards(folder, manifest), manifest["digest"]

    def measured(self, name: str, extractor: str, seed: int | None = None) -> Measured:
        """The features of a generator's samples, in the order of the samples."""
        return self._alike(self._drawn(name, extractor, seed)[1], extractor)

    def digest(self, name: str, extractor: str | None = None, seed: int | None = None) -> str:
        """The digest of a generator's samples."""
        return self._drawn(name, extractor or self.space, seed)[0]

    def is_measured(self, name: str) -> bool:
        """Whether a generator's samples are measured already in the space that the track ranks in.

        Of images that were given nothing is to be drawn, and of one that cannot be opened nobody will.
        """
        try:
            plan = None if self.target(name).images is not None else self.plan(name).spec
        except GenboardError:
            return True
        decides = {"samples": plan, **self.space_identity(of_reference=False)}
        return plan is None or self._cache.features_path(name, self.space, decides).is_file()

    def measure(self, images: ImageSource, extractor: str) -> Measured:
        """Any images in a feature space, converted as the track does. Nothing is kept."""
        return self._alike(self._measure(images, extractor), extractor)

    def real(self, split: str) -> ImageSource:
        """The real images of a split, such as `track.train`."""
        return load_split(self.track.dataset, split)

    def reference(self, extractor: str, against: Against = "reference") -> ReferenceStatistics:
        """The statistics of the real images in a feature space, one of the track's or another."""

        def compute() -> ReferenceStatistics:
            found = obtain(self.recipe(extractor, against), self.device)
            if against == "train" or extractor not in self.track.reference_spaces:
                return as_before(found)
            return as_before(found, self.reference(extractor, "train"))

        return self.once(("reference", extractor, against), compute)

    def recipe(self, extractor: str, against: Against = "reference") -> Recipe:
        if extractor in self.track.reference_spaces:
            return recipe_for(self.track, extractor, against)
        kept = self.track.samples if against == "reference" else self.track.train_features
        split = self.track.split(against)
        return make_recipe(self.track.dataset, split, extractor, kept, self.conversions(extractor))

    def conversions(self, extractor: str) -> tuple[str, ...]:
        """Of images, before the extractor sees them: the track's own, or grey to RGB for a space that needs it."""
        if extractor in self.track.reference_spaces:
            return self.track.conversions.get(extractor, ())
        return ("grey-to-rgb",) if self.dataset.shape[2] == 1 and find(Extractor, extractor).input == "rgb" else ()

    def once(self, key: Any, compute: Callable[[], T]) -> T:
        """A value that this run computes once."""
        if key not in self.memory:
            self.memory[key] = compute()
        found: T = self.memory[key]
        return found

    def part(self, study: str, name: str, decides: Any, compute: Callable[[], Any]) -> Any:
        """A part of a table, kept on disk: `decides` is all that it depends on beside track and study version.

        Args:
            study: whose version decides it too; of what several studies share, such as `curves`, a name of its own.
        """
        own = {"study": STUDIES[study].version} if study in STUDIES else {}
        known = {"track": self.track.model_dump(mode="json"), "of": decides, **own}
        return self._cache.part(study, name, known, compute)

    def identity(self, name: str, extractor: str, seed: int | None = None) -> dict[str, Any]:
        """What decides all that can be measured of a generator in a feature space."""
        return {"samples": self.digest(name, extractor, seed), **self.space_identity(extractor)}

    def space_identity(self, extractor: str | None = None, of_reference: bool = True) -> dict[str, Any]:
        """What decides a feature space, by default the one that the track ranks in, and perhaps the reference there."""
        own = extractor or self.space
        known = {"extractor": find(Extractor, own).identity(), "conversions": list(self.conversions(own))}
        return known | ({"reference": self.recipe(own).id} if of_reference else {})

    @property
    def _cache(self) -> Cache:
        return Cache(self.track.id, self.folder)

    def _measure(self, images: ImageSource, extractor: str) -> Measured:
        live = self.once(("extractor", extractor), lambda: load_extractor(extractor, self.device))
        return measure(converted(images, self.conversions(extractor)), live, moments=False)

    def _alike(self, images: Measured, extractor: str) -> Measured:
        """The images with the features of those equal to them, as the track's columns are scored."""
        sides: tuple[Against, ...] = (
            ("train", "reference") if extractor in self.track.reference_spaces else ("reference",)
        )
        return as_before(images, *(self.reference(extractor, side) for side in sides))

    def _drawn(self, name: str, extractor: str, seed: int | None) -> tuple[str, Measured]:
        """The digest of a generator's samples, and them measured."""

        def compute() -> tuple[str, Measured]:
            images, digest = self.source(name, seed)
            return digest, self._measure(images, extractor)

        def kept() -> tuple[str, Measured]:
            given = self.target(name).images
            what = {"images": sequence_digest(given.first(self.n).runs())} if given else self.plan(name, seed).spec
            decides = {"samples": what, **self.space_identity(extractor, of_reference=False)}
            return self._cache.features(name, extractor, decides, compute)

        return self.once(("drawn", name, extractor, seed), kept)


def versioned(columns: Sequence[TrackMetric]) -> list[dict[str, Any]]:
    """What decides how columns measure: their parameters, and the versions of their metrics."""
    return [{**column.model_dump(mode="json"), "version": find_metric(column.metric).version} for column in columns]


def params_of(column: TrackMetric) -> dict[str, int | float | str]:
    """A column's parameters: its own, and the metric's where it says nothing."""
    return {**find_metric(column.metric).params, **column.params}


def uses_train(column: TrackMetric) -> bool:
    """Whether a column looks at the training images."""
    return column.against == "train" or "train.features" in find_metric(column.metric).reads


def gather(
    track: Track,
    sources: Sequence[str] | None = None,
    device: str = "cpu",
    baselines: bool = True,
    folder: Path | None = None,
    trust_code: bool = False,
    names: Sequence[str] = (),
) -> StudyContext:
    """The context of a track with these generators; by default with every registered one that runs on it.

    Args:
        trust_code: leave to run a user's function, and code that comes with a registered generator.
        names: what tables call the sources that are in no registry, in their order; made from the source by default.

    Raises:
        UnknownName: no generator of that name.
        NotTrusted: a user's function, without leave to run it.
        BadStudy: none is left, one is named twice, or there are more names than sources to name.
    """
    known = {name: e for name, e in entries(Generator).items() if track.name in tracks_of(e)}
    if sources is None:
        sources = [name for name, entry in known.items() if baselines or not entry.baseline]
    if not sources:
        raise BadStudy(f"no generator to study on track {track.name!r}", "name some with --generators")
    given: dict[str, EvaluationTarget] = {}
    chosen, left = [], list(names)
    for source in sources:
        if source in known:
            chosen.append(source)
            continue
        # An entry of another track keeps its name; open_target says what is wrong with a source.
        own = left.pop(0) if left and source not in entries(Generator) else None
        target = open_target(source, track, own, trust_code)
        if target.images is not None and target.images.count < track.samples:
            raise BadStudy(
                f"{source} holds {target.images.count:,} images, but the track asks for {track.samples:,}",
                f"add images, or study fewer of every generator: --samples {target.images.count}",
            )
        given[target.record.name] = target
        chosen.append(target.record.name)
    twice = sorted({name for name in chosen if chosen.count(name) > 1})
    if twice:
        raise BadStudy(f"generator {twice[0]!r} is named twice", "name each once")
    if left:
        raise BadStudy(
            f"there is no source for the name {left[0]!r}", "name one file of images or function for each name"
        )
    return StudyContext(track, tuple(chosen), device, given=given, folder=folder or home(), trust_code=trust_code)
