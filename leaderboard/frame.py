"""A board as a pandas data frame, for those who go on computing."""

from __future__ import annotations

import pandas as pd

from .board import Board


def board_frame(board: Board) -> pd.DataFrame:
    """Tidy: one value a row, with standard error, interval and target; a missing one is there with the reason."""
    rows = []
    for row in board.rows:
        for column in board.columns:
            record = row.cells.get(column.key)
            u = record.uncertainty if record else None
            rows.append(
                {
                    "generator": row.name,
                    "family": row.result.generator.family,
                    "baseline": row.result.generator.baseline,
                    "rank_first": row.place.first if row.place else None,
                    "rank_last": row.place.last if row.place else None,
                    "metric": column.metric,
                    "extractor": column.extractor,
                    "against": column.against,
                    "value": record.value if record else None,
                    "se": u.se if u else None,
                    "lo": u.lo if u else None,
                    "hi": u.hi if u else None,
                    "target": u.target if u else None,
                    "n": record.n if record else None,
                    "reason": record.reason if record else "not measured as the track asks",
                    "result": row.result.id,
                }
            )
    return pd.DataFrame(rows).astype({"rank_first": "Int64", "rank_last": "Int64", "value": "float64"})
