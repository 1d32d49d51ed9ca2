"""Truncation and guidance: who has one, what is drawn at another value, and what is on the front."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from genboard.benchmarks.studies import truncation
from genboard.benchmarks.studies.context import gather
from genboard.benchmarks.studies.table import Row, Table
from genboard.benchmarks.studies.truncation import ControlParameter, control_parameter, front_rows, turned
from genboard.leaderboard.study_figures import truncation as figures
from genboard.registry.catalog import entries, find
from genboard.registry.schema import Generator
from refusals import hint, refused
from study_runs import changed, digits, made, said

from genboard.core.errors import BadStudy


@pytest.mark.parametrize(
    ("name", "control"),
    [
        ("dcgan", ControlParameter("truncation", 1.0)),
        ("vae", ControlParameter("truncation", 1.0)),  # by its loader alone: the entry does not say it
        ("ddpm", ControlParameter("guidance", 1.0)),
        ("ddpm-guided", ControlParameter("guidance", 3.0)),
        ("kde", None),
        ("noise", None),
    ],
)
def test_a_generator_has_the_control_parameter_that_its_entry_or_its_loader_takes(
    name: str, control: ControlParameter | None
) -> None:
    assert control_parameter(find(Generator, name)) == control


def test_its_own_setting_is_among_those_that_are_drawn() -> None:
    for name, entry in entries(Generator).items():
        control = control_parameter(entry)
        if control is not None:
            assert control.own in control.settings, name
    assert ControlParameter("guidance", 3.0).settings == sorted({*truncation.SETTINGS["guidance"], 3.0})


def test_another_setting_gives_other_samples_and_leaves_the_registry_alone() -> None:
    context = gather(digits("fd", samples=20), ["vae"])
    before = find(Generator, "vae").identity()
    target = turned(context, "vae", "vae.truncation-0.4", "truncation", 0.4)
    assert target.generator is not None
    assert target.generator.identity["arguments"] == {"truncation": 0.4}
    assert target.record.name == "vae.truncation-0.4"
    assert find(Generator, "vae").identity() == before
    assert context.target("vae").generator is not None


def rows(points: dict[tuple[str, float], tuple[float, float]], se: float = 0.01) -> list[Row]:
    found: list[Row] = []
    for (name, setting), both in points.items():
        for metric, value in zip(("precision", "recall"), both, strict=True):
            row: Row = {"what": "value", "generator": name, "argument": "truncation", "setting": setting}
            found.append({**row, "own": setting == 1, "metric": f"{metric}:x", "value": value, "se": se})
    return found


def test_the_front_is_of_all_settings_of_all_generators() -> None:
    points = {("a", 0.5): (0.9, 0.2), ("a", 1.0): (0.7, 0.6), ("b", 0.5): (0.5, 0.5), ("b", 1.0): (0.69, 0.595)}
    found = {(row["generator"], row["setting"]): row["front"] for row in front_rows(rows(points))}
    assert found == {("a", 0.5): "on", ("a", 1.0): "on", ("b", 0.5): "significantly off", ("b", 1.0): "off"}
    # As good in one and better in the other is enough; two that are the same are both on it.
    ties = {("a", 0.5): (0.7, 0.6), ("a", 1.0): (0.7, 0.5), ("b", 0.5): (0.7, 0.6)}
    assert [row["front"] for row in front_rows(rows(ties))] == ["on", "off", "on"]
    # With no error known nothing is sure.
    unsure = {row["front"] for row in front_rows([row | {"se": None} for row in rows(points)])}
    assert unsure == {"on", "off"}


DRAWN = ("vae", "acgan", "ddpm-guided")


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Table:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GENBOARD_HOME", str(tmp_path_factory.mktemp("truncation")))
        patch.setattr(truncation, "SETTINGS", {"truncation": (0.4, 0.7, 1.0), "guidance": (1.0,)})
        return made("truncation", digits("fd", "precision", "recall", "coverage", samples=128), list(DRAWN))


def test_truncation_trades_diversity_for_fidelity(table: Table) -> None:
    recall = [row["value"] for row in table.of("value", generator="vae", metric="recall:digits-cnn")]
    assert len(recall) == 3
    assert recall == sorted(recall, key=float)
    assert {row["setting"] for row in table.of("value", generator="acgan") if row["own"]} == {1.0}
    assert [g.name for g in table.card.generators] == list(DRAWN)


def test_the_evaluations_of_a_network_are_told_where_the_entry_says_its_steps(table: Table) -> None:
    told = {(row["setting"], row["evaluations"]) for row in table.of("value", generator="ddpm-guided")}
    assert told == {(1.0, 25), (3.0, 50)}  # guidance takes two of a step, at 1 one
    assert {row["generator"] for row in table.of("value") if "evaluations" in row} == {"ddpm-guided"}
    assert "50 network evaluations a sample, 25 at 1" in figures.figure(table).words


def test_the_verdict_follows_the_table(table: Table) -> None:
    text = said(table)
    assert "vae, truncation from 0.4 to 1: precision from " in text
    assert "On the Pareto front of precision and recall: " in text

    def plain(row: Row) -> Row:
        if row["what"] != "value" or row["value"] is None:
            return row
        setting = row["setting"]
        assert isinstance(setting, float)
        name = str(row["metric"]).partition(":")[0]
        value = {"precision": 1 - setting, "recall": setting, "fd": setting}.get(name, 0.5)
        return row | {"value": value, "se": 0.01, "lo": None, "hi": None}

    traded = said(changed(table, plain))
    assert (
        "vae, truncation from 0.4 to 1: precision from 0.60 to 0.00, recall from 0.40 to 1.00: one is traded for"
        in (traded)
    )
    assert "best by fd at 0.4 (default 1)." in traded

    unsure = said(changed(table, lambda row: {key: 9.0 if key == "se" else value for key, value in plain(row).items()}))
    assert "one is traded for" not in unsure
    assert "no clear trade-off; best by fd at 0.4" in unsure

    def together(row: Row) -> Row:
        return row | {"value": row["setting"]} if row["what"] == "value" else row

    assert "no clear trade-off" in said(changed(table, together))
    assert "best by fd at 0.4" in said(changed(table, together))


def test_its_figure_has_a_path_for_each_generator(table: Table) -> None:
    svg = figures.figure(table).drawing
    assert ">vae</text>" in svg
    assert ">acgan</text>" in svg
    for setting in ("0.4", "0.7", "1"):
        assert f'aria-label="vae, truncation {setting}: precision' in svg
    assert svg.count('aria-roledescription="point"') == 8
    assert "vae, truncation: precision" in figures.figure(table).words


def draws_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which generators take part is decided before any is drawn."""
    monkeypatch.setattr("genboard.benchmarks.studies.running._drawn", lambda context: context.generators)


def test_what_has_no_control_parameter_is_left_out_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    draws_nothing(monkeypatch)
    monkeypatch.setattr(truncation, "_at", lambda *_: {})
    monkeypatch.setattr("genboard.benchmarks.studies.running._table", lambda _, context, *__: context)
    context = made("truncation", digits("fd"))
    assert context.left_out["kde"] == "takes neither truncation nor guidance"  # type: ignore[attr-defined]
    assert context.left_out["ddpm-guided"] == "differs from ddpm in its guidance alone"  # type: ignore[attr-defined]
    assert not {"noise", "vae"} & set(context.left_out)  # type: ignore[attr-defined]


def test_a_named_generator_without_truncation_is_refused(run: Callable[..., tuple[int, str, str]]) -> None:
    command = ("study", "truncation", "--track", "digits", "--generators", "vae,kde")
    assert refused(run, *command).endswith("generator 'kde' takes neither truncation nor guidance")
    assert "dcgan" in hint(run, *command)


def test_a_track_without_any_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    draws_nothing(monkeypatch)
    monkeypatch.setattr(truncation, "control_parameter", lambda _: None)
    with pytest.raises(BadStudy, match="no generator on track 'digits' takes truncation or guidance"):
        made("truncation", digits())
