"""Measure whatever has no committed result yet: `python -m genboard.leaderboard.regenerate`.

A result is immutable: one that is there is kept, and what has changed gets another id beside it. A track whose data or
weights are not to be had here is left out, and the reason is printed.
"""

from __future__ import annotations

import sys

from ..benchmarks.runner import Evaluated, Options, Workspace, references_of
from ..errors import GenboardError
from ..files import home
from ..registry.catalog import entries
from ..registry.schema import Track
from .demo import evaluate_all
from .records import COMMITTED


def main() -> None:
    workspace = Workspace(COMMITTED, home() / "samples")
    for track in entries(Track).values():
        try:
            references_of(track, "cpu")
        except GenboardError as e:
            print(f"{track.name}: left out: {e.fact}", file=sys.stderr)
            continue
        evaluate_all(track, workspace, Options(), _report)


def _report(item: Evaluated) -> None:
    result = item.result
    print(f"{result.track.name}: {result.generator.name}: {'kept' if item.reused else 'measured'}", file=sys.stderr)


if __name__ == "__main__":
    main()
