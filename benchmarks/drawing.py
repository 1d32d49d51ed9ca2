"""A plan of samples, and the pixels of any part of it: sample i depends on the track's seed and on i alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import BadSamples
from ..files import digest_of
from ..registry.generators import LiveGenerator
from ..registry.generators.draws import Draw, draws
from ..registry.images import Images, describe
from ..registry.schema import Shape

PROTOCOL = 1
BATCH = 64
TWICE = 4  # samples that are drawn twice before all others
OUTSIDE_LIMIT = 0.05  # share of a batch's values below -0.5 or above 1.5; what overshoots a little is clamped

_RANGE = "give uint8 in 0..255, or floats in [0, 1]"


@dataclass(frozen=True)
class Plan:
    """Which samples: of which generator, how many, from which seed, of what shape."""

    generator: LiveGenerator
    seed: int
    n: int
    shape: Shape

    @property
    def spec(self) -> dict[str, Any]:
        """All that decides the samples, and nothing that does not."""
        return {
            "protocol": PROTOCOL,
            "generator": self.generator.identity,
            "block": self.generator.block,
            "seed": self.seed,
            "n": self.n,
            "shape": list(self.shape),
        }

    @property
    def spec_id(self) -> str:
        return digest_of(self.spec)


def draw(plan: Plan, start: int, stop: int, batch_size: int = BATCH) -> Images:
    """Samples start..stop of a plan, uint8."""
    parts = [to_uint8(array, plan, first) for first, array in _batches(plan, start, stop, batch_size)]
    return Images(np.concatenate(parts))


def refuse_unrepeatable(plan: Plan) -> None:
    """Draw the first few samples twice, in different batches, or the first block twice.

    Raises:
        BadSamples: a pixel differs by more than one grey level, which a network's last bits may do: then the samples
            depend on something else than seed and index, such as a global random state.
    """
    block = plan.generator.block
    first = draws(plan.seed, 0, block or min(TWICE, plan.n))
    again = first if block else first[::-1]
    once = to_uint8(_call(plan, first), plan, 0)
    twice = to_uint8(_call(plan, again), plan, 0)
    twice = twice if block else twice[::-1]
    off = np.abs(once.astype(np.int16) - twice) > 1
    if off.any():
        sample = int(np.argmax(off.any(axis=(1, 2, 3))))
        raise BadSamples(
            f"{plan.generator.name}: drawn twice, sample {sample} differs in {off[sample].mean():.0%} of its values",
            "a sample may depend on its own seed and label only: not on a global random state, nor on its batch",
        )


def _batches(plan: Plan, start: int, stop: int, batch_size: int) -> Iterator[tuple[int, NDArray[Any]]]:
    """What the generator gives for start..stop, cut from the aligned blocks it computes in."""
    block = plan.generator.block
    if block is None:
        for first in range(start, stop, batch_size):
            yield first, _call(plan, draws(plan.seed, first, min(first + batch_size, stop)))
        return
    for first in range(start // block * block, stop, block):
        # The whole block, also past the last sample: a shorter one may have other last bits.
        array = _call(plan, draws(plan.seed, first, first + block))
        low, high = max(start, first), min(stop, first + block)
        yield low, array[low - first : high - first]


def _call(plan: Plan, tickets: list[Draw]) -> NDArray[Any]:
    array = np.asarray(plan.generator.sample(tickets))
    name = plan.generator.name
    if array.ndim != 4 or len(array) != len(tickets):
        raise BadSamples(
            f"{name} gave an array of shape {array.shape} for {len(tickets)} samples",
            f"{len(tickets)} images of {describe(plan.shape)} are asked for at this point",
        )
    if array.shape[1:] != plan.shape:
        raise BadSamples(
            f"{name} gives images of shape {array.shape[1:]} (height, width, channels), the track's are {plan.shape}",
            "samples are measured as they are: nothing is resized",
        )
    return array


def to_uint8(array: NDArray[Any], plan: Plan, first: int) -> NDArray[np.uint8]:
    """uint8 as it is; floats in [0, 1] by clamp and round half up: floor(255 x + 1/2).

    Raises:
        BadSamples: another type, a NaN or an infinity, or floats that are clearly in another range: clamping them
            would make black images of a generator in [-1, 1], and nobody would know.
    """
    name = plan.generator.name
    if array.dtype == np.uint8:
        return np.asarray(array, np.uint8)
    if not np.issubdtype(array.dtype, np.floating):
        raise BadSamples(f"{name} gives {array.dtype} images", _RANGE)
    finite = np.isfinite(array).all(axis=(1, 2, 3))
    if not finite.all():
        raise BadSamples(f"{name}: sample {first + int(np.argmin(finite))} has NaN or infinite pixels", _RANGE)
    outside = float(np.mean((array < -0.5) | (array > 1.5)))
    if outside > OUTSIDE_LIMIT:
        raise BadSamples(
            f"{name} gives values from {array.min():.3g} to {array.max():.3g}, {outside:.0%} far outside [0, 1]",
            "give uint8 in 0..255, or floats in [0, 1]; for [-1, 1] return (x + 1) / 2",
        )
    scaled = np.clip(array.astype(np.float32), 0, 1) * np.float32(255)
    rounded: NDArray[np.uint8] = np.floor(scaled + np.float32(0.5)).astype(np.uint8)
    return rounded
