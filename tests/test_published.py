"""What is published stays: words are amended in the log, disputes are answered one by one, names are known."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from committed import current
from forgeries.edits import submission
from forgeries.submitters import offered_before
from genboard.benchmarks.result import read_result
from genboard.leaderboard.board.board import make_board
from genboard.leaderboard.storage.records import read_records
from genboard.leaderboard.submission.check import check
from genboard.leaderboard.submission.check.names import looks
from genboard.leaderboard.submission.comparison import review
from genboard.leaderboard.submission.prepare import published as counts_as_published
from genboard.leaderboard.submission.roles import PLACEHOLDER, Roles
from genboard.leaderboard.verification import disputes
from genboard.leaderboard.verification.log import append, new_entry, read_entries, status_of, verification_path
from genboard.leaderboard.verification.log_entry import Entry
from genboard.registry.catalog import entries, find
from genboard.registry.schema import Generator, Track
from refusals import refused
from tampered import files_of, genuine
from tampered import published as checked_out

Run = Callable[..., tuple[int, str, str]]
WORDS = ("--reason", "the licence was wrong", "--by", "Ada Example")


@pytest.fixture
def on_the_board(tmp_path: Path) -> Path:
    """A submission that stands on the board."""
    ground = genuine(tmp_path)
    shutil.copytree(ground.folder, ground.board, dirs_exist_ok=True)
    return ground.board / ground.path.relative_to(ground.folder)


def amend(run: Run, path: Path, text: str) -> tuple[int, str, str]:
    metadata = path.parents[3] / "corrected.toml"
    metadata.write_text(text, "utf-8")
    return run("amend", path, "--metadata", metadata, *WORDS)


def test_words_are_amended_and_nothing_else(run: Run, on_the_board: Path) -> None:
    before = on_the_board.read_bytes()
    assert amend(run, on_the_board, 'licence = "MIT"\ntitle = "A better title"')[0] == 0
    code, out, _ = amend(run, on_the_board, 'licence = "CC0-1.0"\nauthors = ["Bo Example"]\npaper = "arXiv:1312.6114"')
    assert code == 0
    assert "amended by Ada Example: the licence was wrong" in out
    assert on_the_board.read_bytes() == before
    (record,) = [r for r in read_records([on_the_board.parents[2]]).readable if r.result.generator.name == "mine"]
    generator, said = record.result.generator, record.result.submission
    assert said is not None
    assert (generator.licence, generator.title, generator.paper) == ("CC0-1.0", "A better title", "arXiv:1312.6114")
    assert said.authors == ("Bo Example",)
    assert record.result.metrics == read_result(on_the_board).metrics
    assert record.result.id == read_result(on_the_board).id
    board = make_board(find(Track, "digits"), read_records([on_the_board.parents[2]]).readable)
    assert [row.result.generator.licence for row in board.rows if row.name == "mine"] == ["CC0-1.0"]
    ours = on_the_board.parents[2]
    assert check([ours], [ours]) == []


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('name = "another"', "name"),
        ('account = "bo"', "account"),
        ('title = ""', "empty"),
        ('title = "a\\u202eb"', "U+202E"),
        ("authors = []", "authors cannot be empty"),
        ('page = "javascript:alert(1)"', "not an http or https address"),
        ('chosen_by = "fd"', "amended together with tried"),
        ("value = 1.0", "value"),
        ("", "at least one field"),
    ],
)
def test_names_accounts_and_numbers_are_never_amended(run: Run, on_the_board: Path, text: str, problem: str) -> None:
    metadata = on_the_board.parents[3] / "corrected.toml"
    metadata.write_text(text, "utf-8")
    assert problem in refused(run, "amend", on_the_board, "--metadata", metadata, *WORDS)
    assert not verification_path(on_the_board).exists()


def test_what_the_registry_says_is_not_amended(run: Run, tmp_path: Path) -> None:
    path = Path(shutil.copy(current("vae"), tmp_path))
    (tmp_path / "corrected.toml").write_text('licence = "MIT"', "utf-8")
    said = refused(run, "amend", path, "--metadata", tmp_path / "corrected.toml", *WORDS)
    assert "licence is what the registry says of vae" in said


def test_one_dispute_is_rejected_and_the_others_stand(run: Run, tmp_path: Path) -> None:
    path = Path(shutil.copy(current("vae"), tmp_path))
    first = disputes.dispute(path, "it saw the reference", "Ada").id
    second = disputes.dispute(path, "the weights are another's", "Bo").id
    assert first != second
    answer = ("dispute", path, "--reason", "it did not", "--by", "Cy", "--resolve")
    assert "2 disputes are open" in refused(run, *answer, "rejected")
    assert "there is no dispute 'aaaa'" in refused(run, *answer, "rejected", "--dispute", "aaaa")
    assert run(*answer, "upheld", "--dispute", first)[0] == 0
    code, out, _ = run(*answer, "rejected")
    assert code == 0
    assert f"[{first}]" in out
    assert [(d.id, d.state) for d in status_of(path).disputes] == [(first, "upheld"), (second, "rejected")]
    assert status_of(path).disputed == "it did not"
    assert run(*answer, "rejected", "--dispute", first)[0] == 0
    assert status_of(path).disputed is None
    assert run("dispute", path, "--reason", "x", "--by", "Cy", "--dispute", first)[0] == 2


def test_an_older_answer_is_about_the_latest_open_dispute(tmp_path: Path) -> None:
    path = Path(shutil.copy(current("vae"), tmp_path))
    disputes.dispute(path, "it saw the reference", "Ada")
    disputes.dispute(path, "the weights are another's", "Bo")
    append(path, new_entry(path, "rejected", by="Cy", reason="they are not"))
    assert [d.state for d in status_of(path).disputes] == ["open", "rejected"]
    assert status_of(path).disputed == "it saw the reference"
    assert "dispute" not in json.loads(verification_path(path).read_bytes().splitlines()[-1])


def windows(folder: Path) -> int:
    """What `core.autocrlf=true` does to a checkout."""
    texts = [path for path in folder.rglob("*") if path.suffix in (".json", ".jsonl")]
    for path in texts:
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    return len(texts)


def test_a_checkout_with_windows_line_endings_is_read_as_it_is(tmp_path: Path) -> None:
    source = current("vae")
    board = tmp_path / "board" / "digits@1" / "vae"
    board.mkdir(parents=True)
    for path in (*files_of(source), verification_path(source)):
        shutil.copy(path, board)
    copy = shutil.copytree(tmp_path / "board", tmp_path / "copy")
    before = read_entries(board / source.name)
    assert windows(copy) >= 2
    assert read_entries(copy / "digits@1" / "vae" / source.name) == before
    assert len(before) >= 1
    kept = read_records([copy])
    assert (len(kept.readable), kept.unreadable) == (1, ())
    found = make_board(find(Track, "digits"), kept.readable)
    assert [row.verification.level for row in found.rows] == [status_of(board / source.name).level]
    assert check([copy], [tmp_path / "board"]) == []
    added = disputes.dispute(copy / "digits@1" / "vae" / source.name, "it saw the reference", "Ada")
    assert read_entries(copy / "digits@1" / "vae" / source.name) == (*before, added)


def test_a_new_result_with_windows_line_endings_is_told_what_git_did(tmp_path: Path) -> None:
    ground = genuine(tmp_path)
    windows(ground.folder)
    found = check([ground.folder], [ground.board])
    assert {f.code for f in found} == {"R106"}
    assert "core.autocrlf" in found[0].problem


def test_git_leaves_results_alone(tmp_path: Path) -> None:
    root = Path(__file__).resolve().parents[1]
    shutil.copy(root / ".gitattributes", tmp_path)
    git = ("git", "-C", str(tmp_path))
    subprocess.run([*git, "init", "-q"], check=True)
    names = ["leaderboard/results/digits@1/vae/x.json", "leaderboard/results/digits@1/vae/x.verification.jsonl"]
    said = subprocess.run([*git, "check-attr", "text", *names], check=True, capture_output=True, text=True).stdout
    assert said.count("text: unset") == len(names)


def test_a_result_with_a_log_or_in_git_is_published(tmp_path: Path) -> None:
    ground = genuine(tmp_path)
    assert counts_as_published(ground.path) is None
    git = ("git", "-C", str(ground.folder))
    subprocess.run([*git, "init", "-q"], check=True)
    assert counts_as_published(ground.path) is None
    subprocess.run([*git, "add", "."], check=True)
    assert counts_as_published(ground.path) == "git tracks it"
    shutil.rmtree(ground.folder / ".git")
    append(ground.path, new_entry(ground.path, "disputed", by="Ada", reason="it saw the reference"))
    assert str(counts_as_published(ground.path)).endswith(".verification.jsonl is about it")


def test_the_review_names_every_row_that_changes(tmp_path: Path) -> None:
    ground = genuine(tmp_path)
    submission(account="ada")(ground)
    offered_before(ground, account="ada")
    value = ground.read()
    value["provenance"]["created"] = "2026-11-30T00:00:00+00:00"
    ground.write(value)
    (first,) = (ground.board / "digits@1" / "mine").glob("*.manifest.json")
    findings = check([ground.path], [ground.board])
    text = review(findings, [ground.path], [ground.board])
    assert "| `R214` | warning |" in text
    assert f"| mine | {first.name.partition('.')[0]} | superseded by {value['id']} |" in text


def test_the_review_shows_every_new_line_of_a_log(run: Run, tmp_path: Path) -> None:
    ground = genuine(tmp_path)
    path = checked_out(ground)
    append(path, new_entry(path, "withdrawn", by="genboard maintainers", reason="a rival said so"))
    arguments = ("check", ground.folder, "--base", ground.board, "--against", ground.board, "--markdown")
    code, out, _ = run(*arguments)
    assert code == 0
    assert "vae: withdrawn by genboard maintainers: a rival said so" in out
    assert run(*arguments, "--author", "rival")[0] == 1
    # Anybody can register the account that the table names until people are entered.
    code, out, err = run(*arguments, "--author", PLACEHOLDER)
    assert code == 1
    assert "R707" in out
    assert "names no maintainers but the placeholder" in err


def test_a_submitter_withdraws_by_their_account(tmp_path: Path) -> None:
    ground = genuine(tmp_path)
    submission(account="ada")(ground)
    shutil.copytree(ground.folder, ground.board, dirs_exist_ok=True)
    append(ground.path, new_entry(ground.path, "withdrawn", by="Ada", reason="no licence"))

    def told(author: str) -> set[str]:
        return {
            f.code for f in check([ground.folder], [ground.board], ground.board, author=author) if f.file.endswith("l")
        }

    assert told("Ada") == {"R706"}
    assert told("bo") == {"R706", "R707"}


def test_no_two_registered_generators_look_alike() -> None:
    known = entries(Generator).values()
    assert len(known) > 10
    for of in (lambda e: looks(e.name), lambda e: looks(e.title)):
        assert len({of(entry) for entry in known}) == len(known)


def test_an_entry_of_an_older_log_keeps_its_digest() -> None:
    path = current("vae")
    for line, entry in zip(verification_path(path).read_bytes().splitlines(), read_entries(path), strict=True):
        assert entry.line == line
        assert Entry.model_validate(json.loads(line)).after(entry.previous) == entry


@pytest.mark.parametrize(
    ("accounts", "unstaffed"),
    [((), True), ((PLACEHOLDER,), True), (("ada",), False), ((PLACEHOLDER, "ada"), False)],
)
def test_a_table_of_roles_with_nobody_in_it_says_so(accounts: tuple[str, ...], unstaffed: bool) -> None:
    assert Roles(maintainers=accounts, lines={}).unstaffed == unstaffed
