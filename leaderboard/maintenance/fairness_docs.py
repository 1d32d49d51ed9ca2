"""What the documentation says of fairness, from the committed results."""

from __future__ import annotations

from ...registry.catalog import entries
from ...registry.schema import Dataset, Track
from ..board.board import make_board
from ..export.fairness_text import summary
from ..storage.records import COMMITTED, read_records


def found() -> str:
    """What was found on every track whose data have groups."""
    records, datasets = read_records([COMMITTED]).readable, entries(Dataset)
    parts = []
    for track in entries(Track).values():
        dataset = datasets.get(track.dataset)
        if dataset is not None and dataset.groups is not None:
            said = [f"- {text}" for text in summary(make_board(track, records))]
            parts.append("\n".join([f"**{track.title}** (`{track.name}`)", "", *(said or [_NOTHING])]))
    return "\n\n".join(parts)


_NOTHING = "No generator has been measured on this track yet."
