"""Every sentence of every committed study is held against its table: what it quotes is worked out here again."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import sentences_of_interventions
import sentences_of_ruler
import sentences_of_subsets
from genboard.benchmarks.studies.listing import STUDIES
from genboard.benchmarks.studies.table import Table, read_table
from genboard.leaderboard.storage.study_tables import COMMITTED
from study_sentences import Check, Said, X, rows

TABLES = sorted(COMMITTED.glob("*/*.json"))


def trade(table: Table, said: Said) -> None:
    own = [r for r in rows(table, "value", generator=said["name"], argument=said["argument"]) if r["value"] is not None]
    settings = sorted({row["setting"] for row in own})
    assert (said["from"], said["to"]) == (f"{settings[0]:g}", f"{settings[-1]:g}")
    changes = []
    for role, metric in (("fidelity", said["fidelity"]), ("diversity", "recall")):
        curve = [r for r in own if r["metric"].split(":")[0] == metric and not r["metric"].endswith(":train")]
        first, last = curve[0]["value"], curve[-1]["value"]
        assert (said[f"{role}_from"], said[f"{role}_to"]) == (f"{first:.2f}", f"{last:.2f}")
        changes.append(last - first)
        if said["words"] != "no clear trade-off":
            assert abs(last - first) > max(curve[0]["se"], curve[-1]["se"])
    assert changes[0] * changes[1] < 0 or said["words"] == "no clear trade-off"
    primary = [row for row in own if row["metric"] == table.card.primary]
    assert said["best"] == f"{min(primary, key=lambda row: row['value'])['setting']:g}"
    assert {f"{row['setting']:g}" for row in own if row["own"]} == {said["own"]}


def front(table: Table, said: Said) -> None:
    found = rows(table, "front", fidelity=said["fidelity"], diversity=said["diversity"])
    on = [f"{row['generator']} at {row['setting']:g}" for row in found if row["front"] == "on"]
    assert said["on"].split(", ") == on
    assert int(said["own"]) == sum(row["own"] for row in found if row["front"] == "on")
    assert (int(said["off"]), int(said["all"])) == (sum(r["front"] == "significantly off" for r in found), len(found))


def counts(table: Table, said: Said, asks: str | None = None) -> None:
    listed = re.findall(r"(\w+) (\d+) of (\d+)", said["counts"])
    assert len(listed) == said["counts"].count(",") + 1
    whole = []
    for metric, passed, asked in listed:
        own = [r for r in rows(table, "check", metric=metric) if r["passed"] is not None and asks in (None, r["asks"])]
        assert (int(passed), int(asked)) == (sum(row["passed"] for row in own), len(own))
        whole += [metric] * (passed == asked)
    if asks is None:
        names = said["whole"].removeprefix("All checks are passed by ").split(", ")
        assert sorted(names) == (sorted(whole) or ["No metric passes all checks"])


def counts_of(table: Table, said: Said) -> None:
    asks = {"the shape": "shape", "the bounds": "bounds", "the number of samples": "samples", "another scale": "scale"}
    counts(table, said, asks[said["words"]])


def nobody(table: Table, said: Said) -> None:
    for check in said["checks"].split("; "):
        own = [
            r for r in rows(table, "check", check=check) if r["asks"] in ("shape", "scale") and r["passed"] is not None
        ]
        assert own
        assert not {row["metric"] for row in own} - {row["metric"] for row in own if not row["passed"]}, check


def returned(table: Table, said: Said) -> None:
    noise = int(said["noise"])
    for sent, places in {"sample": ("own", "own_noisy"), "right answer": ("right", "right_noisy")}.items():
        for place, at in zip(places, (0, noise), strict=True):
            (row,) = rows(table, "value", generator=said["name"], sent=sent, noise=at)
            assert said[place] == f"{row['value']:.3f}"


def changed(table: Table, said: Said) -> None:
    own = {(r["group"], r["measure"]): r for r in rows(table, "changed", generator=said["name"])}
    whole = own["all", "subject changed"]
    assert said["changed"] == f"{whole['value']:.1%}"
    assert (said["lo"], said["hi"]) == (f"{whole['lo']:.1%}", f"{whole['hi']:.1%}")
    assert said["followed"] == f"{own['all', 'group followed']['value']:.1%}"
    assert said["moved"] == f"{own['all', 'distance']['value']:.2f}"
    assert said["apart"] == f"{own['all', 'distance of other seeds']['value']:.2f}"
    for text in said["groups"].split(", "):
        group, _, share = text.rpartition(" ")
        assert share == f"{own[group, 'subject changed']['value']:.1%}"


SENTENCES: dict[str, list[tuple[str, Check]]] = {
    "cycle": [
        (rf"(?P<name>\S+): its samples return at a mean error of (?P<own>{X}), the right answers in their place at "
         rf"(?P<right>{X}); with noise of (?P<noise>\d+) grey levels at (?P<own_noisy>{X}) and (?P<right_noisy>{X})\.",
         returned),
    ],
    "sanity": [
        (r"Checks that each metric passes \(distances are asked for the shape alone\): (?P<counts>.+?)\. "
         r"(?P<whole>.+)\.",
         counts),
        (r"Checks of (?P<words>.+) passed: (?P<counts>.+)\.", counts_of),
        (r"No metric has the right shape in every variant of: (?P<checks>.+)\.", nobody),
    ],
    "truncation": [
        (rf"(?P<name>\S+), (?P<argument>\w+) from (?P<from>{X}) to (?P<to>{X}): (?P<fidelity>\w+) from "
         rf"(?P<fidelity_from>{X}) to (?P<fidelity_to>{X}), recall from (?P<diversity_from>{X}) to "
         rf"(?P<diversity_to>{X}): (?P<words>.+); best by \w+ at "
         rf"(?P<best>{X}) \(default (?P<own>{X})\)\.", trade),
        (r"On the Pareto front of (?P<fidelity>\w+) and (?P<diversity>\w+): (?P<on>.+); (?P<own>\d+) of these "
         r"are default "
         r"settings\. Another setting is significantly better in both than (?P<off>\d+) of (?P<all>\d+) "
         r"settings\.", front),
    ],
    "unawareness": [
        (rf"(?P<name>\S+), same latent, label of the other group: (?P<changed>{X}%) of samples show another subject "
         rf"\((?P<lo>{X}%) to (?P<hi>{X}%)\), (?P<followed>{X}%) the group that is asked for; they move by "
         rf"(?P<moved>{X}), samples of another seed are (?P<apart>{X}) apart\. By group asked first: (?P<groups>.+)\.",
         changed),
    ],
}  # fmt: skip
SENTENCES |= sentences_of_subsets.SENTENCES | sentences_of_interventions.SENTENCES | sentences_of_ruler.SENTENCES


def test_every_committed_study_has_its_sentences() -> None:
    assert {path.stem for path in TABLES} == set(SENTENCES)
    assert len(TABLES) >= 16


def hold(table: Table, sentence: str) -> None:
    """Fails where a sentence says what its table does not."""
    found = [(m, check) for pattern, check in SENTENCES[table.study] if (m := re.fullmatch(pattern, sentence))]
    assert found, f"no rule for: {sentence}"
    match, check = found[0]
    check(table, {name: text or "" for name, text in match.groupdict().items()})


every_table = pytest.mark.parametrize("path", TABLES, ids=lambda path: f"{path.parent.name}/{path.stem}")


@every_table
def test_what_a_sentence_quotes_is_in_its_table(path: Path) -> None:
    table = read_table(path)
    said = STUDIES[table.study].verdict(table)
    assert said
    for sentence in said:
        hold(table, sentence)


@every_table
def test_a_sentence_with_any_other_number_is_seen(path: Path) -> None:
    table = read_table(path)
    for sentence in STUDIES[table.study].verdict(table)[:2]:
        numbers = list(re.finditer(r"\d(?![\d.%]*\d)", sentence))
        assert numbers
        for number in numbers:
            other = sentence[: number.start()] + str((int(number[0]) + 1) % 10) + sentence[number.end() :]
            with pytest.raises((AssertionError, LookupError, ValueError)):
                hold(table, other)
