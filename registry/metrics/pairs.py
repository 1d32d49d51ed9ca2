"""Each sample beside the image that belongs to it."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from ..resolve import lazy_modules
from .metric import Input, Metric

if TYPE_CHECKING:
    from ...benchmarks.metrics import pairs, structural
else:
    # On a floor above, and torch takes seconds: a function is imported when it is first called.
    globals().update(lazy_modules("benchmarks.metrics"))

_MEAN = "standard error of a mean"
_PAIRS: tuple[Input, ...] = ("pair.features", "fake.features")

ROWS = (
    Metric(
        name="pixel_distance",
        title="Pixel distance",
        version=1,
        fn=pairs.pixel_distance,
        reads=_PAIRS,
        better="lower",
        range=(0.0, float("inf")),
        spaces=("pixels",),
        summary="Mean absolute difference (L1) of pixel values in [0, 1] from the image that a sample should be.",
        paper="arXiv:1611.07004 (L1)",
        methods=_MEAN,
        params=MappingProxyType({"norm": "l1"}),
        asks=("norm",),
    ),
    Metric(
        name="psnr",
        title="PSNR",
        version=1,
        fn=pairs.psnr,
        reads=_PAIRS,
        better="higher",
        range=(-float("inf"), float("inf")),  # below 0 where values leave [0, 1] only
        spaces=("pixels",),
        summary="Peak signal-to-noise ratio in dB of samples and the images that they should be, the mean over pairs.",
        paper="doi:10.1109/ICPR.2010.579 (a survey)",
        methods=_MEAN,
    ),
    Metric(
        name="ssim",
        title="SSIM",
        version=1,
        fn=structural.ssim,
        reads=(*_PAIRS, "shape"),
        better="higher",
        range=(-1.0, 1.0),
        spaces=("pixels",),
        summary="Structural similarity of samples and the images that they should be, window by window.",
        paper="doi:10.1109/TIP.2003.819861",
        methods=_MEAN,
        params=MappingProxyType({"window": 11, "sigma": 1.5}),
    ),
    Metric(
        name="feature_distance",
        title="Feature distance",
        version=1,
        fn=pairs.feature_distance,
        reads=_PAIRS,
        better="lower",
        range=(0.0, float("inf")),
        summary="Mean distance of a sample's features from those of the image that it should be.",
        paper="arXiv:1602.02644",
        methods=_MEAN,
        params=MappingProxyType({"kind": "euclidean"}),
        asks=("kind",),
    ),
    Metric(
        name="lpips",
        title="LPIPS",
        version=1,
        fn=pairs.squared_distance,
        reads=_PAIRS,
        better="lower",
        range=(0.0, float("inf")),
        spaces=("lpips-*",),
        summary="Learned perceptual distance of samples from the images that they should be.",
        paper="arXiv:1801.03924",
        methods=_MEAN,
    ),
    Metric(
        name="content_distance",
        title="Content distance",
        version=1,
        fn=pairs.squared_distance,
        reads=_PAIRS,
        better="lower",
        range=(0.0, float("inf")),
        spaces=("content-*",),
        summary="Half the squared difference of a network's maps of a sample and of the image that it should be.",
        paper="arXiv:1508.06576",
        methods=_MEAN,
    ),
    Metric(
        name="style_distance",
        title="Style distance",
        version=1,
        fn=pairs.squared_distance,
        reads=_PAIRS,
        better="lower",
        range=(0.0, float("inf")),
        spaces=("style-*",),
        summary="Difference of the Gram matrices of a network's maps of a sample and of the image that it should be.",
        paper="arXiv:1508.06576",
        methods=_MEAN,
    ),
)
