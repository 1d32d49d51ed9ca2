"""Pages, keys and ratings files: what a page holds, what is scored, and what is refused with the reason."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from genboard.leaderboard.human.key import REAL, StudyKey, read_key
from genboard.leaderboard.human.material import Material, usual_generators
from genboard.leaderboard.human.page import render_page
from genboard.leaderboard.human.ratings import read_session
from genboard.leaderboard.human.scoring import score_files
from genboard.leaderboard.storage.people import read_people
from genboard.registry.catalog import track
from people_pages import GENERATORS, SECRET, digest, material, ratings, saved

from genboard.core.errors import BadEntry, BadStudy

BLIND = "real"


def truthful(key: StudyKey) -> Callable[[Any], str]:
    return lambda q: q.check or ("real" if key.items[q.images[0]].source == REAL else "generated")


def fond_of(key: StudyKey, name: str) -> Callable[[Any], str]:
    """Votes for one contestant, and now and then against it."""

    def rule(q: Any) -> str:
        if q.check:
            return str(q.check)
        left, right = (key.items[image] for image in q.images)
        if name not in (left.source, right.source) or left.index % 5 == 0:
            return "tie"
        return "left" if (left.source == name) == (left.index % 4 != 1) else "right"

    return rule


@pytest.fixture(scope="module")
def infinity(tmp_path_factory: pytest.TempPathFactory) -> Material:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GENBOARD_HOME", str(tmp_path_factory.mktemp("home")))
        return material("hype-infinity", trials=20)


@pytest.fixture(scope="module")
def timed(tmp_path_factory: pytest.TempPathFactory) -> Material:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GENBOARD_HOME", str(tmp_path_factory.mktemp("home")))
        return material("hype-time", GENERATORS[:1], trials=20)


@pytest.fixture(scope="module")
def paired(tmp_path_factory: pytest.TempPathFactory) -> Material:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GENBOARD_HOME", str(tmp_path_factory.mktemp("home")))
        return material("pairs", GENERATORS, trials=30, images=20, real=True)


def data_of(page: bytes) -> Any:
    found = re.search(r'<script type="application/json" id="study">(.*?)</script>', page.decode(), re.DOTALL)
    assert found
    return json.loads(found[1])


def test_a_page_is_one_file_that_asks_for_nothing(timed: Material, infinity: Material, paired: Material) -> None:
    for made in (timed, infinity, paired):
        page = render_page(made, "Digits <b>").decode()
        assert "default-src 'none'" in page
        code = page.replace(json.dumps(data_of(page.encode())["images"], separators=(",", ":"), sort_keys=True), "")
        assert len(code) < len(page) - 1000
        asks = r"https?:|\bfetch\(|XMLHttpRequest|import\(|type=.module|\ssrc=|\shref=|url\("
        assert re.findall(asks, code) == []
        assert "Digits &lt;b&gt;" in page
        assert len(page) < 60_000


def test_a_page_does_not_say_what_is_what(timed: Material, infinity: Material, paired: Material) -> None:
    for made in (timed, infinity, paired):
        page = render_page(made, "Digits").decode()
        assert SECRET not in page
        assert not [name for name in GENERATORS if name in page]
        data = data_of(page.encode())
        assert set(data["images"]) == set(made.key.items)
        assert all(b64decode(image).startswith(b"\x89PNG") for image in data["images"].values())
        assert data["sets"] == [list(images) for images in made.key.sets]
    # In a block the order of ids says nothing of kinds; that of pairs is by place, the same for all.
    assert all(list(images) == sorted(images) for images in infinity.key.sets)
    kinds = [[infinity.key.items[image].source == REAL for image in images] for images in infinity.key.sets]
    assert [sum(found) for found in kinds] == [10, 10]
    places = [[paired.key.items[image].index for image in images] for images in paired.key.sets]
    assert len(places) == 4
    assert all(found == places[0] for found in places)


def test_no_real_image_is_in_two_blocks(infinity: Material) -> None:
    found = [(item.source, item.index) for item in infinity.key.items.values()]
    assert len(found) == len(set(found)) == 40


def test_raters_who_know_are_never_wrong(infinity: Material, tmp_path: Path) -> None:
    key = infinity.key
    files = [saved(ratings(key, r, truthful(key)), tmp_path, f"{r}.json") for r in range(5)]
    found = score_files(files, key)
    assert [row.value for row in found.rows] == [0.0, 0.0]
    assert found.raters == 5
    blind = score_files([saved(ratings(key, 9, lambda q: q.check or BLIND), tmp_path, "9.json")], key)
    assert [row.value for row in blind.rows] == [50.0, 50.0]  # every sample is taken for real


def test_exposures_are_scored_as_shown(timed: Material, tmp_path: Path) -> None:
    key = timed.key
    files = [saved(ratings(key, r, truthful(key)), tmp_path, f"{r}.json") for r in range(6)]
    found = score_files(files, key)
    # Twenty right answers: every exposure from 500 ms down to 310 ms was asked for once, and shown 3 ms longer.
    assert found.rows[0].value == pytest.approx(405 + 3)
    assert found.timing is not None
    assert (found.timing.mean, found.timing.largest) == pytest.approx((3, 3))


def test_who_is_preferred_leads(paired: Material, tmp_path: Path) -> None:
    key = paired.key
    files = [saved(ratings(key, r, fond_of(key, "kde")), tmp_path, f"{r}.json") for r in range(12)]
    found = score_files(files, key)
    assert found.rows[0].generator == "kde"
    assert found.rows[0].rank == (1, 1)
    assert {row.generator for row in found.rows} == {*GENERATORS, REAL}
    assert sum(row.value or 0 for row in found.rows) == pytest.approx(0, abs=1e-9)
    assert found.covariance is not None
    assert [found.covariance[i][i] ** 0.5 for i in range(4)] == pytest.approx([row.se for row in found.rows])


def test_raters_are_left_out_for_attention_alone(infinity: Material, tmp_path: Path) -> None:
    key = infinity.key
    good = [saved(ratings(key, r, truthful(key)), tmp_path, f"{r}.json") for r in range(3)]
    wrong = {"left": "right", "right": "left"}
    careless = ratings(key, 7, lambda q: wrong[q.check] if q.check else truthful(key)(q))
    blind = ratings(key, 8, lambda q: q.check or BLIND)
    found = score_files([*good, saved(careless, tmp_path, "7.json"), saved(blind, tmp_path, "8.json")], key)
    assert [(one.rater, one.passed, one.given) for one in found.excluded] == [("00000000", 0, 2)]
    assert found.raters == 4  # who is always wrong about images stays
    with pytest.raises(BadStudy, match="failed the attention checks"):
        score_files([tmp_path / "7.json"], key)


def change(found: dict[str, Any], number: int, **values: Any) -> dict[str, Any]:
    answers = [dict(answer) for answer in found["answers"]]
    answers[number] |= values
    changed = {**found, "answers": answers}
    return {**changed, "digest": digest(changed)}


def scored_at(found: dict[str, Any]) -> int:
    """A scored question in the middle."""
    return next(i for i, a in enumerate(found["answers"]) if i > 4 and not a["check"])


def test_what_was_changed_is_refused_though_its_digest_was_made_again(
    timed: Material, infinity: Material, paired: Material, tmp_path: Path
) -> None:
    def refusal(found: dict[str, Any], key: StudyKey) -> str:
        with pytest.raises(BadEntry) as caught:
            read_session(saved(found, tmp_path, "ratings.json"), key)
        return str(caught.value)

    key = timed.key
    good = ratings(key, 1, truthful(key))
    assert read_session(saved(good, tmp_path, "good.json"), key).attention.given == 1
    at = scored_at(good)
    other = {"real": "generated", "generated": "real"}[good["answers"][at]["answer"]]
    answers = [dict(answer) for answer in good["answers"]]
    answers[at]["answer"] = other
    assert "changed after it was saved" in refusal({**good, "answers": answers}, key)
    assert "an answer was changed" in refusal(change(good, at, answer=other), key)  # exposures do not follow
    copied = {**good, "rater": "f" * 32}
    assert "not the question" in refusal({**copied, "digest": digest(copied)}, key)
    assert "no answer to it" in refusal(change(good, at, answer="tie"), key)
    assert "less than the" in refusal(change(good, at, shown=200.0), key)
    assert "takes no answer before" in refusal(change(good, at, time=100.0), key)
    assert "measured where none" in refusal(change(good, at, shown=None), key)
    votes = ratings(paired.key, 1, fond_of(paired.key, "kde"))
    at = scored_at(votes)
    other = "left" if votes["answers"][at]["answer"] != "left" else "right"
    assert "an answer was changed" in refusal(change(votes, at, answer=other), paired.key)  # nor do pairs
    assert "the key is of" in refusal(votes, key)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"name": "Ada"}, "name"),
        ({"rater": "Ada"}, "rater"),
        ({"version": 2}, "protocol"),
        ({"screen": "wall"}, "screen"),
        ({"frame": -1.0}, "frame"),
        ({"answers": []}, "0 of 42 questions are answered"),
        ({"schema": 2}, "schema"),
    ],
)
def test_what_no_page_saves_is_refused(infinity: Material, tmp_path: Path, changed: dict[str, Any], said: str) -> None:
    found = ratings(infinity.key, 1, truthful(infinity.key), **changed)
    with pytest.raises(BadEntry, match=said):
        read_session(saved(found, tmp_path, "ratings.json"), infinity.key)


def test_a_half_filled_and_a_second_file_are_refused_and_the_others_count(infinity: Material, tmp_path: Path) -> None:
    key = infinity.key
    good = ratings(key, 1, truthful(key))
    half = ratings(key, 2, truthful(key))
    half["answers"] = half["answers"][:7]
    half["digest"] = digest(half)
    (tmp_path / "broken.json").write_bytes(b"{")
    (tmp_path / "large.json").write_bytes(b" " * (4 * 2**20 + 1))
    files = [
        saved(good, tmp_path, "good.json"),
        saved(good, tmp_path, "again.json"),
        saved(half, tmp_path, "half.json"),
    ]
    files += [tmp_path / "broken.json", tmp_path / "large.json", tmp_path / "missing\u202e.json"]
    found = score_files(files, key)
    reasons = {one.file: one.reason for one in found.refused}
    assert found.raters == 1
    assert reasons["again.json"] == "rater: a second file of the rater of good.json"
    assert reasons["half.json"] == "answers: 7 of 42 questions are answered"
    assert "not valid JSON" in reasons["broken.json"]
    assert "a ratings file has at most" in reasons["large.json"]
    assert "cannot be read" in reasons["missing?.json"]
    with pytest.raises(BadStudy, match="none of 5 files counts"):
        score_files(files[2:] + files[3:4], key)


def test_what_cannot_be_made_says_why(infinity: Material) -> None:
    with pytest.raises(BadStudy, match="half of them of real images"):
        material("hype-infinity", trials=21)
    with pytest.raises(BadStudy, match="1 generators"):
        material("pairs", GENERATORS[:1])
    with pytest.raises(BadStudy, match="named twice"):
        material("pairs", ("kde", "kde"))
    with pytest.raises(BadStudy, match=r"5,000 images of each, and there are 500"):
        material("pairs", images=5000)
    with pytest.raises(BadStudy, match="images of real are needed"):
        material("hype-time", trials=900)


def test_a_track_asks_about_its_generators_and_no_baselines() -> None:
    found = usual_generators(track("digits"))
    assert {"vae", "ddpm", "kde"} <= set(found)
    assert not {"noise", "held-out", "train-copy"} & set(found)


def test_a_damaged_key_is_named(infinity: Material, tmp_path: Path) -> None:
    value = infinity.key.to_json()
    with pytest.raises(BadEntry, match="not the images that it lists"):
        read_key(saved({**value, "items": {}}, tmp_path, "a.key.json"))
    with pytest.raises(BadEntry, match="version 2 of hype-infinity, this is 1"):
        read_key(saved({**value, "protocol_version": 2}, tmp_path, "b.key.json"))
    with pytest.raises(BadEntry, match="secret"):
        read_key(saved({**value, "secret": "x"}, tmp_path, "c.key.json"))


def test_the_commands_make_a_page_and_score_its_files(run: Any, tmp_path: Path) -> None:
    page = tmp_path / "ask.html"
    asked = ("--track", "digits", "--protocol", "hype-infinity", "--generators", "kde,pca-gaussian", "--trials", 20)
    code, out, err = run("human", "make", *asked, "--out", page)
    assert (code, out.strip()) == (0, str(page))
    assert "keep" in err
    key = read_key(tmp_path / "ask.key.json")
    files = [saved(ratings(key, r, truthful(key)), tmp_path / "in", f"{r}.json") for r in range(5)]
    code, out, err = run("human", "score", *files)
    assert code == 1
    assert "name the key of the study with --key" in err
    code, out, err = run("human", "score", *files, "--key", tmp_path / "ask.key.json", "--json")
    assert code == 0
    study = json.loads(out)
    assert [row["generator"] for row in study["rows"]] == ["kde", "pca-gaussian"]
    kept = Path(err.split("written: ")[1].splitlines()[0])
    assert kept.name == f"people-{key.study}.json"
    assert read_people(kept).to_json() == study
    code, out, _ = run("human", "score", *files, "--key", tmp_path / "ask.key.json")
    assert code == 0
    assert "hype_infinity on digits@1" in out
    code, _, err = run("human", "make", *asked, "--out", page)
    assert code == 1
    assert "is the key of another page" in err
    assert read_key(tmp_path / "ask.key.json") == key
    code, _, err = run("human", "make", *asked, "--real", "--out", page)
    assert code == 2
    assert "apply to pairs only" in err
