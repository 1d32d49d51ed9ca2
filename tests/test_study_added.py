"""To add a study is one file and one row: done here to a copy of the tree, where nothing else is touched."""

from __future__ import annotations

import json

import pytest
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


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> TreeCopy:
    """The package and its tests, with the new study."""
    copy = TreeCopy(tmp_path_factory.mktemp("tree"))
    copy.add("benchmarks/studies/darkness.py", STUDY)
    copy.replace("benchmarks/studies/listing.py", "\n)  # fmt: skip\n", ROW)
    return copy


def test_a_new_study_runs_and_is_on_the_site_without_a_figure(tree: TreeCopy) -> None:
    command = ("genboard", "study", "darkness", "--track", "digits", "--generators", "one-image,noise", "--json")
    table = json.loads(tree.run(*command))
    assert [row["generator"] for row in table["rows"]] == ["one-image", "noise"]
    tree.run("genboard", "site", "build", "--studies", "home/studies", "--out", "site")
    page = (tree.root / "site" / "studies" / "darkness.html").read_text("utf-8")
    assert "The darkest images are those of one-image" in page
    assert "<svg" not in page


def test_the_tests_of_studies_pass_with_a_new_one(tree: TreeCopy) -> None:
    files = ("tests/test_studies.py", "tests/test_study_tables.py")
    chosen = ("-k", "there_are_studies or parts or study_tables")
    said = tree.run("pytest", "-v", "-p", "no:cacheprovider", *chosen, *files)
    assert "test_every_study_has_its_parts[darkness] PASSED" in said
