"""What metrics read: sets of features, and what several metrics make of them in one pass."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property, partial
from typing import TYPE_CHECKING, TypeVar, cast
from weakref import WeakKeyDictionary

from torch import Tensor

from ...core.errors import BadFeatures
from ...reference_stats.moments import Gaussian, Moments
from ...registry.schema import Shape
from ..feature_files import Placed, together
from ..neighbours import Neighbours
from ..neighbours.nearest_pass import nearest_on, to_other_on
from ..neighbours.tile_pass import count_on
from .distances import nearest, to_other

if TYPE_CHECKING:
    from .grouping import Grouping

T = TypeVar("T")


class FeatureSet:
    """What is known of one set of images in a feature space. What is absent is refused when it is read.

    Args:
        features: float, shape (n, d).
        logits: of the extractor's classifier, shape (n, classes).
        labels: shape (n,). Of samples they are those asked of the generator, and every draw has as many of each.
        captions: n texts. Of samples they are those asked of the generator.
        moments: of all images, where these are more than the features here; by default those of the features.
        centres: of the features' cells, shape (cells, d), where they were stored.
        count: of the images behind moments that somebody else fitted, where that is known.
        placed: where workers see the features, if they do: then workers compare them with others that are placed.
        device: where they are compared with others in this process; by default where they lie.

    Attributes:
        labels, captions, centres, placed, device: as given, or none.
        count: how many images the moments are of; none where that is not known.
    """

    def __init__(
        self,
        features: Tensor | None = None,
        logits: Tensor | None = None,
        labels: Tensor | None = None,
        moments: Gaussian | None = None,
        centres: Tensor | None = None,
        count: int | None = None,
        captions: Sequence[str] | None = None,
        placed: Placed | None = None,
        device: str | None = None,
    ) -> None:
        self.labels, self.captions, self.centres, self.placed = labels, captions, centres, placed
        self.device = device
        self._features = features if placed is None else placed.file.mapped()
        self._logits, self._moments = logits, moments
        self._nearest: WeakKeyDictionary[FeatureSet, tuple[Tensor, Tensor]] = WeakKeyDictionary()
        if moments is None:
            count = len(self)
        self.count = moments.n if isinstance(moments, Moments) else count

    def __len__(self) -> int:
        """How many features there are, or logits where there are none."""
        rows = self._features if self._features is not None else self._logits
        return 0 if rows is None else len(rows)

    @property
    def features(self) -> Tensor:
        """float, shape (n, d)."""
        return _there(self._features, "features")

    @property
    def logits(self) -> Tensor:
        """float, shape (n, classes)."""
        return _there(self._logits, "logits")

    @cached_property
    def moments(self) -> Gaussian:
        """Mean and covariance: as given, or worked out when they are first read."""
        return self._moments if self._moments is not None else Moments.of(self.features)

    @property
    def width(self) -> int:
        """d, of the features or of the moments."""
        return len(self.moments.mean) if self._features is None else self._features.shape[1]

    def has(self, what: str) -> bool:
        """Whether `features`, `logits`, `labels`, `captions` or `moments` are there; two features give moments."""
        if what == "moments":
            return self._moments is not None or (self._features is not None and len(self._features) > 1)
        there: dict[str, object] = {
            "features": self._features,
            "logits": self._logits,
            "labels": self.labels,
            "captions": self.captions,
        }
        return there[what] is not None

    def nearest(self, queries: FeatureSet) -> tuple[Tensor, Tensor]:
        """Distance of each query to its nearest feature here, and that one's index; the search is made once."""
        if queries not in self._nearest:
            found = together(self.placed, queries.placed)
            self._nearest[queries] = (
                nearest_on(*found) if found else nearest(self.features, queries.features, queries.device)
            )
        return self._nearest[queries]

    def to_other(self, rows: Tensor, k: int = 1) -> Tensor:
        """Distance of these features to their k-th nearest other one, shape of `rows`."""
        found = together(self.placed, self.placed, rows=len(rows))
        if found is None:
            return to_other(self.features, rows, k, self.device)
        return to_other_on(found[0], found[1], rows, k).sqrt()


class MetricInputs:
    """All that a metric may read: every metric is a function of these inputs and of its own parameters by name.

    Its row in `registry/metrics/` lists under `reads` what it cannot do without, as `real.features`; where that is
    absent the metric is not called. What several metrics share is worked out when the first of them asks: `neighbours`,
    `FeatureSet.nearest`, and by `once` anything else. To share across inputs, give them the same `FeatureSet`.

    A metric of another kind needs no other signature: what it reads becomes one more attribute here, absent by default,
    and one more name in `Input`.

    - Labels and captions asked for are there already, as `fake.labels` and `fake.captions`.
    - Ratings: what people answered, with the rows of `fake` that they saw.

    Attributes:
        fake: the samples.
        real: what the column is measured against, the reference or the training images.
        train: the training images.
        reference: real images that training has not seen.
        held_out: real images that neither training nor a comparison with the reference has seen.
        pair: the images that the samples should be, row i that of sample i.
        caption: the texts asked of the samples, in the space that image and text share, row i that of sample i.
        shape: height, width and channels of the images, where the features are their pixels.
        groups: the groups that the classes of the images make up.
        k: the largest number of neighbours that several metrics ask for: one pass serves them all.
    """

    def __init__(
        self,
        fake: FeatureSet | Tensor,
        real: FeatureSet | Tensor | None = None,
        *,
        train: FeatureSet | Tensor | None = None,
        reference: FeatureSet | Tensor | None = None,
        held_out: FeatureSet | Tensor | None = None,
        pair: FeatureSet | Tensor | None = None,
        caption: FeatureSet | Tensor | None = None,
        shape: Shape | None = None,
        groups: Grouping | None = None,
        k: int = 1,
    ) -> None:
        self.fake, self.real = _set(fake), _set(real)
        self.train, self.reference, self.held_out = _set(train), _set(reference), _set(held_out)
        self.pair, self.caption = _set(pair), _set(caption)
        self.shape, self.groups = shape, groups
        self.k = k
        self._passes: dict[int, Neighbours] = {}
        self._found: dict[Callable[[MetricInputs], object], object] = {}

    def has(self, name: str) -> bool:
        """Whether an input is there, by a name as `real.features`, `shape` or `groups`."""
        if name in ("shape", "groups"):
            return getattr(self, name) is not None
        side, _, what = name.partition(".")
        return bool(getattr(self, side).has(what))

    def neighbours(self, k: int) -> Neighbours:
        """The pass over real features and samples, for `k` neighbours and more."""
        most = max(k, self.k)
        if most not in self._passes:
            found = together(self.real.placed, self.fake.placed)
            count = None if found is None else partial(count_on, *found)
            real, fake, labels = self.real.features, self.fake.features, self.fake.labels
            self._passes[most] = Neighbours(real, fake, most, labels=labels, count=count, device=self.fake.device)
        return self._passes[most]

    def once(self, work: Callable[[MetricInputs], T]) -> T:
        """What a function makes of these inputs: worked out for the first metric that asks, kept for the others."""
        if work not in self._found:
            self._found[work] = work(self)
        return cast(T, self._found[work])


def _set(given: FeatureSet | Tensor | None) -> FeatureSet:
    return given if isinstance(given, FeatureSet) else FeatureSet(given)


def _there(given: Tensor | None, what: str) -> Tensor:
    if given is None:
        raise BadFeatures(f"the {what} are missing", "name every input of a metric in `reads` of its row")
    return given
