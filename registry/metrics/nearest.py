"""Each sample beside its nearest training image."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from ..resolve import lazy_modules
from .metric import Input, Metric

if TYPE_CHECKING:
    from ...benchmarks.metrics import nearest_pairs
else:
    # On a floor above, and torch takes seconds: a function is imported when it is first called.
    globals().update(lazy_modules("benchmarks.metrics"))

_MEAN = "standard error of a mean"
_NEAREST: tuple[Input, ...] = ("train.features", "fake.features")

ROWS = (
    Metric(
        name="nearest_pixel_distance",
        title="Pixel distance to the nearest training image",
        version=1,
        fn=nearest_pairs.nearest_pixel_distance,
        reads=_NEAREST,
        better=None,
        range=(0.0, float("inf")),
        spaces=("pixels",),
        summary="The pixel distance from the nearest training image; 0 for copies.",
        paper="arXiv:1611.07004 (L1)",
        methods=_MEAN,
        params=MappingProxyType({"norm": "l1"}),
    ),
    Metric(
        name="nearest_psnr",
        title="PSNR with the nearest training image",
        version=1,
        fn=nearest_pairs.nearest_psnr,
        reads=_NEAREST,
        better=None,
        range=(-float("inf"), float("inf")),
        spaces=("pixels",),
        summary="The peak signal-to-noise ratio with the nearest training image; high for copies.",
        paper="doi:10.1109/ICPR.2010.579 (a survey)",
        methods=_MEAN,
    ),
    Metric(
        name="nearest_ssim",
        title="SSIM with the nearest training image",
        version=1,
        fn=nearest_pairs.nearest_ssim,
        reads=(*_NEAREST, "shape"),
        better=None,
        range=(-1.0, 1.0),
        spaces=("pixels",),
        summary="The structural similarity with the nearest training image; 1 for copies.",
        paper="doi:10.1109/TIP.2003.819861",
        methods=_MEAN,
        params=MappingProxyType({"window": 11, "sigma": 1.5}),
    ),
    Metric(
        name="nearest_feature_distance",
        title="Feature distance to the nearest training image",
        version=1,
        fn=nearest_pairs.nearest_feature_distance,
        reads=_NEAREST,
        better=None,
        range=(0.0, float("inf")),
        summary="The feature distance from the nearest training image; 0 for copies. `nn_ratio` gives it a scale.",
        paper="arXiv:1602.02644",
        methods=_MEAN,
        params=MappingProxyType({"kind": "euclidean"}),
    ),
    Metric(
        name="nearest_lpips",
        title="LPIPS to the nearest training image",
        version=1,
        fn=nearest_pairs.nearest_squared_distance,
        reads=_NEAREST,
        better=None,
        range=(0.0, float("inf")),
        spaces=("lpips-*",),
        summary="The learned perceptual distance from the nearest training image; 0 for copies.",
        paper="arXiv:1801.03924",
        methods=_MEAN,
    ),
    Metric(
        name="nearest_content_distance",
        title="Content distance to the nearest training image",
        version=1,
        fn=nearest_pairs.nearest_squared_distance,
        reads=_NEAREST,
        better=None,
        range=(0.0, float("inf")),
        spaces=("content-*",),
        summary="The content distance from the nearest training image; 0 for copies.",
        paper="arXiv:1508.06576",
        methods=_MEAN,
    ),
    Metric(
        name="nearest_style_distance",
        title="Style distance to the nearest training image",
        version=1,
        fn=nearest_pairs.nearest_squared_distance,
        reads=_NEAREST,
        better=None,
        range=(0.0, float("inf")),
        spaces=("style-*",),
        summary="The style distance from the training image that is nearest by it; 0 for copies.",
        paper="arXiv:1508.06576",
        methods=_MEAN,
    ),
)
