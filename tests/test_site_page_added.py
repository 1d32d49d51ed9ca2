"""A page of the site is one view, one template and one row: shown on a copy of the package that gets one more."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from site_tree import save

ROOT = Path(__file__).resolve().parents[1]
FLOORS = ("registry", "reference_stats", "benchmarks", "leaderboard")
SKIPPED = shutil.ignore_patterns("__pycache__", "results", "speed")

VIEW = '''"""How many results there are."""

from .content import Content, Made


def count_pages(site: Content) -> Made:
    yield "count.html", {"count": len(site.records.readable)}
'''
TEMPLATE = """{% extends "base.html" %}
{% block title %}Count{% endblock %}
{% block main %}<h1>{{ count }} results</h1>{% endblock %}
"""
ROW = '    Kind("count", "count.html", count_pages, "How many"),\n'


def test_a_page_is_one_view_one_template_and_one_row(tmp_path: Path) -> None:
    package = tmp_path / "copy" / "genboard"
    shutil.copytree(ROOT / "genboard", package, ignore=SKIPPED)
    for floor in FLOORS:
        shutil.copytree(ROOT / floor, package / floor, ignore=SKIPPED)
    site = package / "leaderboard" / "site"
    (site / "count_view.py").write_text(VIEW, "utf-8")
    (site / "templates" / "count.html").write_text(TEMPLATE, "utf-8")
    table = (site / "pages.py").read_text("utf-8")
    head, rows = table.split("PAGES = (\n")
    (site / "pages.py").write_text(f"{head}from .count_view import count_pages\n\nPAGES = (\n{ROW}{rows}", "utf-8")
    save(tmp_path / "results", "alpha", 1.0)
    command = [sys.executable, "-m", "genboard", "site", "build", "--results", str(tmp_path / "results")]
    built = subprocess.run(
        [*command, "--out", str(tmp_path / "site")],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(package.parent), "GENBOARD_HOME": str(tmp_path / "home")},
    )
    assert built.returncode == 0, built.stderr
    assert "<h1>1 results</h1>" in (tmp_path / "site" / "count.html").read_text("utf-8")
    generator = (tmp_path / "site" / "generators" / "alpha.html").read_text("utf-8")
    assert '<a href="../count.html">How many</a>' in generator
