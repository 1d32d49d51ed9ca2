"""Distances within each class, and their mean over classes: whether a class that is asked for looks like itself."""

from __future__ import annotations

from ..uncertainty import Estimate
from .by_class import Found, OfClass, each_class, mean_of_classes
from .frechet import SAMPLES_PER_DIMENSION, frechet_distance
from .inputs import MetricInputs
from .kernel import kernel_distance


def intra_fd(inputs: MetricInputs) -> Estimate:
    """The Fréchet distance within each class, and the mean over classes. Lower is better.

    The distance of few samples is mostly bias, which depends on how many of a class there are: a class with fewer than
    4 samples a dimension has no value, and nor has the mean.

    Raises:
        BadFeatures: labels are missing, or one of a sample is none of the real images'.
        PartsOnly: a class has too few images.

    Source: Miyato and Koyama 2018, arXiv:1802.05637, who call it intra FID.
    """
    return mean_of_classes([_frechet(one) for one in each_class(inputs)], len(inputs.fake))


def intra_kid(inputs: MetricInputs, *, degree: int = 3, coefficient: float = 1.0) -> Estimate:
    """The kernel distance within each class, and the mean over classes. Lower is better.

    Unbiased with two images of a class on either side or more.

    Raises:
        BadFeatures: labels are missing, or one of a sample is none of the real images'.
        PartsOnly: a class has too few images.

    Source: that of `intra_fd` for the mean over classes, that of `kernel_distance` for the distance.
    """
    found = [_kernel(one, degree, coefficient) for one in each_class(inputs)]
    return mean_of_classes(found, len(inputs.fake))


def _frechet(one: OfClass) -> Found:
    n, d = one.samples.shape
    if n < SAMPLES_PER_DIMENSION * d:
        return Found(one, None, f"{n} samples of {d} features, at least {SAMPLES_PER_DIMENSION * d} are needed")
    return Found(one, None, _few(one)) if _few(one) else Found(one, frechet_distance(one.inputs))


def _kernel(one: OfClass, degree: int, coefficient: float) -> Found:
    if _few(one):
        return Found(one, None, _few(one))
    return Found(one, kernel_distance(one.inputs, degree=degree, coefficient=coefficient))


def _few(one: OfClass) -> str | None:
    """Why there is no distance of so few images; none if there are enough."""
    n, real = len(one.samples), len(one.real)
    return f"{n} samples and {real} real images, 2 of each are needed" if min(n, real) < 2 else None
