"""Structural similarity of samples and the images that they should be. Higher is better."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from ...core.errors import BadFeatures
from ..uncertainty import Estimate
from .inputs import MetricInputs
from .pairs import mean, of_pairs

C1, C2 = 0.01**2, 0.03**2  # of pixel values in [0, 1], a range of 1


def ssim(inputs: MetricInputs, *, window: int = 11, sigma: float = 1.5) -> Estimate:
    """Mean over pairs, pixels and channels of the structural similarity in the window around a pixel.

    With the window's means, variances and covariance of the two images, weighted by a Gaussian,

        (2 m_x m_y + C1) (2 v_xy + C2) / ((m_x^2 + m_y^2 + C1) (v_x + v_y + C2)).

    1: the images are equal. Around it borders are reflected, so that every pixel has a window.

    Args:
        window: pixels on a side, an odd number; small images need a small one.
        sigma: standard deviation of the Gaussian, in pixels.

    Raises:
        BadFeatures: no such window, images not larger than half of it, or not as many targets as samples.

    Source: Wang et al. 2004, doi:10.1109/TIP.2003.819861, with C1 and C2 for a range of 1. torchmetrics, which ties the
    window to sigma as 2 int(3.5 sigma + 0.5) + 1, gives the same.
    """
    assert inputs.shape is not None
    height, width, channels = inputs.shape
    if window < 1 or window % 2 == 0 or not sigma > 0:
        raise BadFeatures(f"window = {window}, sigma = {sigma}", "the window is odd, and sigma above 0")
    if height * width * channels != inputs.fake.width:
        raise BadFeatures(f"{inputs.fake.width:,} features are no pixels of {width}x{height}x{channels}")
    if min(height, width) <= window // 2:
        raise BadFeatures(
            f"images of {width}x{height} are too small for a window of {window}", "give the metric a smaller window"
        )
    kernel = _gaussian(window, sigma)

    def similarity(x: Tensor, y: Tensor) -> Tensor:
        x, y = (v.view(-1, height, width, channels).permute(0, 3, 1, 2) for v in (x, y))
        m_x, m_y, s_x, s_y, s_xy = (_smooth(v, kernel.to(v.device)) for v in (x, y, x * x, y * y, x * y))
        v_x, v_y, v_xy = s_x - m_x * m_x, s_y - m_y * m_y, s_xy - m_x * m_y
        found: Tensor = (2 * m_x * m_y + C1) * (2 * v_xy + C2) / ((m_x * m_x + m_y * m_y + C1) * (v_x + v_y + C2))
        return found.mean(dim=(1, 2, 3))

    return mean(of_pairs(inputs.fake, inputs.pair, "targets", similarity), inputs.fake.labels)


def _gaussian(window: int, sigma: float) -> Tensor:
    """The weights along one side, shape (window,)."""
    at = torch.arange(window, dtype=torch.float64) - window // 2
    weights = torch.exp(-(at / sigma).square() / 2)
    return weights / weights.sum()


def _smooth(images: Tensor, kernel: Tensor) -> Tensor:
    """Weighted means in the window around every pixel, shape (n, c, h, w)."""
    n, channels, height, width = images.shape
    half = len(kernel) // 2
    x = F.pad(images.reshape(n * channels, 1, height, width), (half, half, half, half), mode="reflect")
    x = F.conv2d(F.conv2d(x, kernel.view(1, 1, -1, 1)), kernel.view(1, 1, 1, -1))
    return x.view(n, channels, height, width)
