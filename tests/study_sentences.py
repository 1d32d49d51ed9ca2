"""What rules about the sentences of studies share: the rows of a table, and the numbers in a sentence."""

from __future__ import annotations

from collections.abc import Callable

from genboard.benchmarks.studies.table import Row, Table

Said = dict[str, str]
Check = Callable[[Table, Said], object]
LEAST = 5  # rows of a ranking of which a tau is quoted


def rows(table: Table, what: str, **fixed: object) -> list[Row]:
    return [row for row in table.rows if row["what"] == what and all(row.get(k) == v for k, v in fixed.items())]


def name_of(key: str) -> str:
    return key.split(":")[0] + (" against train" if key.endswith(":train") else "")


def ranked(table: Table) -> list[str]:
    return [g.name for g in table.card.generators if not g.baseline]


N = r"[\d,]+"
X = r"-?[\d.]+"
