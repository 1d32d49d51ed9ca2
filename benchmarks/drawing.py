"""A plan of samples, and the pixels of any part of it: sample i depends on the track's seed and on i alone.

On a track that asks for something it depends on what is asked of it too, which the plan fixes: see `asked.py`.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..core.errors import BadSamples
from ..core.serialization import digest_of
from ..registry.generators import LiveGenerator
from ..registry.generators.draws import Draw, draws
from ..registry.images import Images, describe
from ..registry.memory import out_of_memory
from ..registry.schema import Shape
from .asked import Asked

PROTOCOL = 1
BATCH = 64
TWICE = 4  # samples that are drawn twice before all others, or one block
OUTSIDE_LIMIT = 0.05  # share of a batch's values below -0.5 or above 1.5; what overshoots a little is clamped
TRIED = 0.02  # share of the samples that may be drawn once more to find out whether larger batches are faster
FASTER = 0.9  # of the time a sample took, at most, for a larger batch to be worth it
LARGEST = 2**26  # bytes of float32 images that a batch grows to by itself

_RANGE = "give uint8 in 0..255, or floats in [0, 1]"


@dataclass(frozen=True)
class Plan:
    """Which samples: of which generator, how many, from which seed, of what shape, and what is asked of each."""

    generator: LiveGenerator
    seed: int
    n: int
    shape: Shape
    asked: Asked = field(default_factory=Asked)

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
            **self.asked.digests,
        }

    @property
    def spec_id(self) -> str:
        return digest_of(self.spec)

    def draws(self, start: int, stop: int) -> list[Draw]:
        return draws(self.seed, start, stop, self.asked.labels, self.asked.captions, self.asked.conditions)

    def images(self, start: int, pixels: NDArray[np.uint8]) -> Images:
        """Those pixels with the labels and captions of the samples from `start` on."""
        return Images(pixels, *self.asked.told(start, start + len(pixels)))


class Drawer:
    """Draws the samples of a plan in whatever pieces are asked for; what is drawn past a piece's end is kept for it.

    A generator with a block computes whole blocks, one at a time. Any other is asked for a batch at a time. Where no
    batch size is given it grows as long as larger batches give the same bits and are faster; where memory runs out it
    is halved.
    """

    def __init__(self, plan: Plan, batch_size: int | None = None) -> None:
        if batch_size is not None and batch_size < 1:
            raise BadSamples(f"a batch of {batch_size} samples", "use --batch-size 1 or more")
        self.plan = plan
        self.size = plan.generator.block or batch_size or BATCH
        self._growing = plan.generator.block is None and batch_size is None
        self._may_try = int(plan.n * TRIED)
        self._room = TWICE  # samples that certainly fit into memory beside what is drawn for the first time
        self._first, self._held = 0, self._nothing()

    def draw(self, start: int, stop: int, limit: int | None = None) -> Images:
        """Samples start..stop, uint8.

        Args:
            limit: samples up to this one will be asked for next, so that a batch may reach so far; `stop` by default.

        Raises:
            ValueError: the plan has not so many samples.
            BadSamples: the generator gives something else than images of the plan's shape, or memory runs out.
        """
        if not 0 <= start <= stop <= self.plan.n:
            raise ValueError(f"samples {start} to {stop} of a plan of {self.plan.n}")
        parts, at = [self._nothing()], start
        while at < stop:
            if not self._first <= at < self._first + len(self._held):
                self._held = self._nothing()  # before the next batch needs its memory
                self._first, array = self._compute(at, max(stop, limit or stop))
                self._held = to_uint8(array[: self.plan.n - self._first], self.plan, self._first)
            parts.append(self._held[at - self._first : stop - self._first])
            at += len(parts[-1])
        return self.plan.images(start, np.concatenate(parts))

    def refuse_unrepeatable(self, wanted: bool = True) -> Images:
        """The first samples, after some of them were drawn again, in another batch.

        Args:
            wanted: they are asked for next, so a whole batch is drawn and kept.

        Raises:
            BadSamples: a pixel differs by more than one grey level, which a network's last bits may do: then the
                samples depend on something else than seed and index, such as a global random state, or ignore them.
        """
        plan, block = self.plan, self.plan.generator.block
        once = self.draw(0, min(plan.n, block or (self.size if wanted else TWICE)), plan.n if wanted else None).pixels
        if self._first:  # memory was short, and they came in several batches
            self._first, self._held = 0, once
        again = plan.draws(0, block or min(self._room, max(2, plan.n)))
        twice = to_uint8(_call(plan, again[::-1]), plan, 0)
        if _apart(once, twice[::-1]) is not None and block and _apart(once, twice) is not None:
            # A network may look at its whole block: in the block's own order it must give the same.
            twice = to_uint8(_call(plan, again), plan, 0)[::-1]
        sample = _apart(once, twice[::-1])
        if sample is not None:
            off = np.abs(once[sample].astype(np.int16) - twice[::-1][sample]) > 1
            raise BadSamples(
                f"{plan.generator.name} is not deterministic: drawn twice, sample {sample} differs in "
                f"{off.mean():.0%} of its values",
                "a sample may depend only on its seed and label, not on a global random state or its batch",
            )
        return plan.images(0, once)

    def _nothing(self) -> NDArray[np.uint8]:
        return np.empty((0, *self.plan.shape), np.uint8)

    def _compute(self, at: int, limit: int) -> tuple[int, NDArray[Any]]:
        """What the generator gives for a batch that holds sample `at`, and the batch's first sample."""
        block = self.plan.generator.block
        if block is not None:
            # The whole block, also past the last sample: a shorter one may have other last bits.
            first = at // block * block
            return first, self._within_memory(first, first + block)[0]
        array, seconds = self._within_memory(at, min(at + self.size, limit))
        while self._growing and len(array) == self.size:
            array, seconds = self._tried(at, limit, array, seconds)
        return at, array

    def _within_memory(self, first: int, stop: int) -> tuple[NDArray[Any], float]:
        """What the generator gives for these samples, or for the first of them if memory has no room for all."""
        while True:
            started = time.perf_counter()
            try:
                array = _call(self.plan, self.plan.draws(first, stop))
            except Exception as e:
                if not out_of_memory(e):
                    raise
                if self.plan.generator.block is not None or stop - first == 1:
                    raise self._no_room() from e
            else:
                return array, time.perf_counter() - started
            # Outside the handler, where the error no longer holds the failed batch.
            stop = first + (stop - first) // 2
            self.size, self._growing = stop - first, False
            self._room = min(TWICE, self.size)

    def _tried(self, at: int, limit: int, array: NDArray[Any], seconds: float) -> tuple[NDArray[Any], float]:
        """The same batch twice as long, if that is allowed, gives the same bits and is faster; else as it is."""
        size, larger = self.size, 2 * self.size
        room = larger * int(np.prod(self.plan.shape)) * 4 <= LARGEST
        self._growing = False
        if not room or at + larger > limit or size > self._may_try:
            return array, seconds
        self._may_try -= size
        started = time.perf_counter()
        try:
            both = _call(self.plan, self.plan.draws(at, at + larger))
        except Exception as e:
            if not out_of_memory(e):
                raise
            return array, seconds
        taken = time.perf_counter() - started
        if both.dtype != array.dtype or both[:size].tobytes() != array.tobytes():
            return array, seconds
        if taken / larger <= FASTER * seconds / size:
            self.size, self._growing = larger, True
        return both, taken

    def _no_room(self) -> BadSamples:
        name, block = self.plan.generator.name, self.plan.generator.block
        if block is None:
            return BadSamples(
                f"{name}: out of memory drawing a single sample", "free some memory, or use another --device"
            )
        return BadSamples(
            f"{name}: out of memory computing a single block of {block} samples",
            "free some memory, or use another --device; the block is part of the protocol and cannot shrink",
        )


def draw(plan: Plan, start: int, stop: int, batch_size: int | None = None) -> Images:
    """Samples start..stop of a plan, uint8."""
    return Drawer(plan, batch_size).draw(start, stop)


def _apart(once: NDArray[np.uint8], twice: NDArray[np.uint8]) -> int | None:
    """The first sample that both hold and that differs by more than one grey level."""
    both = min(len(once), len(twice))
    off = (np.abs(once[:both].astype(np.int16) - twice[:both]) > 1).any(axis=(1, 2, 3))
    return int(np.argmax(off)) if off.any() else None


def _call(plan: Plan, tickets: list[Draw]) -> NDArray[Any]:
    array = np.asarray(plan.generator.sample(tickets))
    name = plan.generator.name
    if array.ndim != 4 or len(array) != len(tickets):
        raise BadSamples(
            f"{name} returned an array of shape {array.shape} for {len(tickets)} samples",
            f"return {len(tickets)} images of {describe(plan.shape)}",
        )
    if array.shape[1:] != plan.shape:
        raise BadSamples(
            f"{name} gives images of shape {array.shape[1:]} (height, width, channels), the track needs {plan.shape}",
            "return images of the track's size; nothing is resized",
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
