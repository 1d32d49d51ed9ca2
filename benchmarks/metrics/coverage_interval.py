"""How much coverage varies: balls share samples, and close to full cover most of them have one anyhow.

The spread over half-samples would be that of half as many samples, which cover far less: two to three times too wide
near full cover. But independent parts, as fresh draws of their size are, show how the variance relates to that of as
many independent balls, and that ratio moves slowly with the number of samples.
"""

from __future__ import annotations

import torch

from ..neighbours import Members
from ..neighbours.dealing import deal
from ..uncertainty import degrees_of

DEALS = 50
AT_ONCE = 2**23  # numbers held for several deals
FEWEST = 8  # samples that can be dealt into quarters of two


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
    generator = torch.Generator().manual_seed(seed)
    deals = torch.stack([deal(n_fake, 4, generator, labels) for _ in range(DEALS)]).to(fake.device)
    spread, cover = torch.zeros(2, dtype=torch.float64), torch.zeros(2, dtype=torch.float64)  # of halves, of quarters
    for some in deals.split(max(1, AT_ONCE // max(len(real), 5 * n_real))):
        met = torch.zeros(len(some), n_real, 5, dtype=torch.bool, device=fake.device)
        every = torch.arange(len(some), device=fake.device)[:, None]
        met[every, real, some[:, fake]] = True  # those left over in the last column
        met = met[:, :, :4]
        for i, parts in enumerate((met.unflatten(2, (2, 2)).any(dim=3), met)):
            shares = parts.double().mean(dim=1).cpu()
            spread[i] += shares.var(dim=1, correction=1).sum() / DEALS
            cover[i] += shares.mean(dim=1).sum() / DEALS
    plain = cover * (1 - cover) / n_real
    of_halves, of_quarters = (float(s / p) if p > 0 else 0.0 for s, p in zip(spread, plain, strict=True))
    if of_halves and of_quarters:
        effect = of_halves * (of_halves / of_quarters) ** 0.5
    else:
        effect = of_halves or of_quarters or (0.0 if bool((plain > 0).any()) else 1.0)
    # What leaving out each sample would uncover: the few that matter are those the variance is known from.
    count = torch.bincount(real, minlength=n_real)
    alone = torch.bincount(fake[count[real] == 1], minlength=n_fake)
    return min(effect, float(n_real)), degrees_of(alone)
