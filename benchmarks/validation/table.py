"""The table that the simulation left, and how it is brought up to date."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path

from ...core.files import read_json, write_json
from ...registry.metrics import METRICS
from .settings import SETTINGS, Setting
from .simulation import Outcome

TABLE = Path(__file__).parent.parent / "validation.json"


def read_table(path: Path = TABLE) -> list[Outcome]:
    return [Outcome(**entry) for entry in read_json(path)]


def write_table(outcomes: Iterable[Outcome], path: Path = TABLE) -> None:
    """In the order of the settings and of the metrics."""
    names = [setting.name for setting in SETTINGS]
    order = list(METRICS)
    rows = sorted(outcomes, key=lambda o: (o.reference, names.index(o.setting), order.index(o.metric)))
    write_json(path, [asdict(row) for row in rows])


def kept(outcomes: Iterable[Outcome], chosen: Sequence[str]) -> list[Outcome]:
    """Those of metrics that are not simulated anew, in settings and of metrics that there still are."""
    names = {setting.name for setting in SETTINGS}
    return [o for o in outcomes if o.metric not in chosen and o.metric in METRICS and o.setting in names]


def find_setting(name: str) -> Setting:
    return next(setting for setting in SETTINGS if setting.name == name)
