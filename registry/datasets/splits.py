"""Disjoint, stratified splits chosen by content: the same images fall in the same split wherever they were stored."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ..images import Labels
from .index import Digests, in_order

RULE = "content digest, stratified, 1"  # part of every recipe: raise it when the same set would be cut otherwise


def stratified_split(digests: Digests, labels: Labels | None, sizes: Mapping[str, int]) -> dict[str, NDArray[np.int64]]:
    """Indices of each split, in the order of the digests.

    Every class is cut in proportion (largest remainder), in the order of its examples' digests. The largest split
    takes what the others leave.

    Args:
        digests: SHA-256 of each example, uint8, shape (n, bytes).
        labels: class of each example; none: one class.
        sizes: how many examples each split holds, all together as many as there are.

    Raises:
        ValueError: the sizes do not add up.

    >>> stratified_split(np.array([[3], [1], [2]], np.uint8), None, {"train": 2, "test": 1})["test"]
    array([1])
    """
    total = len(digests)
    if sum(sizes.values()) != total:
        raise ValueError(f"splits of {sum(sizes.values())} examples out of {total}")
    classes = np.zeros(total, np.int64) if labels is None else labels
    rest = max(sizes, key=lambda split: sizes[split])
    order = in_order(digests)
    left = {int(c): order[classes[order] == c] for c in np.unique(classes)}
    chosen: dict[str, list[NDArray[np.int64]]] = {split: [] for split in sizes}
    for split, size in sizes.items():
        if split == rest:
            continue
        # In proportion to what is left: a class of one example is not promised to two splits.
        for c, count in proportional(size, {c: len(members) for c, members in left.items()}).items():
            chosen[split].append(left[c][:count])
            left[c] = left[c][count:]
    chosen[rest] = list(left.values())
    rank = np.empty(total, np.int64)
    rank[order] = np.arange(total)
    return {split: order[np.sort(rank[np.concatenate(found)])] for split, found in chosen.items()}


def proportional(size: int, weights: Mapping[int, int]) -> dict[int, int]:
    """`size` shared out in proportion to whole weights: the largest remainders get what is left over."""
    total = sum(weights.values())
    shares = {c: size * w // total for c, w in weights.items()}
    by_remainder = sorted(weights, key=lambda c: (-(size * weights[c] % total), c))
    for c in by_remainder[: size - sum(shares.values())]:
        shares[c] += 1
    return shares
