"""What a row of the table of metrics says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar, Concatenate, Literal, TypeAlias

if TYPE_CHECKING:
    from ...benchmarks.metrics.inputs import MetricInputs
    from ...benchmarks.uncertainty import Estimate

Input = Literal[
    "real.moments",
    "real.features",
    "real.logits",
    "real.labels",
    "train.features",
    "train.labels",
    "reference.features",
    "held_out.features",
    "fake.features",
    "fake.logits",
    "fake.labels",
    "fake.captions",
    "pair.features",
    "pair.labels",
    "caption.features",
    "shape",
    "groups",
]
Better = Literal["lower", "higher"]
Role = Literal["fidelity", "diversity", "distance"]
MetricFunction: TypeAlias = "Callable[Concatenate[MetricInputs, ...], Estimate]"


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A metric: its function, what it reads, and how to read it.

    Attributes:
        version: raised whenever an old number would no longer be reproduced.
        fn: the function; it takes `MetricInputs`, then `params` by name.
        reads: the inputs without which it has no value. `real` is what the column is measured against, `reference`,
            `train` and `held_out` are those splits, `pair` the image and `caption` the text that belong to each sample,
            `shape` is that of the images behind pixels, and `groups` are those that the data set's entry lists.
        better: which way is better; none for what is shown and not ranked.
        symmetric: whether real and fake may be exchanged without changing the value.
        least: fewest samples it can score.
        role: what the study `sanity` expects of it; none where its checks have nothing to ask.
        spaces: patterns of the names of the feature spaces that it is defined in, such as `lpips-*`; none: all of them.
        unit: whether it is 1 where both sets are equal, so that its bounds can be checked and not only its shape.
        detects_copies: whether it is there to detect copies of training images, of which it is lower.
        suspicion: whether a low value is a reason to look closer at the samples. Those that a track has no column for
            are measured beside its columns.
        target: the value of a perfect generator where that is neither end of the range.
        asks: parameters that make another question of it, as `top` does of an accuracy: a value that is not the default
            stands in the key of its column, so that a track may have a column for each.
        parts: what it also has a value of: `class`, each class of the track's data set by its label; `group` or
            `subject`, each of those that the data set's entry lists; or attributes, by these names.
        part_range: the range of the parts, where it is another than that of the value.
        methods: what its intervals may say of how they were made, as a regular expression of all of it.
        interval: what its intervals are about, see `benchmarks.uncertainty`.
    """

    kind: ClassVar[str] = "metrics"
    noun: ClassVar[str] = "metric"
    name: str
    title: str
    version: int
    fn: MetricFunction
    reads: tuple[Input, ...] = ("real.features", "fake.features")
    better: Better | None
    range: tuple[float, float]
    summary: str
    paper: str
    symmetric: bool = False
    least: int = 2
    role: Role | None = None
    spaces: tuple[str, ...] = ()
    unit: bool = False
    detects_copies: bool = False
    suspicion: bool = False
    target: float | None = None
    params: Mapping[str, int | float | str] = field(default_factory=lambda: MappingProxyType({}))
    asks: tuple[str, ...] = ()
    parts: Literal["class", "group", "subject"] | tuple[str, ...] = ()
    part_range: tuple[float, float] | None = None
    methods: str
    interval: Literal["conditional", "population", "permutation"] = "conditional"

    def is_defined_in(self, space: str | None) -> bool:
        """Whether it is, in the feature space of that name; of a space without a name the caller answers for it."""
        return not self.spaces or space is None or any(fnmatchcase(space, pattern) for pattern in self.spaces)

    @property
    def path(self) -> str:
        """Where its function is, as `benchmarks.metrics.frechet:frechet_distance`."""
        return str(self.fn)
