"""How large the site may be: pages that load at once, whatever the number of results and studies."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
from genboard.leaderboard.site import assets, render_site
from genboard.leaderboard.storage.records import Records
from site_tree import TRACK, many, studies

TWELVE = [f"track-{i:02d}" for i in range(11)] + [TRACK.name]


def test_the_script_and_the_style_sheet_are_small() -> None:
    site = render_site(Records((), ()), {TRACK.name: TRACK})
    # In all: what is loaded where somebody searches, too, without the list of pages.
    assert 5_000 < len(site["site.js"]) + len(assets.search_script("[]")) < 30_000
    assert 5_000 < len(site["style.css"]) < 34_000


def test_no_name_of_the_script_is_declared_twice() -> None:
    # All parts stand in one function: the later of two would silently take the place of the earlier.
    names = re.findall(r"^(?:function|var) (\w+)", assets.script_parts(), flags=re.MULTILINE)
    assert len(names) > 20
    assert [name for name, count in Counter(names).items() if count > 1] == []


@pytest.mark.slow
def test_a_site_of_300_results_and_12_studies_is_light(tmp_path: Path) -> None:
    names = tuple(f"generator-{i:03d}" for i in range(12))
    site = render_site(many(tmp_path, 300), {TRACK.name: TRACK}, studies(*TWELVE, names=names, last=10))
    assert len([path for path in site if path.startswith("generators/")]) == 300
    assert site["studies/k.html"].count(b"<svg") == 12 * (1 + 4) + 1  # and a sign in the header
    assert 2_000 < len(site["index.html"]) < 100_000
    assert 100_000 < len(site["tracks/digits.html"]) < 450_000
    assert site["tracks/digits.html"].count(b"<tr") > 300
