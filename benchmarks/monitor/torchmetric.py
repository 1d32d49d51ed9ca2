"""Metrics of the table as objects of torchmetrics, for loops that have such; see `genboard.torchmetrics`."""

from __future__ import annotations

from copy import copy
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor
from torchmetrics import Metric
from torchmetrics.utilities import dim_zero_cat

from ...core.errors import BadFeatures, BadImages
from ...reference_stats.features import Measured, as_before
from ...registry.extractors import LiveExtractor, load_extractor
from ...registry.images import Images, image_keys
from ...registry.metrics import find_metric
from ..metrics.inputs import FeatureSet, MetricInputs
from ..result import MetricRecord
from ..scoring import score
from .tensors import images_of_tensor

Side = Literal["real", "fake"]
UNIT = (0.0, 1.0)
_HIGHER = {"higher": True, "lower": False, None: None}


class FeatureMetric(Metric):
    """A metric of samples, and of real images where it looks at such, in a feature space.

    As in torchmetrics there are `update(imgs, real=...)`, `compute()` and `reset()`, and ranks are put together. Other
    than there, values are float64, images are not resized unless the feature space says so, floats become uint8
    by rounding, and those outside [0, 1] are an error.

    Args:
        extractor: the feature space, by its name in the registry.
        reset_real_features: whether `reset` forgets the real images too.
        normalize: whether images are floats in [0, 1]; else they are uint8.
        params: of the metric, such as `{"k": 3}`.

    Raises:
        UnknownName: no such extractor.
        BadFeatures: the metric has no such parameter.
    """

    name: ClassVar[str]
    is_differentiable = False
    full_state_update = False

    def __init__(
        self,
        extractor: str = "inception-v3-tf2015",
        reset_real_features: bool = True,
        normalize: bool = False,
        params: dict[str, int | float | str] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.extractor, self.params = extractor, dict(params or {})
        self.reset_real_features, self.normalize = reset_real_features, normalize
        known = find_metric(self.name).params
        unknown = sorted(set(self.params) - set(known))
        if unknown:
            raise BadFeatures(f"{self.name} has no parameter {unknown[0]!r}", f"it has: {', '.join(known) or 'none'}")
        self._live: LiveExtractor | None = None
        for side in ("real", "fake"):
            for what in ("features", "logits", "keys", "waiting"):
                self.add_state(f"{side}_{what}", [], dist_reduce_fx="cat")

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.higher_is_better = _HIGHER[find_metric(cls.name).better]

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "_live": None}  # loaded again where it is needed

    def update(self, imgs: Tensor, real: bool) -> None:
        """Take in images, shape (n, 1 or 3, height, width).

        Raises:
            BadImages: another type, shape or range than was declared.
        """
        side: Side = "real" if real else "fake"
        if imgs.is_floating_point() != self.normalize:
            hint = "normalize=True takes floats in [0, 1], normalize=False uint8"
            raise BadImages(f"images of {imgs.dtype} with normalize={self.normalize}", hint)
        pixels = torch.from_numpy(images_of_tensor(imgs, UNIT, side).pixels)
        waiting = torch.cat([*(part.cpu() for part in getattr(self, f"{side}_waiting")), pixels])
        block = self._space.entry.block
        whole = len(waiting) // block * block
        for some in waiting[:whole].split(block):
            if len(some):
                self._keep(side, *self._rows_of(some))
        setattr(self, f"{side}_waiting", [waiting[whole:].to(self.device)])

    def compute(self) -> Tensor:
        """The value, float64.

        Raises:
            BadFeatures: these images do not suffice for it; it says why.
        """
        record = self.estimate()
        if record.value is None:
            raise BadFeatures(str(record.reason), "give more images, real and generated")
        return torch.tensor(record.value, dtype=torch.float64)

    def estimate(self) -> MetricRecord:
        """Value and interval, or the reasons why they are missing; of this rank alone, unless states are synced."""
        real, fake = self._measured("real"), self._measured("fake")
        if fake is None:
            raise BadFeatures("no generated images", "give them first: update(imgs, real=False)")
        known = [] if real is None else [real := as_before(real)]
        fake = as_before(fake, *known)
        there = None if real is None else FeatureSet(real.features, real.logits)
        inputs = MetricInputs(FeatureSet(fake.features, fake.logits), there)
        return score(find_metric(self.name), inputs, self.params, self.extractor).record

    def reset(self) -> None:
        """Forget all images; with `reset_real_features=False` those of the model only."""
        kept = {name: copy(getattr(self, name)) for name in self._defaults if name.startswith("real_")}
        super().reset()
        if not self.reset_real_features:
            for name, state in kept.items():
                setattr(self, name, state)

    @property
    def _space(self) -> LiveExtractor:
        if self._live is None or self._live.device != self.device:
            self._live = load_extractor(self.extractor, str(self.device))
        return self._live

    def _rows_of(self, pixels: Tensor) -> tuple[Tensor, Tensor | None, Tensor]:
        images = Images(pixels.numpy())
        features, logits = self._space.compute(images, "images")
        return features, logits, torch.from_numpy(image_keys(images))

    def _keep(self, side: Side, features: Tensor, logits: Tensor | None, keys: Tensor) -> None:
        for what, rows in (("features", features), ("logits", logits), ("keys", keys)):
            if rows is not None:
                getattr(self, f"{side}_{what}").append(rows.to(self.device))

    def _measured(self, side: Side) -> Measured | None:
        """The images of one side, those that wait for their block included; none if there are none."""
        found: dict[str, list[Tensor]] = {what: self._state(side, what) for what in ("features", "logits", "keys")}
        for some in (piece for part in self._state(side, "waiting") for piece in part.split(self._space.entry.block)):
            if len(some):
                for what, rows in zip(found, self._rows_of(some), strict=True):
                    found[what] = found[what] if rows is None else [*found[what], rows]
        if not found["features"]:
            return None
        logits = torch.cat(found["logits"]) if found["logits"] else None
        return Measured(None, torch.cat(found["features"]), logits, None, "", torch.cat(found["keys"]))

    def _state(self, side: Side, what: str) -> list[Tensor]:
        state = getattr(self, f"{side}_{what}")
        return [dim_zero_cat(state).cpu()] if len(state) else []


def metric_class(name: str) -> type[FeatureMetric]:
    """The class of any metric of the table.

    Raises:
        UnknownName: no such metric.
    """
    title = "".join(word.capitalize() for word in find_metric(name).name.split("_"))
    return type(title, (FeatureMetric,), {"name": name, "__doc__": FeatureMetric.__doc__})
