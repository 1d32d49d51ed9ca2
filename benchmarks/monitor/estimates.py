"""What a monitor found at one evaluation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from ...core.errors import UnknownName
from ..result import MetricRecord


@dataclass(frozen=True, eq=False)
class Estimates:
    """Values with their intervals, as a result has them.

    Attributes:
        n: how many samples there were.
        records: by column, such as `fd:digits-cnn`, in the track's order.
        influences: by how much each sample moves a value, float64, shape (n,), of the columns that have such; see
            `influences.deviations`. Row i is sample i.
        settings: what the values were measured with. Estimates with other ones cannot be compared.
    """

    n: int
    records: Mapping[str, MetricRecord]
    influences: Mapping[str, Tensor]
    settings: Mapping[str, Any]

    def __getitem__(self, name: str) -> MetricRecord:
        """The record of a column, or of a metric that only one column has.

        Raises:
            UnknownName: no column is called so, or several have that metric.
        """
        if name in self.records:
            return self.records[name]
        named = [record for record in self.records.values() if record.name == name]
        if len(named) != 1:
            raise UnknownName("column", name, self.records)
        return named[0]

    def __iter__(self) -> Iterator[str]:
        return iter(self.records)

    def __len__(self) -> int:
        return len(self.records)
