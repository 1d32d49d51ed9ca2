"""The page of published numbers: a paper's value beside ours, and what has none."""

from __future__ import annotations

import re
from pathlib import Path

from genboard.leaderboard.site.render import render_site
from genboard.leaderboard.storage.records import Records, read_records
from genboard.registry.catalog import entries, find
from genboard.registry.schema import Dataset, Generator, Track
from site_tree import HOSTILE, save
from tiny_models import entry

REPORTED = f"""
[[reported]]
column = "fd:digits-cnn"
value = 1.25
decimals = 3
samples = 700
reference = '''{HOSTILE}'''
source = "arXiv:1312.6114, Table 9"
differs = "another sampler"
"""
NOISE = 'kind = "built-in"\nloader = "baselines:noise"'


def page(records: Records, path: str = "published.html") -> str:
    return render_site(records, entries(Track))[path].decode()


def rows(html: str) -> dict[str, list[str]]:
    """The words of each cell, by the model of the row."""
    cells = [
        re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL) for row in re.findall(r"<tr>.*?</tr>", html, re.DOTALL)
    ]
    words = [[re.sub(r"<[^>]*>", " ", cell).split() for cell in row] for row in cells]
    return {row[0][0]: [" ".join(cell) for cell in row] for row in words}


def test_our_value_stands_beside_the_published_one(own_home: Path, tmp_path: Path) -> None:
    entry(own_home, NOISE + REPORTED, "alpha")
    entry(own_home, NOISE + REPORTED, "unmeasured", more="nfe = 40\nsampler = 'DDIM, 20 steps'")
    save(tmp_path, "alpha", 2.0)
    save(tmp_path, "crash", None, error={"stage": "sampling", "type": "ValueError", "message": "boom"})
    html = page(read_records([tmp_path]))
    both, _, declared = html.partition('id="declared"')
    cells = rows(both)["alpha"]
    assert cells[1:5] == ["1.250", "2.00 ±0.20", "0.75", "digits"]
    assert "700 samples against" in cells[5]
    assert "arXiv:1312.6114 , Table 9 ; another sampler; ours: 500 samples" in cells[5]
    assert HOSTILE not in html
    assert "unmeasured" not in both
    assert rows(declared)["unmeasured"][1:5] == ["1.250", "40", "digits", "DDIM, 20 steps"]
    assert "alpha" not in rows(declared)
    own = page(read_records([tmp_path]), "generators/alpha.html")
    assert "Published: 1.250, Fréchet distance in digits-cnn, 700 samples against" in own
    assert '<a href="../published.html">' in own


def test_a_failed_run_is_no_value_of_ours(own_home: Path, tmp_path: Path) -> None:
    entry(own_home, NOISE + REPORTED, "alpha")
    save(tmp_path, "alpha", None, error={"stage": "sampling", "type": "ValueError", "message": "boom"})
    both, _, declared = page(read_records([tmp_path])).partition('id="declared"')
    assert "Measured here: none yet." in both
    assert "alpha" in rows(declared)


def test_every_known_model_is_there_with_its_source() -> None:
    html = page(Records((), ()))
    known = {name: e for name, e in entries(Generator).items() if e.reported or e.sampler}
    assert len(known) >= 15
    assert "Measured here: none yet." in html
    least = re.search(r"genboard evaluate ([\w.-]+) --track ([\w-]+)<", html)
    assert least
    assert known[least[1]].tracks[0] == least[2]
    assert find(Dataset, find(Track, least[2]).dataset).source.kind == "embedded"  # nothing to fetch
    found = rows(html)
    for name, e in known.items():
        cells = found[name]
        assert cells[3] == e.tracks[0]
        assert cells[4] == e.sampler
        for value in e.reported:
            assert cells[1] == f"{value.value:.{value.decimals}f}"
            assert value.source.partition(",")[0] in cells[5]
        if not e.reported:
            assert "no value was published" in cells[1]
