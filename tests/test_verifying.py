"""Measuring published results again: what comes out is recorded, what was tampered with does not come out."""

from __future__ import annotations

import json
import re
import secrets
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from committed import current
from few_partitions import few_partitions
from genboard.benchmarks.result import preview_path, result_id
from genboard.leaderboard.storage.records import COMMITTED
from genboard.leaderboard.verification.log import read_entries, status_of, verification_path
from PIL import Image
from refusals import FUNCTION, module, refused

from genboard.core.serialization import canonical_json, read_json

Run = Callable[..., tuple[int, str, str]]
Spoil = Callable[[dict[str, Any]], None]
VAE = current("vae")


@pytest.fixture
def vae(tmp_path: Path) -> Path:
    """A committed result and its preview, in a folder of their own."""
    path = tmp_path / VAE.name
    path.write_bytes(VAE.read_bytes())
    preview_path(path).write_bytes(preview_path(VAE).read_bytes())
    return path


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with a result of few samples, measured here, and the samples."""
    from genboard.cli import app

    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch, few_partitions():
        patch.setenv("GENBOARD_HOME", str(home))
        with pytest.raises(SystemExit) as ended:
            app(["evaluate", "pca-gaussian", "--track", "digits", "--samples", "200"])
    assert ended.value.code in (0, None)
    return home


@pytest.fixture
def small(measured: Path, own_home: Path) -> Iterator[Path]:
    """That result, in the data folder of one test, which may change it."""
    shutil.copytree(measured, own_home, dirs_exist_ok=True)
    (path,) = own_home.glob("results/digits@1/pca-gaussian/*.json")
    with few_partitions():
        yield path


def change(path: Path, spoil: Spoil) -> None:
    value = read_json(path)
    spoil(value)
    path.write_bytes(canonical_json(value))


def elsewhere(result: dict[str, Any]) -> None:
    """As if it had been measured on another machine."""
    result["environment"]["vendor"] = "Arm"


def verified(run: Run, path: Path, *more: object) -> dict[str, Any]:
    """What `verify --json` prints of one that comes out."""
    code, out, err = run("verify", path, "--json", *more)
    assert code == 0, err
    value = json.loads(out)
    assert value["verified"]
    return dict(value)


def failed(run: Run, path: Path, *more: object) -> str:
    """Why a result does not come out: in the message, on stdout, and in the log."""
    before = len(read_entries(path))
    code, out, err = run("verify", path, "--by", "Ada", *more)
    assert code == 1
    assert "Traceback" not in err
    entry = read_entries(path)[-1]
    assert len(read_entries(path)) == before + 1
    assert entry.kind == "failed"
    assert entry.reason is not None
    assert f": {entry.reason}\n\nhint: " in err
    assert entry.reason in out
    assert status_of(path).failed is not None
    return entry.reason


def test_a_committed_result_is_reproduced_and_measured_from_a_fresh_seed(
    run: Run, vae: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(secrets, "randbits", lambda bits: 2**bits - 12345)
    done = verified(run, vae, "--by", "Ada", "--dry-run")
    assert not done["written"]
    assert not verification_path(vae).exists()
    done = verified(run, vae, "--by", "Ada")
    assert (done["level"], done["written"]) == ("reproduced", True)
    (entry,) = done["entries"]
    published = read_json(vae)
    assert entry["figures"]["columns"] == len(published["metrics"]) > 10
    assert set(entry["figures"]["pixels"]) == {"published", "found", "compared", "share_off"}
    assert (entry["by"], entry["kind"], entry["level"], entry["reason"]) == ("Ada", "reproduced", "reproduced", None)
    (fresh,) = verified(run, vae, "--level", "resampled")["entries"]
    assert fresh["figures"]["seed"] == 2**48 - 12345
    assert len(fresh["figures"]["differing"]) == len(published["metrics"])
    repeat = verified(run, vae, "--level", "resampled", "--seed", fresh["figures"]["seed"])
    assert repeat["entries"][0]["figures"] == fresh["figures"]
    assert repeat["level"] == "resampled"
    assert len(read_entries(vae)) == 3
    assert "a seed that was chosen proves nothing" not in refused(
        run, "verify", vae, "--level", "resampled", "--seed", published["sampling"]["seed"], "--dry-run"
    )
    assert "is not in the log" in refused(run, "verify", vae, "--level", "resampled", "--seed", 7)
    assert "--seed needs a fresh draw" in refused(run, "verify", vae, "--seed", 7)


def value(result: dict[str, Any]) -> None:
    result["metrics"][0]["value"] *= 0.999


def interval(result: dict[str, Any]) -> None:
    result["metrics"][0]["uncertainty"]["se"] /= 3


def removed(result: dict[str, Any]) -> None:
    result["metrics"][0].update(value=None, uncertainty=None, reason="we forgot")
    result["status"] = "partial"


def digest(result: dict[str, Any]) -> None:
    result["sampling"]["digest"] = "a" * 64


def floor(result: dict[str, Any]) -> None:
    result["generator"].update(noise_floor=True)


def count(result: dict[str, Any]) -> None:
    result["metrics"][0]["n_reference"] = 50_000


TAMPERED = [
    pytest.param(
        value,
        r"1 of \d\d columns differ, fd:digits-cnn.*: the value differs: ",
        id="a better value",
    ),
    pytest.param(interval, r"fd:digits-cnn: se differs: [\d.]+, found [\d.]+", id="a smaller error"),
    pytest.param(removed, "fd:digits-cnn: one of them is null|the status is complete, not partial", id="left out"),
    pytest.param(digest, "the samples have another digest", id="other samples"),
    pytest.param(floor, "the registry says otherwise of the generator's noise_floor", id="a baseline it is not"),
    pytest.param(count, "fd:digits-cnn: n_reference differs", id="a larger reference"),
]


@pytest.mark.parametrize(("spoil", "why"), TAMPERED)
def test_what_was_tampered_with_does_not_come_out(run: Run, small: Path, spoil: Spoil, why: str) -> None:
    change(small, spoil)
    assert re.search(why, failed(run, small, "--level", "reproduced"))


def test_samples_at_hand_are_recomputed_and_others_are_refused(run: Run, small: Path, tmp_path: Path) -> None:
    done = verified(run, small)
    assert [e["kind"] for e in done["entries"]] == ["recomputed", "reproduced"]
    assert done["entries"][0]["figures"]["differing"] == []
    change(small, value)
    verification_path(small).unlink()
    assert "the value differs" in failed(run, small)
    assert [e.level for e in read_entries(small)] == ["recomputed"]
    other = tmp_path / "others"
    assert run("sample", "one-image", "--track", "digits", "--samples", 200, "--out", other)[0] == 0
    fact = refused(run, "verify", small, "--samples", other)
    assert re.search(r"holds samples with digest [0-9a-f]{12}, but the result has [0-9a-f]{12}", fact)
    assert len(read_entries(small)) == 1


def test_a_preview_of_other_samples_shows(run: Run, small: Path) -> None:
    with Image.open(preview_path(small)) as image:
        sheet = image.convert("RGBA")
    sheet.paste((255, 255, 255, 255), (0, 0, 8, 8))
    sheet.save(preview_path(small))
    for level in ("recomputed", "reproduced"):
        assert "the preview shows other samples" in failed(run, small, "--level", level)
    preview_path(small).write_bytes(b"no image")
    assert "100.00% of its values" in failed(run, small, "--level", "reproduced")


def slightly(result: dict[str, Any]) -> None:
    """A value and its interval as the last bits of another machine may leave them."""
    first = result["metrics"][0]
    first["value"] *= 1 + 1e-8
    first["uncertainty"]["hi"] *= 1 - 1e-8


def test_the_rule_is_the_same_for_every_machine(run: Run, small: Path) -> None:
    log = verification_path(small)
    for spoil in (slightly, elsewhere):
        change(small, spoil)
        assert verified(run, small, "--level", "reproduced")["level"] == "reproduced"
        log.unlink()
    original = small.read_bytes()
    for spoil in (value, interval):
        change(small, spoil)
        assert "fd:digits-cnn" in failed(run, small, "--level", "reproduced")
        log.unlink()
        small.write_bytes(original)


def test_other_digests_are_judged_by_pixels_and_what_they_explain(run: Run, small: Path) -> None:
    change(small, elsewhere)
    change(small, digest)
    (entry,) = verified(run, small, "--level", "reproduced")["entries"]  # by the preview
    pixels = entry["figures"]["pixels"]
    assert (pixels["compared"], pixels["share_off"], pixels["levels"]) == (64, 0, 0)
    verification_path(small).unlink()
    change(small, value)
    assert "fd:digits-cnn" in failed(run, small, "--level", "reproduced")
    verification_path(small).unlink()
    preview_path(small).unlink()
    assert "no published pixels to compare" in failed(run, small, "--level", "reproduced")


def test_a_lucky_draw_does_not_reach_the_highest_level(run: Run, small: Path) -> None:
    def lucky(result: dict[str, Any]) -> None:
        first = result["metrics"][0]
        better = 12 * first["uncertainty"]["se"]  # far, as what is drawn to compare it with is drawn at random
        first["value"] -= better
        for end in ("lo", "hi"):
            first["uncertainty"][end] -= better

    change(small, lucky)
    why = failed(run, small, "--level", "resampled")
    assert re.search(r"^fd:digits-cnn was a lucky draw: [\d.]+ standard errors better than a fresh one, p = ", why)
    assert status_of(small).level == "self-reported"


def test_what_has_changed_since_is_named_and_is_no_failure(run: Run, small: Path) -> None:
    old = COMMITTED / "digits@1" / "vae" / "d5e53d0f78b9.json"
    fact = refused(run, "verify", old, "--dry-run")
    assert "specification.metrics.alpha_precision:digits-cnn.extractor.preprocessing" in fact
    assert "'grey levels divided by 255' in the result, but 'unit' here" in fact
    original = small.read_bytes()

    def weights(result: dict[str, Any]) -> None:
        result["specification"]["generator"]["weights"] = "b" * 64

    def columns(result: dict[str, Any]) -> None:
        result["metrics"].pop()

    def nonsense(result: dict[str, Any]) -> None:
        result["specification"]["metrics"] = [7]

    def seed(result: dict[str, Any]) -> None:
        result["sampling"]["seed"] = 1

    for spoil, why in (
        (weights, f"specification.generator.weights: '{'b' * 64}' in the result, but '"),
        (columns, "metrics: the columns differ from its specification"),
        (nonsense, "specification: not written by genboard"),
        (seed, "specification.sampling.seed: 2026 in the result, but 1 here"),
    ):
        small.write_bytes(original)
        change(small, spoil)
        change(small, lambda r: r.update(id=result_id(r["specification"])))
        assert why in refused(run, "verify", small, "--level", "reproduced")
    assert not verification_path(small).exists()


def test_a_failed_result_has_nothing_to_verify(run: Run, small: Path) -> None:
    error = {"stage": "sampling", "type": "BadSamples", "message": "no"}
    change(small, lambda r: r.update(status="failed", metrics=[], error=error))
    assert "failed at sampling, so there is nothing to verify" in refused(run, "verify", small)


def test_functions_run_only_with_permission_and_must_be_the_same(run: Run, own_home: Path, tmp_path: Path) -> None:
    text = FUNCTION + "return np.stack([np.random.default_rng(s).random((1, 8, 8), np.float32) for s in seeds])\n"
    source = module(tmp_path, text)
    more = ("--track", "digits", "--samples", 40, "--trust-code")
    assert run("evaluate", source, "--name", "mine", *more)[0] == 0
    (path,) = own_home.glob("results/digits@1/mine/*.json")
    assert [e["kind"] for e in verified(run, path)["entries"]] == ["recomputed"]
    assert "is a user's function" in refused(run, "verify", path, "--level", "reproduced")
    assert "does not run unasked" in refused(run, "verify", path, "--level", "reproduced", "--source", source)
    again = ("--source", source, "--trust-code")
    assert [e["kind"] for e in verified(run, path, *again)["entries"]] == ["recomputed", "reproduced"]
    module(tmp_path, text + "# changed\n")
    assert "specification.generator.code" in refused(run, "verify", path, "--level", "reproduced", *again)


def test_images_are_recomputed_and_never_reproduced(run: Run, small: Path, own_home: Path, tmp_path: Path) -> None:
    images = tmp_path / "images"
    assert run("sample", "noise", "--track", "digits", "--samples", 40, "--out", images)[0] == 0
    assert run("evaluate", images, "--track", "digits", "--name", "theirs")[0] == 0
    (path,) = own_home.glob("results/digits@1/theirs/*.json")
    assert "neither the samples nor the generator" in refused(run, "verify", path)
    assert verified(run, path, "--samples", images)["level"] == "recomputed"
    assert "it cannot be drawn again" in refused(run, "verify", path, "--level", "reproduced")
    assert "not in the data folder" in refused(run, "verify", path, "--level", "recomputed")


@pytest.mark.slow
def test_workers_reproduce_what_one_process_does(run: Run, vae: Path) -> None:
    alone, *together = (
        verified(run, vae, "--dry-run", "--level", "reproduced", *more)["entries"][0]["figures"]
        for more in ((), ("--executor", "local", "--workers", 1), ("--executor", "local", "--workers", 2))
    )
    for figures in together:
        assert {**figures, "environment": None} == {**alone, "environment": None}
