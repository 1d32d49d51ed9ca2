"""Sets of samples whose flaw is known: classes in other proportions, outliers, copies mixed in. Pure functions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from ...reference_stats.features import Measured

SHARES = (0.02, 0.1)  # of outliers in their set, beside none and a single one
TOWARDS = 0.75  # of the way to the outliers, that the other set is shifted
POINTS, WIDTH = 400, 64  # normal points in a set, and their dimension
FAR = 8.0  # standard deviations from their middle to the outliers

Mix = tuple[list[int], list[int]]  # samples of each class, and of its invented counterpart
Placing = tuple[str, bool, int]  # the side of the outliers, whether the other is shifted, and how many outliers


def mixed(*parts: tuple[Measured, Tensor]) -> Measured:
    """Samples put together from these rows of several sets of images."""
    logits = [one.logits[rows] for one, rows in parts if one.logits is not None]
    features = torch.cat([one.features[rows] for one, rows in parts])
    return Measured(None, features, torch.cat(logits) if len(logits) == len(parts) else None, None, "")


def mixes(counts: Sequence[int], n: int) -> dict[tuple[str, int], Mix]:
    """What n samples are at each level, classes being in the order in which they are altered.

    Args:
        counts: images of each class that there are.
    """
    classes, plain = len(counts), divided(n, counts)
    none = [0] * classes
    found = {(kind, 0): (plain, none) for kind in ("dropped", "thinned", "frequent", "invented")}
    # As many as leave enough images of the rest; and one class, at most, as often as it has images.
    droppable = max(d for d in range(classes) if sum(counts[d:]) >= n)
    for step in range(1, droppable + 1):
        found["dropped", step] = none[:step] + divided(n, counts[step:]), none
        # The same number of samples is missing, but of all the classes that are ever dropped.
        gone = sum(plain[:step]) / max(1, sum(plain[:droppable]))
        thin = [round(count * (1 - gone)) for count in plain[:droppable]]
        found["thinned", step] = thin + divided(n - sum(thin), counts[droppable:]), none
        # Each invented class is as large as a real one, and all together give way to it.
        left = [a - b for a, b in zip(plain, divided(sum(plain[:step]), plain), strict=True)]
        found["invented", step] = left, plain[:step] + none[step:]
    for step in range(1, classes):
        more = plain[0] * (1 + step)
        if more <= counts[0] and more < n:
            found["frequent", step] = [more, *divided(n - more, counts[1:])], none
    return found


def divided(n: int, shares: Sequence[int]) -> list[int]:
    """n in whole numbers in these proportions: the largest remainders are rounded up.

    >>> divided(10, [1, 1, 1])
    [4, 3, 3]
    """
    exact = [n * share / sum(shares) for share in shares]
    whole = [int(x) for x in exact]
    for i in sorted(range(len(shares)), key=lambda i: (whole[i] - exact[i], i))[: n - sum(whole)]:
        whole[i] += 1
    return whole


def normal_points(seed: int) -> tuple[Tensor, Tensor, Tensor]:
    """Real and generated points of one distribution, and outliers: far out in one direction, close together."""
    generator = torch.Generator().manual_seed(seed)
    real, fake, away = (torch.randn(POINTS, WIDTH, generator=generator) for _ in range(3))
    return real, fake, FAR * torch.ones(WIDTH) / WIDTH**0.5 + 0.1 * away


def with_outliers(real: Tensor, fake: Tensor, outliers: Tensor) -> Iterator[tuple[Placing, Tensor, Tensor]]:
    """Each level, with real and generated features: as many rows as before, the last replaced by outliers.

    The set without outliers may be shifted three quarters of the way from its middle to theirs.
    """
    counts = sorted({0, 1, *(round(len(real) * share) for share in SHARES)})
    for side, other in (("real", "generated"), ("generated", "real")):
        for shifted in (False, True):
            for count in counts:
                sets = {"real": real.clone(), "generated": fake.clone()}
                sets[side][len(real) - count :] = outliers[:count]
                if shifted:
                    sets[other] = sets[other] + TOWARDS * (outliers.mean(dim=0) - sets[other].mean(dim=0))
                yield (side, shifted, count), sets["real"], sets["generated"]
