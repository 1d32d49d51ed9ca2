"""What figures of studies call metrics, and the colour of each generator."""

from __future__ import annotations

from ...benchmarks.studies.table import Table
from ...registry.metrics import METRICS
from ..charts.families import colour


def colours(table: Table) -> dict[str, str]:
    """The colour of each generator of a study: its family's."""
    return {g.name: colour(g.family, g.baseline and not g.noise_floor) for g in table.card.generators}


def titled(metric: str) -> str:
    """The title of a metric, or of a column such as `fd:digits-cnn:train`.

    >>> titled("fd:digits-cnn:train"), titled("recall")
    ('Fréchet distance, against train', 'Recall')
    """
    name, _, rest = metric.partition(":")
    title = METRICS[name].title if name in METRICS else name
    return f"{title}, against train" if rest.endswith(":train") else title
