"""Every page is valid HTML, by html-validate, a checker from npm."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from browsing import on_disk
from genboard.leaderboard.site import render_site
from genboard.leaderboard.storage.study_tables import COMMITTED, Tables, read_tables
from site_tree import TRACK, everything, studies

pytestmark = pytest.mark.browser
CHECKER = "html-validate@10.9.0"  # the last that runs on Node 20
RULES = {
    "extends": ["html-validate:recommended", "html-validate:document"],
    "rules": {
        "aria-label-misuse": ["error", {"allowAnyNamable": True}],  # a landmark may have a name
        "long-title": "off",  # names of generators may be that long
        "require-sri": "off",  # for what comes from elsewhere, and nothing does
        "no-inline-style": "off",  # where an interval is drawn
    },
}


def test_every_page_is_valid(tmp_path: Path) -> None:
    npx = shutil.which("npx")
    if npx is None:
        pytest.skip("this machine has no npm")
    own, committed = studies(TRACK.name), read_tables([COMMITTED])
    spoilt = {key: committed.readable[key] for key in (("digits@1", "copies"), ("digits@1", "modes"))}
    tables = Tables({**own.readable, **spoilt}, own.unreadable, committed.pictures)
    site = render_site(everything(tmp_path / "results"), {TRACK.name: TRACK}, tables)
    folder = on_disk(site, tmp_path / "site")
    (folder / ".htmlvalidate.json").write_text(json.dumps({"root": True, **RULES}), encoding="utf-8")
    (folder / "broken.html").write_text("<p><div id=x id=x></p>", encoding="utf-8")
    quiet = {**os.environ, "npm_config_update_notifier": "false", "npm_config_fund": "false"}
    report = tmp_path / "report.json"
    command = [npx, "--yes", CHECKER, "--formatter", f"json={report}", "."]
    done = subprocess.run(command, cwd=folder, env=quiet, capture_output=True, text=True, check=False, timeout=240)
    if not report.is_file():
        pytest.skip(f"html-validate cannot be fetched: {done.stderr[-200:]}")
    messages = json.loads(report.read_text("utf-8"))
    found = {Path(one["filePath"]).relative_to(folder).as_posix(): one["messages"] for one in messages}
    assert found.pop("broken.html"), "the checker finds nothing at all"
    assert [
        (path, f"{m['line']}:{m['column']}", m["ruleId"], m["message"]) for path, all_ in found.items() for m in all_
    ] == []
