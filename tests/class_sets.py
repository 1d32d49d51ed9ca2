"""Labels for laws over all metrics: those that read labels get classes, the others none."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from genboard.registry.metrics import METRICS, Metric
from torch import Tensor

# Laws hold for any recipe: a small one, where the metrics train classifiers.
QUICK: Mapping[str, Mapping[str, int]] = {name: {"hidden": 64, "seeds": 2} for name in ("cas", "cas_gap", "gan_test")}


def reads_labels(metric: Metric) -> bool:
    return "fake.labels" in metric.reads


def labels_of(metric: Metric, n: int, width: int) -> Tensor | None:
    """Labels of n images, of classes in turn; none for a metric that reads none.

    Args:
        width: of the features, and so of the logits: a classifier has as many classes.
    """
    if not reads_labels(metric):
        return None
    return torch.arange(n) % (width if "fake.logits" in metric.reads else 2)


# Those of groups have laws of their own, in test_fairness.py.
LABELLED = tuple(name for name, metric in METRICS.items() if reads_labels(metric) and "groups" not in metric.reads)
