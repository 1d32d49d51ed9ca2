"""A page of the site is one view, one template and one row: shown on a copy of the package that gets one more."""

from __future__ import annotations

from pathlib import Path

from site_tree import save
from tree_copy import TreeCopy

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
    tree = TreeCopy(tmp_path / "copy")
    tree.add("leaderboard/site/count_view.py", VIEW)
    tree.add("leaderboard/site/templates/count.html", TEMPLATE)
    rows = "PAGES = (\n"
    tree.replace("leaderboard/site/pages.py", rows, f"from .count_view import count_pages\n\n{rows}{ROW}")
    save(tmp_path / "results", "alpha", 1.0)
    places = ("--results", tmp_path / "results", "--studies", tmp_path / "studies", "--out", tmp_path / "site")
    (tmp_path / "studies").mkdir()
    tree.run("genboard", "site", "build", *places)
    assert "<h1>1 results</h1>" in (tmp_path / "site" / "count.html").read_text("utf-8")
    generator = (tmp_path / "site" / "generators" / "alpha.html").read_text("utf-8")
    assert '<a href="../count.html">How many</a>' in generator
