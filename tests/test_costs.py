"""What an image costs: measured apart on one machine, never taken from the run that measured a result."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from genboard.leaderboard.board.board import Board, make_board
from genboard.leaderboard.board.costs import TABLE, Cost, cost_front, cost_of, identity_of, machine
from genboard.leaderboard.board.separation import separated
from genboard.leaderboard.maintenance import costs
from genboard.leaderboard.maintenance.costs import evaluations, measured, on_boards
from genboard.leaderboard.site.columns import cells_of, columns_of
from genboard.leaderboard.site.costs_view import cost_view, milliseconds
from genboard.leaderboard.storage.records import COMMITTED, read_records
from genboard.registry.catalog import entries, find
from genboard.registry.schema import Generator, Track
from genboard.registry.weights import read_weights
from site_tree import TRACK, everything, save

from genboard.core.serialization import read_json, write_json


@cache
def board(name: str) -> Board:
    return make_board(find(Track, name), read_records([COMMITTED]).readable)


def test_every_ranked_generator_of_the_registry_is_in_the_table() -> None:
    table = {one["generator"]: one for one in read_json(TABLE)["costs"]}
    assert list(table) == [name for name, _ in on_boards()]
    for name, one in table.items():
        assert one["identity"] == identity_of(find(Generator, name).identity())
        assert one["seconds"] > 0
        assert one["parameters"] > 0


def test_evaluations_are_those_that_the_arguments_ask_for() -> None:
    table = {one["generator"]: one["evaluations"] for one in read_json(TABLE)["costs"]}
    checked = 0
    for name, found in table.items():
        entry = entries(Generator)[name]
        if entry.loader == "zoo.ddpm:load":
            assert found == int(entry.arguments["steps"]) * (1 if entry.arguments["guidance"] == 1 else 2)
            checked += 1
        if entry.loader == "zoo.flow_matching:load":
            assert found == 2 * int(entry.arguments["steps"])  # Heun's method
            checked += 1
        if entry.family == "gan":
            assert found == 1
        assert entry.nfe == found
    assert checked > 5


def test_only_the_named_ones_are_measured_where_there_are_names(monkeypatch, tmp_path) -> None:
    held = read_json(TABLE)
    vendor, _, family = held["machine"].removeprefix("one core of ").partition(" ")
    monkeypatch.setattr(costs, "TABLE", tmp_path / "costs.json")
    monkeypatch.setattr(costs, "processor_of", lambda: (vendor, family))
    monkeypatch.setattr(costs, "measured", lambda name, track: {"generator": name, "seconds": 1.0})
    write_json(costs.TABLE, held)
    costs.main(["vae"])
    expected = [one if one["generator"] != "vae" else {"generator": "vae", "seconds": 1.0} for one in held["costs"]]
    assert read_json(costs.TABLE) == {"machine": held["machine"], "costs": expected}
    with pytest.raises(SystemExit, match="no board ranks nobody"):
        costs.main(["nobody"])
    monkeypatch.setattr(costs, "processor_of", lambda: (vendor, "another"))
    with pytest.raises(SystemExit, match="this is one core of"):
        costs.main(["vae"])


def test_a_generator_is_measured_again() -> None:
    found = measured("ddpm", "digits")
    held = next(one for one in read_json(TABLE)["costs"] if one["generator"] == "ddpm")
    assert {key: found[key] for key in ("identity", "parameters", "evaluations")} == {
        key: held[key] for key in ("identity", "parameters", "evaluations")
    }
    assert found["seconds"] > 0
    weights = find(Generator, "ddpm").weights
    assert weights
    assert found["parameters"] == sum(array.size for array in read_weights(weights).values())


def test_several_networks_have_no_number_of_evaluations() -> None:
    assert evaluations([(1, 64), (1, 64)], 64) == 2
    assert evaluations([(1, 128)], 64) == 2
    assert evaluations([(1, 64), (2, 64)], 64) is None
    assert evaluations([(1, 30)], 64) is None
    assert evaluations([], 64) is None


def test_what_a_run_records_of_itself_is_no_cost(tmp_path: Path) -> None:
    found = make_board(TRACK, everything(tmp_path).readable)
    assert all(row.result.cost.images_per_s for row in found.rows)
    assert {cost_of(row) for row in found.rows} == {Cost(None, None, None)}
    assert [column.key for column in columns_of(found)][-1] == "labels"
    assert cost_view(found) is None


def test_baselines_cost_nothing_that_is_known() -> None:
    found = board("digits")
    assert {cost_of(row) for row in found.rows if row.result.generator.baseline} == {Cost(None, None, None)}


def test_a_row_is_on_the_front_where_all_that_are_as_fast_are_significantly_worse() -> None:
    sides = set()
    for name in ("digits", "mnist-1k", "cifar10-jpeg"):
        found = board(name)
        apart = separated(found.scored[0].rows)
        values = {row.name: row.value for row in found.scored[0].rows}
        points = cost_front(found)
        assert [p.seconds for p in points] == sorted(p.seconds for p in points)
        for p in points:
            mine = p.row.name
            as_fast = [o.row.name for o in points if o.seconds <= 1.25 * p.seconds and o is not p]
            clear = {o: values[o] < values[mine] for o in as_fast if apart.differ(o, mine)}
            side = "off" if any(clear.values()) else "on" if len(clear) == len(as_fast) else "open"
            assert p.side == side, (name, mine)
            sides.add(side)
    assert sides == {"on", "open", "off"}


def test_the_heading_names_who_is_on_the_front() -> None:
    for name in ("digits", "mnist-1k", "cifar10-jpeg"):
        view = cost_view(board(name))
        assert view
        points = [p for p, *_ in view.rows]
        on = [p.row.name for p in points if p.side == "on"]
        assert all(one in view.heading for one in on[:3])
        assert view.heading.startswith("No generator is") == (not on)
        words = set(view.heading.replace(",", " ").split())
        assert not words & {p.row.name for p in points if p.side != "on"}
        assert machine() == view.machine
        assert len(view.dots) == len(points) == len(board(name).ranked) - len(view.left_out)


def test_dots_are_where_their_figures_are() -> None:
    view = cost_view(board("digits"))
    assert view
    by_time = sorted(view.dots, key=lambda dot: dot.x)
    assert [dot.name for dot in by_time] == [p.row.name for p, *_ in view.rows] or len({d.x for d in by_time}) < len(
        by_time
    )
    values = {p.row.name: p.row.cells["fd:digits-cnn"].value or 0.0 for p, *_ in view.rows}
    assert [d.name for d in sorted(view.dots, key=lambda d: -d.y)] == sorted(values, key=values.__getitem__)
    width, height, *_ = view.size
    assert all(0 < d.x < width and 0 < d.y < height for d in view.dots)


def test_cost_columns_say_yes_no_and_a_dash_where_nothing_is_known(tmp_path: Path) -> None:
    save(tmp_path, "alpha", 2.0, generator={"task": "class"})
    save(tmp_path, "beta", 3.0)
    save(tmp_path, "floor", 0.2, generator={"baseline": True, "noise_floor": True})
    found = make_board(TRACK, read_records([tmp_path]).readable)
    last = {name: cells[-1].figure.text for name, cells in cells_of(found).items()}
    assert last == {"alpha": "yes: a class", "beta": "no", "floor": "—"}
    shown = {column.key: i for i, column in enumerate(columns_of(board("digits")))}
    cells = cells_of(board("digits"))
    assert cells["ddpm"][shown["evaluations"]].figure.text == "25"
    assert cells["ddpm"][shown["parameters"]].figure.text == "130,475"
    assert cells["held-out"][shown["seconds"]].figure.text == "—"


def test_milliseconds_have_two_digits() -> None:
    assert [milliseconds(x) for x in (1.6e-05, 0.0029, 0.18, 1.2)] == ["0.016", "2.9", "180", "1,200"]
