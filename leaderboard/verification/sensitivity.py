"""By how much a result's numbers move when its samples are changed as another machine may change them.

Another processor's networks differ in their last bits. That moves features by some units in the last place, and tips a
sample's value over to the next grey level here and there. Where an exact tie, or a near one, then goes the other way, a
count moves by one. How much of this a column feels is measured, not assumed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from ...benchmarks.result import MetricRecord
from ...benchmarks.runner import Options
from ...benchmarks.scoring import score_track
from ...benchmarks.track_references import answers_of, references_of
from ...reference_stats.features import Measured, measure
from ...registry.conversions import converted
from ...registry.extractors import load_extractor
from ...registry.images import Images, ImageSource
from ...registry.schema import Track
from .tolerance import FIELDS, Movement, numbers, part_numbers

DRAWS = 4
ULPS = 8  # units in the last place: what the sums of a network's layers may be apart between machines


def sensitivity(samples: ImageSource, track: Track, options: Options, share: float) -> dict[str, Movement]:
    """The largest movement of each column's numbers over a few random changes.

    Args:
        samples: those that were drawn again.
        share: of all pixel values, how many are moved by one grey level; 0 moves features alone.
    """
    how = options.device, options.precision
    references = references_of(track, *how, runtime=options.runtime)
    spaces = {name: load_extractor(name, *how, options.runtime) for name in track.extractors}

    def measured(images: ImageSource) -> dict[str, Measured]:
        return {
            name: measure(converted(images, track.conversions.get(name, ())), space, moments=False)
            for name, space in spaces.items()
        }

    plain, answers = measured(samples), answers_of(track, samples.count, spaces)
    before = {
        one.record.key: one.record for one in score_track(track, plain, references, answers, device=options.device)
    }
    found: dict[str, Movement] = {}
    for draw in range(DRAWS):
        changed = measured(tipped(samples, share, draw)) if share else plain
        moved = {name: rounded(one, draw) for name, one in changed.items()}
        again = score_track(track, moved, references, answers, device=options.device)
        for record in (one.record for one in again):
            found[record.key] = _larger(found.get(record.key, Movement()), before[record.key], record)
    return found


def tipped(samples: ImageSource, share: float, seed: int) -> ImageSource:
    """The images with that share of their values one grey level higher or lower, chosen by image index and seed."""

    def read(start: int, stop: int) -> Images:
        images = samples.read(start, stop)
        pixels = images.pixels.astype(np.int16)
        for place, i in enumerate(range(start, stop)):
            rng = np.random.Generator(np.random.Philox(key=np.array([seed, i], np.uint64)))
            chosen = rng.random(pixels.shape[1:]) < share
            pixels[place] += np.where(chosen, rng.choice((-1, 1), pixels.shape[1:]), 0).astype(np.int16)
        return replace(images, pixels=pixels.clip(0, 255).astype(np.uint8))

    return ImageSource(samples.name, samples.count, read)


def rounded(measured: Measured, seed: int) -> Measured:
    """Features and logits moved by up to `ULPS` units in the last place of the row's largest; equal images alike."""

    def moved(x: Tensor | None) -> Tensor | None:
        if x is None:
            return None
        generator = torch.Generator().manual_seed(seed)
        steps = (2 * torch.rand(x.shape, generator=generator, dtype=x.dtype) - 1) * ULPS
        if measured.keys is not None:
            _, kind = measured.keys.unique(return_inverse=True)
            steps = steps[kind]
        scale = torch.finfo(x.dtype).eps * x.abs().amax(dim=1, keepdim=True)
        # A feature that is exactly zero was cut off there, and stays.
        return torch.where(x == 0, x, x + steps * scale)

    features = moved(measured.features)
    assert features is not None
    return replace(measured, features=features, logits=moved(measured.logits))


def _larger(so_far: Movement, before: MetricRecord, now: MetricRecord) -> Movement:
    a, b = numbers(before), numbers(now)
    apart: Mapping[str, float] = {name: abs(a[name] - b[name]) for name in a if name in b}
    c, d = part_numbers(before), part_numbers(now)
    part = max([so_far.part, *(abs(c[key] - d[key]) for key in c if key in d)])
    return Movement(**{name: max(getattr(so_far, name), apart.get(name, 0.0)) for name in FIELDS}, part=part)
