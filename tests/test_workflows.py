"""What CI may do with a pull request, and who must review what: held against the workflows themselves."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from genboard.leaderboard.submission.roles import read_roles
from genboard.leaderboard.verification.log_entry import KINDS

ROOT = Path(__file__).resolve().parents[1]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def read(path: Path) -> dict[Any, Any]:
    value = yaml.safe_load(path.read_text("utf-8"))
    assert isinstance(value, dict)
    return value


def steps(workflow: dict[Any, Any]) -> list[dict[str, Any]]:
    found = [step for job in workflow["jobs"].values() for step in job["steps"]]
    assert found
    return found


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda p: p.name)
def test_a_workflow_can_only_read_and_keeps_no_credentials(path: Path):
    workflow = read(path)
    assert workflow["permissions"] == {"contents": "read"}
    assert "secrets." not in path.read_text("utf-8")
    for step in steps(workflow):
        if step.get("uses", "").startswith("actions/checkout"):
            assert step["with"]["persist-credentials"] is False
        # Words of a pull request reach a shell as variables alone, never as part of a script.
        assert "${{" not in step.get("run", "")


def test_submissions_are_checked_by_the_workflow_of_the_base_branch():
    workflow = read(ROOT / ".github" / "workflows" / "check.yml")
    assert list(workflow[True]) == ["pull_request_target"]  # YAML takes `on` for true
    places = {s["with"]["path"]: s["with"] for s in steps(workflow) if "checkout" in s.get("uses", "")}
    assert places["base"]["ref"] == "${{ github.event.pull_request.base.sha }}"
    assert places["head"]["sparse-checkout"] == "leaderboard/results"
    runs = [step["run"] for step in steps(workflow) if "run" in step]
    assert len(runs) == 3
    for run in runs:
        # Of the pull request, results are named, and nothing else; the checks are told who offers them.
        assert set(re.findall(r"\bhead\b\S*", run)) <= {"head/leaderboard/results"}
        assert "pip install" not in run or "./base" in run
        assert "genboard check" not in run or '--author "$AUTHOR"' in run
    assert not any("cache" in step.get("with", {}) for step in steps(workflow))


def test_maintainers_review_what_decides_who_is_trusted():
    owned = dict(
        line.split(maxsplit=1)
        for line in (ROOT / ".github" / "CODEOWNERS").read_text("utf-8").splitlines()
        if line and not line.startswith("#")
    )
    owners = {f"@{account}" for account in read_roles().maintainers}
    assert owners
    for place in ("/.github/", "/leaderboard/roles.toml", "/leaderboard/results/**/*.verification.jsonl"):
        assert set(owned[place].split()) == owners


def test_every_kind_of_line_has_its_roles():
    assert set(read_roles().lines) == set(KINDS)
    text = (ROOT / "docs" / "security.md").read_text("utf-8").split("## Who may write what")[1].split("##")[0]
    for kind, roles in read_roles().lines.items():
        (row,) = [line for line in text.splitlines() if line.startswith("| `") and f"`{kind}`" in line.split("|")[1]]
        assert ("maintainer" in row, "submitter" in row, "anyone" in row) == tuple(
            role in roles for role in ("maintainer", "submitter", "anyone")
        )
