"""Do the intervals hold their targets? Simulated for every metric that publishes one: `make validate`.

`python -m genboard.benchmarks.validation kid cmmd` simulates these again and keeps the rest of the table.

A draw is a fresh set of samples from a known distribution. The target of a `conditional` interval is the mean of the
statistic over all draws with the reference fixed. A second table redraws the reference too, which those intervals do
not claim to cover: what they miss there is the part of the uncertainty that a fixed reference hides.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import torch
from torch import Tensor

from ..files import read_json, write_json
from ..progress import bar
from ..reference_stats.moments import Moments
from ..registry.metrics import METRICS, Input, find_metric
from .neighbours import Neighbours
from .result import MetricRecord
from .scoring import score

TABLE = Path(__file__).parent / "validation.json"
DRAWS = 2000
NEIGHBOURS = 5
SKEW = 0.25  # gives a skewness of 1.4


@dataclass(frozen=True)
class Setting:
    """Standard normal real features against samples that are shifted and scaled; one feature in four is skewed."""

    d: int
    n: int
    shift: float
    scale: float

    def real(self, generator: torch.Generator) -> Tensor:
        return _skewed(torch.randn(self.n, self.d, generator=generator, dtype=torch.float64))

    def fake(self, generator: torch.Generator) -> Tensor:
        x = torch.randn(self.n, self.d, generator=generator, dtype=torch.float64)
        return _skewed(x) * self.scale + self.shift


SETTINGS = (
    Setting(4, 200, 0.0, 1.0),
    Setting(4, 200, 0.5, 1.2),
    Setting(16, 200, 0.0, 1.0),
    Setting(16, 200, 0.3, 0.9),
    Setting(32, 500, 0.1, 1.0),
)


@dataclass(frozen=True)
class Outcome:
    """How one metric's intervals did in one setting.

    Attributes:
        target: mean of the value over the draws.
        spread: standard deviation of the value over the draws.
        claimed: mean standard error over that spread; above 1 the interval is too wide.
        held: share of the intervals that hold the target.
        draws: how many there were.
        far: whether the value exceeds three standard errors, so that the interval has to be right and not only safe.
    """

    metric: str
    d: int
    n: int
    shift: float
    scale: float
    reference: str
    target: float
    spread: float
    claimed: float
    held: float
    draws: int
    far: bool


def simulate(
    setting: Setting, draws: int, redrawn: bool = False, seed: int = 0, names: Sequence[str] = tuple(METRICS)
) -> list[Outcome]:
    """The metrics of those names that have an interval, in one setting."""
    generator = torch.Generator().manual_seed(seed)
    real, train = setting.real(generator), setting.real(generator)
    records: dict[str, list[MetricRecord]] = {name: [] for name in names}
    with bar(f"d = {setting.d}, n = {setting.n}, shift = {setting.shift}", draws, "draw") as progress:
        for _ in range(draws):
            if redrawn:
                real = setting.real(generator)
            for record in _scores(real, train, setting.fake(generator), names):
                records[record.name].append(record)
            progress.update()
    return list(_outcomes(setting, records, "redrawn" if redrawn else "fixed"))


def _scores(real: Tensor, train: Tensor, fake: Tensor, names: Sequence[str]) -> list[MetricRecord]:
    inputs: Mapping[Input, Any] = {
        "real.moments": Moments.of(real),
        "real.features": real,
        "train.features": train,
        "reference.features": real,
        "fake.features": fake,
        "fake.logits": 2 * fake,
        "neighbours": Neighbours(real, fake, NEIGHBOURS),
    }
    return [score(metric, inputs, None, len(fake), len(real), {}) for metric in map(find_metric, names)]


def _outcomes(setting: Setting, records: Mapping[str, list[MetricRecord]], reference: str) -> Iterator[Outcome]:
    for name, found in records.items():
        values = [record.value for record in found if record.value is not None]
        intervals = [record.uncertainty for record in found if record.uncertainty is not None]
        if len(intervals) < len(found) or len(values) < 2:
            continue  # no interval is published here
        target, spread = fmean(values), stdev(values)
        claimed = fmean(u.se for u in intervals)
        yield Outcome(
            name,
            setting.d,
            setting.n,
            setting.shift,
            setting.scale,
            reference,
            target,
            spread,
            claimed / spread if spread else 1.0,
            fmean(u.lo <= target <= u.hi for u in intervals),
            len(values),
            abs(target) > 3 * claimed,
        )


def _skewed(x: Tensor) -> Tensor:
    """Every fourth feature bent and standardised: features are not Gaussian, and intervals may not rely on it."""
    bent = x[:, ::4]
    x[:, ::4] = (bent + SKEW * (bent.square() - 1)) / (1 + 2 * SKEW**2) ** 0.5
    return x


def main(arguments: list[str]) -> None:
    chosen = [find_metric(name).name for name in arguments] or list(METRICS)
    work = [(setting, DRAWS, False) for setting in SETTINGS] + [(setting, DRAWS // 4, True) for setting in SETTINGS]
    # The same draws whatever is chosen and whichever process works on it.
    with ProcessPoolExecutor() as pool:
        found = list(pool.map(partial(simulate, names=chosen), *zip(*work, strict=True)))
    kept = [entry for entry in read_json(TABLE) if entry["metric"] not in chosen] if arguments else []
    rows = [*kept, *(asdict(outcome) for outcomes in found for outcome in outcomes)]
    write_json(TABLE, sorted(rows, key=_place))


def _place(row: Mapping[str, Any]) -> tuple[Any, ...]:
    setting = Setting(row["d"], row["n"], row["shift"], row["scale"])
    return row["reference"], SETTINGS.index(setting), list(METRICS).index(row["metric"])


if __name__ == "__main__":
    main(sys.argv[1:])
