"""The checks: nothing that was measured is accused, everything that is tampered with is caught by its own code."""

from __future__ import annotations

import copy
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from forgeries import FORGED, MISSED, Forgery, counted
from forgeries.edits import MAINTAINER
from genboard.benchmarks.result import Result, preview_path, result_id
from genboard.leaderboard.board.board import make_board
from genboard.leaderboard.storage.records import COMMITTED, read_records
from genboard.leaderboard.submission.check import CHECKS, Finding, check, history
from genboard.leaderboard.submission.roles import Roles, read_roles
from genboard.registry.catalog import entries
from genboard.registry.schema import Track
from hypothesis import example, given, settings
from hypothesis import strategies as st
from refusals import Run, refused
from tampered import Ground, Tampered, edit, genuine, influenced, of_the_board, published, put, registered, respecify
from tampering import TAMPERED

from genboard.core.errors import BadEntry
from genboard.core.serialization import canonical_json


@pytest.fixture(autouse=True)
def _somebody_maintains(monkeypatch: pytest.MonkeyPatch) -> None:
    """The table names nobody until people are entered."""
    staffed = Roles(maintainers=(MAINTAINER,), lines=read_roles().lines)
    monkeypatch.setattr(history, "read_roles", lambda: staffed)


def codes(ground: Ground) -> set[str]:
    return {finding.code for finding in check([ground.folder], [ground.board])}


def test_nothing_committed_contradicts_itself():
    assert len(list(COMMITTED.rglob("*.json"))) >= 40
    assert check([COMMITTED], [COMMITTED]) == []
    assert check([COMMITTED], [COMMITTED], base=COMMITTED) == []


@pytest.mark.slow
def test_what_is_measured_today_needs_no_board_to_stand_on(tmp_path: Path):
    """As if all were new: only results that the registry has left behind are refused, and those by what they lack."""
    (tmp_path / "board").mkdir()
    # A log beside a result that nobody has published is told by itself.
    new = shutil.copytree(COMMITTED, tmp_path / "new", ignore=shutil.ignore_patterns("*.verification.jsonl"))
    # Uniform noise in place of texts is so far off that a warning says to look; nothing is refused for one.
    findings = [f for f in check([new], [tmp_path / "board"]) if f.severity == "error"]
    records = read_records([new]).readable
    boards = [make_board(track, records) for track in entries(Track).values()]
    known = {row.record.path for one in boards for row in one.rows}
    # A baseline that leaves a group out lacks a value: that is nothing to refuse, and it is not on the board.
    partial = {r.path.as_posix() for r in records if r.result.status == "partial"}
    old = {r.path.as_posix() for r in records if r.path not in known} - partial
    assert old
    assert known
    assert {Path(f.file).absolute().as_posix() for f in findings} - partial == old
    assert {f.code for f in findings} <= {"R306", "R307", "R308", "R309", "R310"}


def test_influences_that_give_the_standard_errors_pass(tmp_path: Path):
    ground = genuine(tmp_path)
    influenced(lambda _: None)(ground)
    assert ground.read()["influences"]
    assert check([ground.folder], [ground.board]) == []


def test_a_result_whose_samples_workers_drew_passes(tmp_path: Path):
    ground = genuine(tmp_path)
    workers = {"executor": "ray", "count": 8, "seconds": 12.5, "restarts": 1, "peak_memory_mib": None}
    edit(put("cost", "workers", value=workers))(ground)
    assert check([ground.folder], [ground.board]) == []


def test_a_result_that_says_what_devices_spent_passes(tmp_path: Path):
    ground = genuine(tmp_path)
    spent = {"device_seconds": {"cpu": 3.5, "NVIDIA H200": 410.0}, "energy_j": 2.1e5, "evaluations": 500}
    edit(put("cost", "spent", value=spent))(ground)
    assert check([ground.folder], [ground.board]) == []


def test_a_folder_behind_a_link_is_not_looked_at(tmp_path: Path):
    (tmp_path / "results").symlink_to(COMMITTED)
    with pytest.raises(BadEntry, match="a link to somewhere else"):
        check([tmp_path / "results"], [COMMITTED])


def test_a_genuine_submission_passes(tmp_path: Path):
    ground = genuine(tmp_path)
    assert len([path for path in ground.folder.rglob("*") if path.is_file()]) == 4
    assert check([ground.folder], [ground.board]) == []
    assert check([ground.path], [ground.board]) == []


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Finding]]:
    """What the checks find, by what was done; in one go, since reading the registry takes longer than a check."""
    by_what = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GENBOARD_HOME", str(tmp_path_factory.mktemp("home")))
        for tampered in TAMPERED:
            ground = genuine(tmp_path_factory.mktemp("tampered"))
            tampered.spoil(ground)
            base = ground.board if tampered.code in ("R702", "R703") else None
            by_what[tampered.what] = check([ground.folder], [ground.board], base)
    assert len(by_what) == len(TAMPERED) >= 90
    return by_what


@pytest.mark.parametrize("tampered", TAMPERED, ids=lambda t: f"{t.code} {t.what}")
def test_tampering_is_caught_by_its_own_code(tampered: Tampered, found: dict[str, list[Finding]]):
    findings = found[tampered.what]
    assert {finding.code for finding in findings} == {tampered.code} | tampered.also
    assert all(f.problem and f.hint and f.file for f in findings)


def told(forgery: Forgery, folder: Path) -> set[str]:
    """The codes of what is found of a forgery."""
    ground = genuine(folder)
    forgery.spoil(ground)
    base = ground.board if forgery.log else None
    return {f.code for f in check([ground.folder], [ground.board], base, author=forgery.author)}


QUICK = [f for kind in counted() for f in [f for f in FORGED if f.kind == kind][::40]]


@pytest.mark.parametrize("forgery", QUICK, ids=lambda f: f"{f.kind}: {f.what!a}")
def test_a_forgery_of_each_kind_is_told(forgery: Forgery, tmp_path: Path):
    assert told(forgery, tmp_path) & forgery.codes


@pytest.mark.parametrize("forgery", MISSED, ids=lambda f: f"{f.kind}: {f.what}")
def test_what_is_missed_is_named_with_its_reason(forgery: Forgery, tmp_path: Path):
    assert forgery.reason
    assert told(forgery, tmp_path) == set()


@pytest.mark.slow
@pytest.mark.parametrize("kind", counted())
def test_every_forgery_is_told(kind: str, tmp_path: Path):
    forgeries = [f for f in FORGED if f.kind == kind]
    assert len(FORGED) + len(TAMPERED) >= 300
    print(f"{kind}: {len(forgeries)} of {len(FORGED)} forgeries, {len(MISSED)} known misses")
    untold = []
    for i, forgery in enumerate(forgeries):
        if not told(forgery, tmp_path / str(i)) & forgery.codes:
            untold.append(forgery.what)
    assert untold == []


@pytest.mark.parametrize(
    "spoil",
    [
        respecify(put("generator", "title", value="The best of all")),
        respecify(put("specification", "generator", "weights", value="0" * 64)),
        respecify(put("specification", "generator", "seed", value=7)),
    ],
    ids=["another title", "other weights", "a word more"],
)
def test_a_registered_generator_is_what_its_entry_says(spoil, tmp_path: Path):
    ground = registered(tmp_path)
    assert codes(ground) == set()
    spoil(ground)
    assert codes(ground) == {"R207"}


def test_a_track_that_cannot_be_specified_here_is_told(tmp_path: Path):
    ground = genuine(tmp_path)
    respecify(lambda v: [v[part].update(name="cifar10") for part in ("track",)])(ground)
    value = ground.read()
    value["specification"]["track"]["name"] = "cifar10"
    value["id"] = result_id(value["specification"])
    ground.move(value)
    assert {"R312", "R303", "R304"} <= codes(ground)


def fields(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield (*path, key)
        yield from fields(item, (*path, key))


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


AWKWARD = (None, "", 0, -1, 1e-320, 1e308, -1e308, True, [], {}, [[]], [None], {"": None})


@dataclass(frozen=True)
class Spoilable:
    """A genuine submission of three columns, any field of which can be made to hold something else."""

    ground: Ground
    value: dict[str, Any]

    @property
    def places(self) -> list[tuple[str | int, ...]]:
        return list(fields(self.value))

    def spoil(self, path: tuple[str | int, ...], item: Any, with_care: bool) -> list[Finding]:
        """What is found then, with the old id or one that is right again."""
        spoilt = copy.deepcopy(self.value)
        put(*path, value=item)(spoilt)
        if with_care and isinstance(spoilt["specification"], dict):
            spoilt["id"] = result_id(spoilt["specification"])
        self.ground.path.write_bytes(json.dumps(spoilt).encode())
        return check([self.ground.path], [self.ground.board])


@pytest.fixture
def spoilable(tmp_path: Path) -> Spoilable:
    ground = genuine(tmp_path)
    value = ground.read()
    specification = {**value["specification"], "metrics": value["specification"]["metrics"][:3]}
    return Spoilable(ground, {**value, "metrics": value["metrics"][:3], "specification": specification})


def test_anything_in_any_field_is_read_without_a_crash(spoilable: Spoilable):
    places = spoilable.places
    assert len(places) > 150

    @settings(max_examples=150, deadline=None)
    @given(st.sampled_from(places), ANYTHING, st.booleans())
    @example(("specification", "metrics"), None, False)
    def spoil(path: tuple[str | int, ...], item: Any, with_care: bool):
        assert spoilable.spoil(path, item, with_care)

    spoil()


@pytest.mark.slow
@pytest.mark.parametrize("with_care", [False, True])
def test_no_awkward_value_in_any_field_is_a_crash(spoilable: Spoilable, with_care: bool):
    crashes = []
    # The id is of the specification alone.
    places = [path for path in spoilable.places if path[0] == "specification" or not with_care]
    assert len(places) > 20
    for path, item in product(places, AWKWARD):
        try:
            spoilable.spoil(path, item, with_care)
        except Exception as e:
            crashes.append((path, item, f"{type(e).__name__}: {e}"))
    assert crashes == []


def test_every_check_has_its_tampering():
    alone = {code for f in FORGED if len(f.codes) == 1 for code in f.codes}
    tried = {t.code for t in TAMPERED} | alone | {"R207", "R312"}
    assert tried == {row.code for row in CHECKS}
    assert len({row.code for row in CHECKS}) == len(CHECKS) >= 25


def test_one_result_may_be_checked_alone(run: Run, tmp_path: Path):
    ground = genuine(tmp_path)
    preview_path(ground.path).unlink()
    code, out, err = run("check", ground.path, "--against", ground.board)
    assert code == 1
    assert "R501 error: preview: there is no" in out
    assert "hint: " in out
    assert err == "1 errors, 0 warnings\n"


def test_findings_as_json(run: Run, tmp_path: Path):
    ground = genuine(tmp_path)
    code, out, _ = run("check", ground.folder, "--against", ground.board, "--json")
    assert (code, json.loads(out)) == (0, [])
    ground.path.write_bytes(b"")
    code, out, _ = run("check", ground.folder, "--against", ground.board, "--json")
    assert code == 1
    (found,) = json.loads(out)
    assert set(found) == {"code", "severity", "file", "field", "problem", "hint"}
    assert found["code"] == "R101"


def test_a_warning_is_no_failure(run: Run, tmp_path: Path):
    ground = genuine(tmp_path)
    respecify(put("generator", "licence", value="unknown"))(ground)
    code, out, err = run("check", ground.folder, "--against", ground.board)
    assert (code, err) == (0, "0 errors, 1 warnings\n")
    assert "R904 warning" in out


def test_markdown_shows_the_neighbours_and_earlier_results(run: Run, tmp_path: Path):
    ground = genuine(tmp_path)
    first = ground.read()
    shutil.copytree(ground.folder, ground.board, dirs_exist_ok=True)
    change = put("metrics", 0, "value", value=first["metrics"][0]["value"] + 0.25)
    later = datetime.fromisoformat(first["provenance"]["created"]) + timedelta(seconds=1)
    newer = put("provenance", "created", value=later.isoformat())
    respecify(lambda v: (change(v), newer(v), put("specification", "generator", "images", value="cd" * 32)(v)))(ground)
    code, out, _ = run("check", ground.folder, "--against", ground.board, "--markdown")
    assert code == 1
    assert "| `R210` | error |" in out
    assert f"**mine** | {first['metrics'][0]['value'] + 0.25:.2f}" in out
    assert "| 4" not in out.split("**mine**")[0].splitlines()[-1]
    assert f"earlier result {first['id']}" in out
    assert "| `fd:digits-cnn` |" in out
    assert "0.25 |" in out


def test_markdown_of_a_strangers_words_stays_text(tmp_path: Path):
    from genboard.leaderboard.submission.comparison import findings_table

    text = findings_table([Finding("f.json", "R101", "error", "x", "a|b\n<script> @someone [x](javascript:1)", "no")])
    assert len(text.splitlines()) == 3
    assert "a\\|b \\<script\\> @\u200bsomeone \\[x\\]" in text


def test_a_checkout_is_held_against_its_base(run: Run, tmp_path: Path):
    ground = genuine(tmp_path)
    published(ground)
    assert run("check", ground.folder, "--base", ground.board, "--against", ground.board)[0] == 0
    shutil.rmtree(ground.folder / "digits@1" / "kde")
    code, out, _ = run("check", ground.folder, "--base", ground.board, "--against", ground.board)
    assert code == 1
    assert out.count("R702 error") == 3


def test_what_is_not_there_is_refused(run: Run, tmp_path: Path):
    assert "no such file or folder" in refused(run, "check", tmp_path / "nowhere")
    assert "no results in it" in refused(run, "check", tmp_path)
    assert run("check")[0] == 2


def test_old_results_keep_their_bytes():
    paths = [record.path for record in read_records([COMMITTED]).readable]
    assert len(paths) >= 40
    for path in paths:
        assert canonical_json(Result.model_validate(json.loads(path.read_bytes())).to_json()) == path.read_bytes()


def test_the_board_of_the_tests_is_a_board(tmp_path: Path):
    ground = genuine(tmp_path)
    assert of_the_board(ground)["generator"]["name"] == "vae"
    assert len(read_records([ground.board]).readable) == 3
