"""Samples dealt into equal parts at random: parts are independent of each other, as fresh draws of their size are."""

from __future__ import annotations

import torch
from torch import Tensor


def deal(n: int, parts: int, generator: torch.Generator, labels: Tensor | None = None) -> Tensor:
    """The part of each sample, 0 to parts - 1, shape (n,); -1 for the few that are left over.

    Args:
        labels: of the samples, shape (n,). With them each part has the same number of each label, up to one: so parts
            vary as draws do that have fixed numbers of each.
    """
    order = torch.randperm(n, generator=generator)
    if labels is not None:
        _, kind, count = labels.cpu().unique(return_inverse=True, return_counts=True)
        # The last label, some of whose samples may be left over, is another one each time.
        place = torch.randperm(len(count), generator=generator)
        order = order[place[kind[order]].argsort(stable=True)]
    rounds = n // parts
    hands = torch.rand(rounds, parts, generator=generator).argsort(dim=1)
    part = torch.full((n,), -1)
    part[order[: rounds * parts]] = hands.reshape(-1)
    return part
