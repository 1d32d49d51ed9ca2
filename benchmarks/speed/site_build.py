"""Seconds to render a site of 300 results and 12 tables of studies, and what its pages weigh.

`python benchmarks/speed/site_build.py [RESULTS]`, on a machine that does nothing else.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))

from genboard.leaderboard.site import render_site
from site_tree import TRACK, many, studies

TRACKS = [f"track-{i:02d}" for i in range(11)] + [TRACK.name]


def main(results: int) -> None:
    names = tuple(f"generator-{i:03d}" for i in range(12))
    tables = studies(*TRACKS, names=names, last=10)
    with tempfile.TemporaryDirectory() as folder:
        records = many(Path(folder), results)
        start = time.perf_counter()
        site = render_site(records, {TRACK.name: TRACK}, tables)
        seconds = time.perf_counter() - start
    print(f"{results} results and {len(tables.readable)} tables: {len(site)} files in {seconds:.1f} s")
    for path in ("index.html", "tracks/digits.html", "compare/digits.html", "studies/k.html", "style.css", "site.js"):
        print(f"{len(site[path]) / 1000:8.1f} kB  {path}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 300)
