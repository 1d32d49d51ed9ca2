"""Features as another machine would compute them: each number one float32 step up or down, equal rows alike."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

KINDS = ("clustered", "heavy-tailed", "duplicated", "rectified", "isotropic")


def features(kind: str, n: int, d: int, seed: int) -> Tensor:
    """Features of a kind, float32, shape (n, d); unlike seeds are unlike draws of one distribution."""
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator)

    if kind == "heavy-tailed":
        return normal(n, d) / normal(n, 3).square().mean(dim=1, keepdim=True).sqrt()
    if kind == "duplicated":  # from one pool, so that rows repeat within a set and between sets
        pool = torch.randn(n // 2, d, generator=torch.Generator().manual_seed(0))
        drawn = pool[torch.randint(n // 2, (n,), generator=generator)]
        return torch.where(torch.rand(n, 1, generator=generator) < 0.5, drawn, normal(n, d))
    if kind == "rectified":
        return normal(n, d).clamp(min=0)
    centres = 3 * torch.randn(10, d, generator=torch.Generator().manual_seed(0))
    clustered = centres[torch.randint(10, (n,), generator=generator)] + normal(n, d)
    return normal(n, d) if kind == "isotropic" else clustered


def moved(sets: Sequence[Tensor], seed: int) -> list[Tensor]:
    """The sets with every number one step of float32 up or down, but for zeros; equal rows are moved alike."""
    _, kind = torch.cat(list(sets)).unique(dim=0, return_inverse=True)
    generator = torch.Generator().manual_seed(seed)
    up = torch.rand(int(kind.max()) + 1, sets[0].shape[1], generator=generator) < 0.5
    found, start = [], 0
    for x in sets:
        goal = torch.where(up[kind[start : start + len(x)]], torch.inf, -torch.inf)
        found.append(torch.where(x == 0, x, torch.nextafter(x, goal)))
        start += len(x)
    return found
