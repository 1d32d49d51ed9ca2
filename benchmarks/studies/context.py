"""What all studies share of a track: samples drawn once, features computed once, the reference's statistics."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from ...core.errors import BadStudy
from ...core.files import home
from ...reference_stats.alike import as_before
from ...reference_stats.build import obtain
from ...reference_stats.features import Measured, measure
from ...reference_stats.statistics import Recipe, ReferenceStatistics, make_recipe, recipe_for
from ...registry.catalog import entries, find, tracks_of
from ...registry.conversions import converted
from ...registry.datasets import load_split
from ...registry.extractors import LiveExtractor, load_extractor
from ...registry.images import ImageSource, sequence_digest
from ...registry.metrics import find_metric
from ...registry.schema import Against, Dataset, Extractor, Generator, Track, TrackMetric
from ..drawing import Plan
from ..evaluation_target import EvaluationTarget, open_target, plan_for
from ..sampling import sample
from ..shards import source_of_shards
from .cache import Cache

T = TypeVar("T")


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
    """

    track: Track
    generators: tuple[str, ...]
    device: str = "cpu"
    left_out: dict[str, str] = field(default_factory=dict)
    given: Mapping[str, EvaluationTarget] = field(default_factory=dict)
    memory: dict[Any, Any] = field(default_factory=dict, repr=False)
    named: bool = False
    folder: Path | None = None

    @property
    def home(self) -> Path:
        return self.folder or home()

    @property
    def cache(self) -> Cache:
        return Cache(self.track.id, self.home)

    @property
    def n(self) -> int:
        return self.track.samples

    @property
    def space(self) -> str:
        """The feature space that the track ranks in."""
        return next(column.extractor for column in self.track.metrics if column.key == self.track.primary)

    @property
    def ranked(self) -> tuple[str, ...]:
        """The generators that a board would rank."""
        return tuple(name for name in self.generators if not self.is_baseline(name))

    def columns(self, extractor: str) -> list[TrackMetric]:
        """The track's columns in a feature space, the primary one first."""
        own = [column for column in self.track.metrics if column.extractor == extractor]
        return sorted(own, key=lambda column: column.key != self.track.primary)

    def target(self, name: str) -> EvaluationTarget:
        return self.once(("target", name), lambda: self.given.get(name) or open_target(name, self.track))

    def family(self, name: str) -> str:
        return self.target(name).record.family

    def is_baseline(self, name: str) -> bool:
        found = entries(Generator)
        return name in found and found[name].baseline

    def is_floor(self, name: str) -> bool:
        found = entries(Generator)
        return name in found and found[name].noise_floor

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
        folder = self.home / "samples" / self.track.id / name / plan.spec_id[:12]
        manifest = sample(plan, folder)
        return source_of_shards(folder, manifest), manifest["digest"]

    def measured(self, name: str, extractor: str, seed: int | None = None) -> Measured:
        """The features of a generator's samples, in the order of the samples."""
        return self._alike(self._drawn(name, extractor, seed)[1], extractor)

    def digest(self, name: str, extractor: str | None = None, seed: int | None = None) -> str:
        """The digest of a generator's samples."""
        return self._drawn(name, extractor or self.space, seed)[0]

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
            if against == "train" or extractor not in self.track.extractors:
                return as_before(found)
            return as_before(found, self.reference(extractor, "train"))

        return self.once(("reference", extractor, against), compute)

    def recipe(self, extractor: str, against: Against = "reference") -> Recipe:
        if extractor in self.track.extractors:
            return recipe_for(self.track, extractor, against)
        bank = self.track.samples if against == "reference" else self.track.train_bank
        split = self.track.split(against)
        return make_recipe(self.track.dataset, split, extractor, bank, self.conversions(extractor))

    def conversions(self, extractor: str) -> tuple[str, ...]:
        """Of images, before the extractor sees them: the track's own, or grey to RGB for a space that needs it."""
        if extractor in self.track.extractors:
            return self.track.conversions.get(extractor, ())
        grey = find(Dataset, self.track.dataset).shape[2] == 1
        return ("grey-to-rgb",) if grey and find(Extractor, extractor).input == "rgb" else ()

    def extractor(self, name: str) -> LiveExtractor:
        return self.once(("extractor", name), lambda: load_extractor(name, self.device))

    def once(self, key: Any, compute: Callable[[], T]) -> T:
        """A value that this run computes once."""
        if key not in self.memory:
            self.memory[key] = compute()
        found: T = self.memory[key]
        return found

    def part(self, study: str, name: str, decides: Any, compute: Callable[[], Any]) -> Any:
        """A part of a table, kept on disk: `decides` is all that it depends on beside the track."""
        return self.cache.part(study, name, {"track": self.track.model_dump(mode="json"), "of": decides}, compute)

    def identity(self, name: str, extractor: str, seed: int | None = None) -> dict[str, Any]:
        """What decides all that can be measured of a generator in a feature space."""
        return {
            "samples": self.digest(name, extractor, seed),
            "extractor": find(Extractor, extractor).identity(),
            "conversions": list(self.conversions(extractor)),
            "reference": self.recipe(extractor).id,
        }

    def _measure(self, images: ImageSource, extractor: str) -> Measured:
        return measure(converted(images, self.conversions(extractor)), self.extractor(extractor), moments=False)

    def _alike(self, images: Measured, extractor: str) -> Measured:
        """The images with the features of those equal to them, as the track's columns are scored."""
        sides: tuple[Against, ...] = ("train", "reference") if extractor in self.track.extractors else ("reference",)
        return as_before(images, *(self.reference(extractor, side) for side in sides))

    def _drawn(self, name: str, extractor: str, seed: int | None) -> tuple[str, Measured]:
        target = self.target(name)
        if target.images is not None:
            what: Any = {"images": sequence_digest(target.images.first(self.n).runs())}
        else:
            what = self.plan(name, seed).spec
        conversions = list(self.conversions(extractor))
        decides = {"samples": what, "extractor": find(Extractor, extractor).identity(), "conversions": conversions}

        def compute() -> tuple[str, Measured]:
            images, digest = self.source(name, seed)
            return digest, self._measure(images, extractor)

        own = target.record.name
        return self.once(
            ("drawn", name, extractor, seed), lambda: self.cache.features(own, extractor, decides, compute)
        )


def versioned(columns: Sequence[TrackMetric]) -> list[dict[str, Any]]:
    """What decides how columns measure: their parameters, and the versions of their metrics."""
    return [{**column.model_dump(mode="json"), "version": find_metric(column.metric).version} for column in columns]


def gather(
    track: Track,
    names: Sequence[str] | None = None,
    device: str = "cpu",
    baselines: bool = True,
    folder: Path | None = None,
) -> StudyContext:
    """The context of a track with these generators; by default with every registered one that runs on it.

    Raises:
        UnknownName: no generator of that name.
        BadStudy: none is left, or one is named twice.
    """
    if names is None:
        own = [name for name, entry in entries(Generator).items() if track.name in tracks_of(entry)]
        names = [name for name in own if baselines or not entries(Generator)[name].baseline]
    if not names:
        raise BadStudy(f"no generator to study on track {track.name!r}", "name some with --generators")
    given: dict[str, EvaluationTarget] = {}
    known, chosen = entries(Generator), []
    for name in names:
        if name in known and track.name in tracks_of(known[name]):
            chosen.append(name)
            continue
        target = open_target(name, track)  # says what is wrong with it
        if target.images is not None and target.images.count < track.samples:
            raise BadStudy(
                f"{name} holds {target.images.count:,} images, the track asks for {track.samples:,}",
                "studies measure as many samples as the track does",
            )
        given[target.record.name] = target
        chosen.append(target.record.name)
    twice = sorted({name for name in chosen if chosen.count(name) > 1})
    if twice:
        raise BadStudy(f"generator {twice[0]!r} is named twice", "name each once")
    return StudyContext(track, tuple(chosen), device, given=given, folder=folder)
