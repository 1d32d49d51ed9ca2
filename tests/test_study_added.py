"""To add a study is one file and one row: done here to a copy of the tree, where nothing else is touched."""

from __future__ import annotations

import json
from pathlib import Path

from tree_copy import TreeCopy

STUDY = '''"""Study `darkness`: which generator has the darkest images?"""

from __future__ import annotations

from .context import StudyContext
from .table import Row, Table


def run(context: StudyContext) -> list[Row]:
    names = context.each(context.generators)
    means = {name: context.source(name)[0].read(0, 10).pixels.mean() for name in names}
    return [{"what": "value", "generator": name, "value": float(mean)} for name, mean in means.items()]


def verdict(table: Table) -> list[str]:
    darkest = min(table.of("value"), key=lambda row: row["value"])
    return [f"The darkest images are those of {darkest['generator']}."]
'''

ROW = """
    Study(
        name="darkness",
        title="Darkness",
        version=1,
        question="Which generator has the darkest images?",
        method="Mean grey level of ten images.",
        columns=("what", "generator", "value"),
        scored=False,
    ),
)  # fmt: skip
"""


def test_a_new_study_runs_and_is_on_the_site_without_a_figure(tmp_path: Path) -> None:
    """And the tests of all studies pass with it."""
    tree = TreeCopy(tmp_path / "copy")
    tree.add("benchmarks/studies/darkness.py", STUDY)
    tree.replace("benchmarks/studies/listing.py", "\n)  # fmt: skip\n", ROW)
    files = ("tests/test_studies.py", "tests/test_study_tables.py")
    chosen = ("-k", "there_are_studies or parts or study_tables")
    made, _, tested = tree.run_all(
        ("genboard", "study", "darkness", "--track", "digits", "--generators", "one-image,noise", "--json"),
        ("genboard", "site", "build", "--studies", "home/studies", "--out", "site"),
        ("pytest", "-v", "-p", "no:cacheprovider", "-p", "no:benchmark", *chosen, *files),
    )
    assert [row["generator"] for row in json.loads(made)["rows"]] == ["one-image", "noise"]
    page = (tree.root / "site" / "studies" / "darkness.html").read_text("utf-8")
    assert "The darkest images are those of one-image" in page
    assert page.count("<svg") == page.count('aria-hidden="true"><circle') == 1  # the sign of the search alone
    assert "test_every_study_has_its_parts[darkness] PASSED" in tested
