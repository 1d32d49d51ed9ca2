"""CLIP score: does an image show what its caption says? Higher is better."""

from __future__ import annotations

from ..uncertainty import Estimate
from .inputs import MetricInputs
from .pairs import cosine, mean, of_pairs


def clip_score(inputs: MetricInputs, *, scale: float = 100.0) -> Estimate:
    """`scale` times the mean over samples of the cosine of image and caption, 0 where it is negative.

    Args:
        scale: 100, or the 2.5 of the paper.

    Raises:
        BadFeatures: not as many captions as samples, features of another width, or a feature that is all zeros.

    Source: Hessel et al. 2021, arXiv:2104.08718. torchmetrics clips the mean instead of each cosine: the two are equal
    where no cosine is negative.
    """
    cosines = of_pairs(inputs.fake, inputs.caption, "captions", cosine)
    return mean(scale * cosines.clamp(min=0), inputs.fake.labels)
