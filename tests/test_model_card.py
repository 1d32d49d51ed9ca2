"""Model cards: what huggingface-hub's own readers make of what is written."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, ClassVar

import pytest
import yaml
from committed import current
from genboard.benchmarks.result import Result, read_result, result_id, save_result
from genboard.leaderboard.storage.records import COMMITTED
from genboard.leaderboard.text.yaml import to_yaml
from genboard.leaderboard.verification.log import append, new_entry
from genboard.registry.metrics import METRICS
from huggingface_hub import ModelCard, parse_eval_result_entries
from huggingface_hub.repocard_data import model_index_to_eval_results
from refusals import Run, refused

DDPM = current("ddpm")
GAN = current("csinva-mnist-gan", "mnist")


def test_a_model_index_is_read_back_by_the_hub(run: Run) -> None:
    code, out, err = run("card", GAN, "--source", "https://example.org/board")
    assert code == 0, err
    name, found = model_index_to_eval_results(yaml.safe_load(out)["model-index"])
    result = read_result(GAN)
    assert name == "csinva-mnist-gan"
    assert len(found) == len(result.metrics) > 10
    for said, record in zip(found, result.metrics, strict=True):
        assert (said.metric_type, said.metric_value) == (record.name, record.value)
        assert said.task_type == "unconditional-image-generation"
        assert (said.dataset_type, said.dataset_split) == ("ylecun/mnist", "reference")
        assert said.metric_args["n"] == record.n
        assert said.metric_args["extractor"] == record.extractor
        assert said.source_url == "https://example.org/board"
        u = record.uncertainty
        assert (said.metric_args.get("interval") or {}).get("lo") == (u.lo if u else None)


def test_a_card_with_it_is_a_card_the_hub_reads(run: Run) -> None:
    out = run("card", DDPM)[1]
    card = ModelCard(f"---\n{out}---\n\nA model.\n")
    assert card.data.model_name == "ddpm"
    assert card.data.eval_results
    assert {r.dataset_config for r in card.data.eval_results} == {"digits@1"}


def test_entries_of_eval_results_are_read_back_by_the_hub(run: Run, tmp_path: Path) -> None:
    path = tmp_path / ".eval_results" / "mnist.yaml"
    code, out, err = run("card", GAN, "--format", "eval-results", "--source", "https://example.org", "--out", path)
    assert (code, out) == (0, f"{path}\n"), err
    found = parse_eval_result_entries(yaml.safe_load(path.read_text("utf-8")))
    result = read_result(GAN)
    assert len(found) == len(result.metrics)
    for said, record in zip(found, result.metrics, strict=True):
        assert said.dataset_id == "ylecun/mnist"
        assert said.value == record.value
        assert said.date == result.provenance.created
        assert said.notes
        assert result.id in said.notes
    assert found[0].task_id == "mnist-v1-fd-lenet-mnist"
    assert len({said.task_id for said in found}) == len(found)


NUMBERS_OF_YAML_1_2 = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|0o[0-7]+|0x[0-9a-fA-F]+")


class YAML12(yaml.SafeLoader):
    """A reader of plain texts as YAML 1.2 has them: fewer words, other numbers."""

    yaml_implicit_resolvers: ClassVar[dict[str, list[tuple[str, re.Pattern[str]]]]] = {
        first: [("tag:yaml.org,2002:float", NUMBERS_OF_YAML_1_2)] for first in "+-.0123456789"
    }

    def construct_yaml_float(self, node: yaml.ScalarNode) -> float:
        return float(self.construct_scalar(node))


YAML12.add_constructor("tag:yaml.org,2002:float", YAML12.construct_yaml_float)
NAMES = [
    "1e3",
    "1.5e-7",
    "0o14",
    "0x1f",
    "1_000",
    "12:30",
    "2024-01-01",
    ".5",
    "-7",
    "no",
    "Off",
    "y",
    "null",
    "~",
    "12",
    "v1e3",
    "a: b",
    "#",
    "é",
    "a\nb",
    "=",
]


@pytest.mark.parametrize("reader", [yaml.SafeLoader, YAML12], ids=["YAML 1.1", "YAML 1.2"])
def test_a_text_is_a_text_to_readers_of_both_versions(reader: Any) -> None:
    value = {name: name for name in NAMES} | {"number": 0.5, "list": NAMES}
    assert yaml.load(to_yaml(value), reader) == value
    assert yaml.load("1e3", YAML12) == 1000.0  # where PyYAML's own rules leave it unquoted


@pytest.mark.parametrize("form", ["model-index", "eval-results"])
def test_a_name_that_looks_like_a_number_stays_a_name(run: Run, tmp_path: Path, form: str) -> None:
    generator = read_result(GAN).generator.model_copy(update={"name": "1e3", "kind": "images"})
    path = save_result(read_result(GAN).model_copy(update={"generator": generator}), tmp_path, None)
    code, out, err = run("card", path, "--format", form)
    assert code == 0, err
    if form == "model-index":
        assert (
            yaml.load(out, YAML12)["model-index"][0]["name"] == yaml.safe_load(out)["model-index"][0]["name"] == "1e3"
        )
    else:
        assert {type(entry["date"]) for entry in yaml.load(out, YAML12)} == {str}


def test_a_data_set_that_is_not_on_the_hub_needs_a_benchmark(run: Run) -> None:
    assert "is not on the Hub" in refused(run, "card", DDPM, "--format", "eval-results")
    out = run("card", DDPM, "--format", "eval-results", "--dataset", "org/digits")[1]
    assert {said.dataset_id for said in parse_eval_result_entries(yaml.safe_load(out))} == {"org/digits"}


def changed(tmp_path: Path, **update: object) -> Path:
    result: Result = read_result(DDPM).model_copy(update=update)
    return save_result(result, tmp_path, None)


def test_what_has_no_value_is_left_out_and_named(run: Run, tmp_path: Path) -> None:
    result = read_result(DDPM)
    metrics = [
        m.model_copy(update={"value": None, "uncertainty": None, "reason": "no training set"}) if m.name == "c_t" else m
        for m in result.metrics
    ]
    code, out, err = run("card", changed(tmp_path, metrics=metrics, status="partial"))
    assert code == 0
    assert "left out: c_t:digits-cnn" in err
    _, found = model_index_to_eval_results(yaml.safe_load(out)["model-index"])
    assert len(found) == len(result.metrics) - 1


def test_a_card_is_of_one_model_and_of_the_tracks_there_are(run: Run, tmp_path: Path) -> None:
    assert "a card describes one model" in refused(run, "card", DDPM, GAN)
    old = changed(tmp_path, track=read_result(DDPM).track.model_copy(update={"version": 99}))
    assert "was measured on version 99 of digits" in refused(run, "card", old)
    empty = changed(tmp_path, metrics=[])
    assert "has no values" in refused(run, "card", empty)
    assert "cannot be read" in refused(run, "card", tmp_path / "nothing.json")


@pytest.mark.parametrize(
    "source",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "ftp://example.org",
        "example.org",
        "https://",
        "https:///x",
        "http://localhost/x",
        "http://127.0.0.1/x",
        "http://[::1",
        "https://example.org/a b",
        "https://example.org/\n",
        "",
    ],
)
def test_a_source_that_is_no_web_address_is_refused(run: Run, source: str) -> None:
    assert "is not an address on the web" in refused(run, "card", DDPM, "--source", source)


@pytest.mark.parametrize(
    "name", ["", "digits", "a/b/c", "../x", "org/", "/x", "org/a b", "org/../x", "org/-x", "a" * 200]
)
def test_a_data_set_that_cannot_be_on_the_hub_is_refused(run: Run, name: str) -> None:
    said = refused(run, "card", DDPM, "--format", "eval-results", f"--dataset={name}")
    assert "is not the name of a data set on the Hub" in said


def published(tmp_path: Path, **update: object) -> tuple[Path, Result]:
    """A copy of a committed result, in a folder of its own."""
    result: Result = read_result(DDPM).model_copy(update=update)
    if "specification" in update:
        result = result.model_copy(update={"id": result_id(result.specification)})
    return save_result(result, tmp_path / "mine", None), result


def renamed(name: str = "my-ddpm") -> dict[str, object]:
    result = read_result(DDPM)
    return {"generator": result.generator.model_copy(update={"name": name, "kind": "images"})}


@pytest.mark.parametrize("form", ["model-index", "eval-results"])
def test_a_withdrawn_result_is_refused_and_so_is_its_copy(run: Run, tmp_path: Path, own_home: Path, form: str) -> None:
    path, result = published(tmp_path, **renamed())
    home = save_result(result, own_home / "results", None)
    append(home, new_entry(home, "withdrawn", by="me", reason="trained on the reference"))
    for given in (home, path):
        said = refused(run, "card", given, "--format", form, "--dataset", "org/digits")
        assert "was withdrawn: trained on the reference" in said


def values_of(text: str, form: str) -> list[str]:
    """Of each value what a reader is told of it."""
    if form == "eval-results":
        return [str(entry.notes) for entry in parse_eval_result_entries(yaml.safe_load(text))]
    return [str(one.metric_args) for one in model_index_to_eval_results(yaml.safe_load(text)["model-index"])[1]]


@pytest.mark.parametrize("form", ["model-index", "eval-results"])
def test_what_the_board_says_against_a_result_stands_beside_every_value(
    run: Run, tmp_path: Path, own_home: Path, form: str
) -> None:
    options = ("--format", form, "--dataset", "org/digits")
    plain, result = published(tmp_path, **renamed())
    code, text, err = run("card", plain, *options)
    assert code == 0, err
    assert not [said for said in values_of(text, form) if "not ranked" in said]
    newer = {"created": "2031-01-01T00:00:00+00:00"}
    specification = {**result.specification, "nonce": 1}
    later, _ = published(
        tmp_path, **renamed(), specification=specification, provenance=result.provenance.model_copy(update=newer)
    )
    append(later, new_entry(later, "disputed", by="me", reason="looks like training images"))
    few = result.sampling.model_copy(update={"n": 499})
    small, _ = published(tmp_path, **renamed("small"), sampling=few)
    for path, said in (
        (plain, "not ranked: superseded by"),
        (later, "disputed: looks like training images"),
        (small, "not ranked: measured with 499 samples, the track asks for 500"),
    ):
        code, text, err = run("card", path, *options)
        assert code == 0, err
        found = values_of(text, form)
        assert len(found) > 10
        assert [one for one in found if said not in one] == []
        assert said in " ".join(err.split())


def test_a_value_of_another_version_of_its_metric_is_marked(run: Run, tmp_path: Path) -> None:
    result = read_result(DDPM)
    specs = [{**s, "version": 99} if s["name"] == "recall" else s for s in result.specification["metrics"]]
    path, _ = published(tmp_path, **renamed(), specification={**result.specification, "metrics": specs})
    code, text, err = run("card", path)
    assert code == 0, err
    stale = [said for said in values_of(text, "model-index") if "measured with another metric version" in said]
    assert len(stale) == 1
    assert "marked: recall:digits-cnn" in err


def test_two_results_of_a_track_are_refused_and_a_file_given_twice_is_not(run: Run, tmp_path: Path) -> None:
    first, result = published(tmp_path, **renamed())
    second, _ = published(tmp_path, **renamed(), specification={**result.specification, "nonce": 1})
    said = refused(run, "card", first, second)
    assert "a card has one value of each metric" in said
    assert result.id in said
    assert run("card", first, first)[0] == 0


def test_manifests_that_a_pattern_matches_are_passed_over(run: Run, tmp_path: Path) -> None:
    path, _ = published(tmp_path, **renamed())
    manifest = path.with_name(f"{path.stem}.manifest.json")
    manifest.write_text("{}", encoding="utf-8")
    assert run("card", path, manifest)[:2] == run("card", path)[:2]
    assert "no result among the files" in refused(run, "card", manifest)


def test_only_what_looks_for_copies_says_whether_there_are_some(run: Run) -> None:
    found = model_index_to_eval_results(yaml.safe_load(run("card", DDPM)[1])["model-index"])[1]
    told = {one.metric_type for one in found if "copies" in (one.metric_args or {})}
    assert told == {metric.name for metric in METRICS.values() if metric.detects_copies} & {
        o.metric_type for o in found
    }
    assert len(told) >= 2


def test_a_result_with_a_metric_that_is_gone_is_a_card_that_says_it_is_not_ranked(run: Run) -> None:
    old = [p for p in (COMMITTED / "digits@1" / "vae").glob("????????????.json") if b'"fd_inf"' in p.read_bytes()]
    assert old
    for path in old:
        code, out, err = run("card", path)
        assert code == 0, err
        assert "type: fd_inf" in out
        assert "not ranked" in err
