"""The pages that ask people, in Chromium, from a folder: a scripted rater answers every question of each protocol."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from browsing import AXE, WIDER, Visits
from genboard.leaderboard.human.key import REAL, StudyKey
from genboard.leaderboard.human.material import Material
from genboard.leaderboard.human.ratings import read_session
from genboard.leaderboard.human.scoring import score_files
from people_pages import GENERATORS, material, written
from scripted_rater import rate, save, stored_of

pytestmark = pytest.mark.browser

OPTIONS: dict[str, dict[str, Any]] = {
    "hype-time": {"generators": GENERATORS[:1], "trials": 24},
    "hype-infinity": {"generators": GENERATORS[:2], "trials": 10},
    "pairs": {"generators": GENERATORS, "trials": 24, "images": 10, "real": True},
}


@pytest.fixture(scope="module")
def studies(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Material]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GENBOARD_HOME", str(tmp_path_factory.mktemp("home")))
        return {name: material(name, **options) for name, options in OPTIONS.items()}


@pytest.fixture(scope="module")
def folder(studies: dict[str, Material], tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("pages to send")
    for name, made in studies.items():
        written(made, found, name)
    return found


def rule_of(key: StudyKey) -> Callable[[Any], str]:
    """Mostly right about images, and fond of some of a pair."""

    def rule(q: Any) -> str:
        if q.check:
            return str(q.check)
        if key.protocol == "pairs":
            return "tie" if q.images[0][0] in "05af" else "left" if q.images[0] < q.images[1] else "right"
        return "real" if (key.items[q.images[0]].source == REAL) == (q.images[0][0] != "7") else "generated"

    return rule


@pytest.mark.parametrize("name", OPTIONS)
def test_a_rater_with_a_keyboard_answers_all_and_saves(
    site: Visits, studies: dict[str, Material], name: str, tmp_path: Path, record_property: Any
) -> None:
    key = studies[name].key
    page = site.open(f"{name}.html", width=360 if name == "pairs" else 1280)
    rate(page, key, rule_of(key))
    path = save(page, tmp_path)
    session = read_session(path, key)  # every question is the one that follows from the answers before
    assert session.attention.passed == session.attention.given > 0
    assert [given.answer for given in session.ratings.answers] == [a["answer"] for a in stored_of(page, key)["answers"]]
    assert session.ratings.screen in ("phone", "tablet", "desk")
    found = score_files([path], key)
    assert found.raters == 1
    assert {row.reason for row in found.rows if row.value is not None} <= {"1 rater, an interval needs 5"}
    if name == "pairs":  # so few votes may leave a generator without a finite strength, and then none has one
        assert all(row.reason for row in found.rows)
    else:
        assert all(row.value is not None for row in found.rows)
    if name == "hype-time":
        assert found.timing is not None
        for field in ("frame", "mean", "largest"):
            record_property(field, getattr(found.timing, field))
        # A frame more or less than was asked for; a busy machine leaves frames out, and the file says so.
        assert 5 < found.timing.frame < 40
        assert abs(found.timing.mean) < 2 * found.timing.frame
        on_time = [g for g in session.scored if abs((g.shown or 0) - (g.asked or 0)) <= found.timing.frame]
        assert len(on_time) > 0.7 * len(session.scored)


def test_a_rater_can_stop_and_go_on_and_see_what_is_stored(
    site: Visits, studies: dict[str, Material], tmp_path: Path
) -> None:
    key = studies["pairs"].key
    page = site.open("pairs.html")
    rate(page, key, rule_of(key), stop_after=7)
    before = stored_of(page, key)
    assert len(before["answers"]) == 7
    page.click("#task .stored")
    seen = json.loads(page.text_content("#contents"))
    assert seen["answers"] == before["answers"]
    assert set(seen) == {"schema", "study", "protocol", "version", "rater", "screen", "frame", "answers", "digest"}
    page.keyboard.press("ArrowLeft")  # closes no question behind the window
    assert len(stored_of(page, key)["answers"]) == 7
    page.reload()
    assert page.text_content("#start") == "Go on"
    rate(page, key, rule_of(key))
    session = read_session(save(page, tmp_path), key)
    assert session.ratings.rater == before["rater"]
    page.click("#end .stored")
    page.click("#forget")
    page.wait_for_function("document.getElementById('start').textContent === 'Start'")
    assert page.evaluate("localStorage.length") == 0


def test_an_answer_before_the_image_is_seen_does_not_count(site: Visits, studies: dict[str, Material]) -> None:
    page = site.open("hype-time.html")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    for _ in range(20):  # during the cross and the exposure
        page.keyboard.press("ArrowLeft")
        page.wait_for_timeout(15)
    assert page.text_content("#progress") == "Practice 1 of 6: it does not count"
    assert "was" not in str(page.text_content("#prompt"))


@pytest.mark.parametrize("name", OPTIONS)
def test_it_fits_any_width_and_is_accessible(site: Visits, name: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed").Axe()
    for width, scheme in ((360, "light"), (820, "dark"), (1440, "light")):
        page = site.open(f"{name}.html", width=width, color_scheme=scheme)
        for step in ("intro", "task"):
            assert page.evaluate(WIDER) == [0, []], (width, step)
            found = axe.run(page, options=AXE).response["violations"]
            assert [(v["id"], [n["html"][:200] for n in v["nodes"]][:3]) for v in found] == [], (width, step)
            page.click("#start:visible") if step == "intro" else None


def test_nothing_but_the_pages_own_script_and_style_runs(site: Visits) -> None:
    page = site.open("hype-infinity.html")
    page.evaluate(
        "document.body.append(Object.assign(document.createElement('script'), {textContent: 'window.x = 1'}))"
    )
    assert page.evaluate("window.x") is None
    assert any("Content Security Policy" in error for error in site.errors)
    site.errors.clear()
