"""How much coverage varies: balls share samples, and close to full cover most of them have one anyhow.

The spread over half-samples would be that of half as many samples, which cover far less: two to three times too wide
near full cover. But independent parts, as fresh draws of their size are, show how the variance relates to that of as
many independent balls, and that ratio moves slowly with the number of samples.
"""

from __future__ import annotations

import numpy as np
import torch

from ..neighbours import Members
from ..neighbours.random_partition import column_counts, enough, quarters
from ..uncertainty import effective_df

FEWEST = 8  # samples that can be split into quarters of two


def clustering(
    members: Members, n_real: int, n_fake: int, k: int, labels: torch.Tensor | None, seed: int
) -> tuple[float, float]:
    """The variance of coverage over that of a share of independent balls, and its degrees of freedom.

    Halves and quarters of the samples are disjoint, so the differences between their coverages have the variance of
    coverage at half and a quarter of the samples, whatever the overlap of the balls. Over p (1 - p) / n that falls
    with more samples, by less at each doubling: from half to all of them by the root of what it does from a quarter to
    half. In simulation this leaves the standard error right to 1.2 times too wide.

    Args:
        members: generated rows in the real rows' balls.
        labels: of the generated rows, where there are so many of each in every draw.
    """
    inside = members.k <= k
    real, fake = members.real[inside], members.fake[inside]
    order = real.argsort(stable=True).cpu()
    column = fake.cpu()[order].numpy()
    _, first = np.unique(real.cpu()[order].numpy(), return_index=True)
    spread, cover = torch.zeros(2, dtype=torch.float64), torch.zeros(2, dtype=torch.float64)  # of halves, of quarters
    words = 2 * enough(n_fake)
    for parts in quarters(n_fake, words, seed, labels) if len(first) else ():
        met = np.bitwise_or.reduceat(parts[:, column], first, axis=1)
        for i, some in enumerate((met[::2] | met[1::2], met)):
            shares = column_counts(some) / n_real
            spread[i] += float(shares.var(axis=0, ddof=1).mean()) / words
            cover[i] += float(shares.mean()) / words
    plain = cover * (1 - cover) / n_real
    of_halves, of_quarters = (float(s / p) if p > 0 else 0.0 for s, p in zip(spread, plain, strict=True))
    if of_halves and of_quarters:
        effect = of_halves * (of_halves / of_quarters) ** 0.5
    else:
        effect = of_halves or of_quarters or (0.0 if bool((plain > 0).any()) else 1.0)
    # What leaving out each sample would uncover: the few that matter are those the variance is known from.
    count = torch.bincount(real, minlength=n_real)
    alone = torch.bincount(fake[count[real] == 1], minlength=n_fake)
    return min(effect, float(n_real)), effective_df(alone)
