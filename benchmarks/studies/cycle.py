"""Study `cycle`: does an image that a generator translated, and translates back, return as it was?

It is a study and no column of a track. The way back is a second network, which few generators offer, and the error is
one of both: a result is recomputed from its samples alone. Here the second starts from the stored samples, so that the
same samples and weights give the same error.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np
import torch

from ...core.errors import BadStudy, GenboardError
from ...registry.catalog import entries, tracks_of
from ...registry.generators import LiveGenerator, load_generator
from ...registry.images import Pixels, read_all
from ...registry.schema import Generator
from ..asked import Asked, answers
from ..drawing import Plan, draw
from ..metrics.inputs import MetricInputs
from ..metrics.pairs import pixel_distance
from .context import StudyContext
from .table import Row, Table

NOISE = (0, 2, 8, 32)  # standard deviation in grey levels
SENT = ("sample", "right answer")


def run(context: StudyContext, seed: int) -> list[Row]:
    rows: list[Row] = []
    ways = _taking(context)
    for name in context.each(list(ways)):
        found = context.attempt(name, partial(_rows, context, name, ways[name], seed))
        if not isinstance(found, GenboardError):
            rows += found
    return rows


def _taking(context: StudyContext) -> dict[str, Generator]:
    """The ways back of the generators that offer one.

    Raises:
        BadStudy: one that was named offers none, or nothing is left.
    """
    known, taking = entries(Generator), {}
    for name in context.generators:
        back = known[name].way_back if name in known else None
        if back is not None:
            taking[name] = back
            continue
        context.left_out[name] = "offers no way back"
        if context.named:
            own = [n for n, e in known.items() if e.way_back and context.track.name in tracks_of(e)]
            raise BadStudy(f"generator {name!r} {context.left_out[name]}", _hint(own))
    if not taking:
        raise BadStudy(f"no generator on track {context.track.name!r} offers a way back", _hint([]))
    return taking


def _hint(names: Sequence[str]) -> str:
    if names:
        return f"name some that do: {', '.join(names)}"
    return "this study needs an image-to-image generator whose entry has `source.back`"


def _rows(context: StudyContext, name: str, back: Generator, seed: int) -> list[Row]:
    live = load_generator(back, context.track, device=context.device)
    decides = {"plan": context.plan(name).spec, "back": dict(live.identity), "noise": NOISE, "seed": seed}
    decides |= {"block": live.block, **context.space_identity()}  # whose reference is of the same images
    found: list[Row] = context.part("cycle", name, decides, partial(_returned, context, name, live, seed))
    return found


def _returned(context: StudyContext, name: str, live: LiveGenerator, seed: int) -> list[Row]:
    """The error at each noise, of a generator's samples and of the right answers in their place."""
    track, right = context.track, answers(context.track, context.n)
    assert right.conditions is not None
    images = dict(zip(SENT, (read_all(context.source(name)[0]).pixels, right.pixels), strict=True))
    rows: list[Row] = []
    for sent, pixels in images.items():
        for noise, shown in noised(pixels, seed):
            plan = Plan(live, track.seed, context.n, context.dataset.shape, Asked(conditions=shown))
            error = cycle_error(draw(plan, 0, context.n).pixels, right.conditions)
            rows.append({"what": "value", "generator": name, "sent": sent, "noise": noise, "n": context.n, **error})
    return rows


def noised(pixels: Pixels, seed: int) -> Iterator[tuple[int, Pixels]]:
    """The images with normal noise of each of `NOISE`, the same numbers times its size."""
    numbers = np.random.Generator(np.random.Philox(seed)).standard_normal(pixels.shape)
    for noise in NOISE:
        yield noise, np.floor((pixels + noise * numbers).clip(0, 255) + 0.5).astype(np.uint8)


def cycle_error(returned: Pixels, asked: Pixels) -> Row:
    """The mean over images of the mean absolute difference of pixel values in [0, 1], with its interval over images."""
    fake, pair = (torch.from_numpy(x.reshape(len(x), -1) / 255) for x in (returned, asked))
    estimate = pixel_distance(MetricInputs(fake, pair=pair))
    u = estimate.uncertainty
    assert u is not None
    return {"value": estimate.value, "se": u.se, "lo": u.lo, "hi": u.hi}


def verdict(table: Table) -> list[str]:
    return [_said(table, name) for name in table.seen("generator", "value")]


def _said(table: Table, name: str) -> str:
    still, noisy = ([f"{error_at(table, name, sent, x)['value']:.3f}" for sent in SENT] for x in NOISE[:2])
    return (
        f"{name}: its samples return at a mean error of {still[0]}, the right answers in their place at {still[1]}; "
        f"with noise of {NOISE[1]} grey levels at {noisy[0]} and {noisy[1]}."
    )


def error_at(table: Table, name: str, sent: str, noise: int) -> Row:
    """The row of a generator, of what was sent back and of the noise on it."""
    return next(table.of("value", generator=name, sent=sent, noise=noise))
