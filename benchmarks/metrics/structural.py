"""Structural similarity of samples and the images that they should be. Higher is better."""

from __future__ import annotations

import torch
from torch import Tensor

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
    device = inputs.fake.features.device
    down, across = (_smoothing(side, window, sigma).to(device) for side in (height, width))

    def similarity(x: Tensor, y: Tensor) -> Tensor:
        x, y = (v.view(-1, height, width, channels).permute(0, 3, 1, 2).contiguous() for v in (x, y))
        m_x, m_y, s_x, s_y, s_xy = (down @ v @ across.T for v in (x, y, x * x, y * y, x * y))
        v_x, v_y, v_xy = s_x - m_x * m_x, s_y - m_y * m_y, s_xy - m_x * m_y
        found: Tensor = (2 * m_x * m_y + C1) * (2 * v_xy + C2) / ((m_x * m_x + m_y * m_y + C1) * (v_x + v_y + C2))
        return found.mean(dim=(1, 2, 3))

    return mean(of_pairs(inputs.fake, inputs.pair, "targets", similarity), inputs.fake.labels)


def _smoothing(side: int, window: int, sigma: float) -> Tensor:
    """What smooths a line of so many pixels, shape (side, side): row i has the weights around pixel i."""
    offsets = torch.arange(window) - window // 2
    weights = torch.exp(-(offsets.to(torch.float64) / sigma).square() / 2)
    inside = (torch.arange(side)[:, None] + offsets).abs()
    inside = side - 1 - (side - 1 - inside).abs()  # reflected at either end
    matrix = torch.zeros(side, side, dtype=torch.float64)
    return matrix.scatter_add_(1, inside, (weights / weights.sum()).expand(side, window))
