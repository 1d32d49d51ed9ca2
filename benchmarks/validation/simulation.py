"""Draws of samples in a setting, every metric's record of each, and how often the intervals hold their targets.

The table keeps what they came to.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean, stdev
from types import MappingProxyType

import torch
from torch import Tensor

from ...core.serialization import read_json, write_json
from ...reference_stats.moments import Moments
from ...registry.metrics import METRICS, find_metric
from ..metrics.inputs import FeatureSet, MetricInputs
from ..result import MetricRecord, UncertaintyRecord
from ..scoring import score
from .distributions import Distribution
from .settings import LEFT_OUT, SETTINGS, Setting

TABLE = Path(__file__).parent.parent / "validation.json"
SIMULATED = tuple(name for name in METRICS if name not in LEFT_OUT)
FAR = 3.0  # standard errors from zero, beyond which an interval has to be right and not only safe


@dataclass(frozen=True)
class Drawn:
    """What one metric says of one draw.

    Attributes:
        limit: the value for infinitely many samples, where it is known in closed form.
    """

    value: float | None
    uncertainty: UncertaintyRecord | None
    reason: str | None
    limit: float | None


@dataclass(frozen=True)
class Outcome:
    """How one metric's intervals did in one setting.

    Attributes:
        setting: its name.
        reference: `fixed` or `redrawn`.
        draws: how many there were.
        intervals: in how many of them the metric gave an interval.
        reason: the most frequent one for giving none; none where every draw has an interval.
        about: the intervals' target, `conditional` or `population`; none where there is no interval.
        mean: of the value over the draws.
        spread: standard deviation of the value over the draws.
        target: what the intervals should hold: for `conditional` the mean, else the limit in closed form, where one is
            known (its mean over the references where they are redrawn).
        claimed: mean standard error over the spread; above 1 the interval is too wide. None where nothing spreads.
        held: share of the intervals that hold the target.
        bias: mean less the limit in closed form, in spreads, unless the intervals are about the mean.
        bias_error: its Monte Carlo error.
        far: whether the target exceeds `FAR` standard errors.
    """

    metric: str
    setting: str
    reference: str
    draws: int
    intervals: int
    reason: str | None
    about: str | None
    mean: float | None
    spread: float | None
    target: float | None
    claimed: float | None
    held: float | None
    bias: float | None
    bias_error: float | None
    far: bool


def simulate(
    setting: Setting, draws: int, redrawn: bool = False, part: int = 0, names: Sequence[str] = SIMULATED
) -> dict[str, list[Drawn]]:
    """What the metrics of those names say of so many draws; those of another part are others."""
    world, generator, beside = setting.world(), setting.generator(part), setting.generator(part, pairs=True)
    real = world.real
    limits = {name: limit(name, real, world.samples) for name in names}
    found: dict[str, list[Drawn]] = {name: [] for name in names}
    for _ in range(draws):
        if redrawn:
            real = world.source.draw(setting.n, generator)
            limits = {name: limit(name, real, world.samples) for name in names}
        samples = world.samples.draw(setting.n, generator)
        # An image or a caption that has something of its sample.
        pairs = 0.5 * samples + world.source.draw(setting.n, beside)
        for record in _scores(real, world.train, samples, pairs, names):
            entry = Drawn(record.value, record.uncertainty, record.reason, limits[record.name])
            found[record.name].append(entry)
    return found


def outcome(metric: str, setting: Setting, drawn: Sequence[Drawn], redrawn: bool = False) -> Outcome:
    """What these draws come to.

    Raises:
        ValueError: intervals about the population whose limit is not known in closed form, or of both kinds.
    """
    values = [d.value for d in drawn if d.value is not None]
    intervals = [d.uncertainty for d in drawn if d.uncertainty is not None]
    mean = fmean(values) if values else None
    spread = stdev(values) if len(values) > 1 else None
    limits = [d.limit for d in drawn if d.limit is not None]
    known = fmean(limits) if len(limits) == len(drawn) else None
    about = _about(metric, intervals, known)
    target = mean if about == "conditional" else known
    claimed = fmean(u.se for u in intervals) if intervals else None
    biased = about != "conditional" and mean is not None and known is not None
    missing = Counter(d.reason or "no reason given" for d in drawn if d.uncertainty is None)
    return Outcome(
        metric=metric,
        setting=setting.name,
        reference="redrawn" if redrawn else "fixed",
        draws=len(drawn),
        intervals=len(intervals),
        reason=missing.most_common(1)[0][0] if missing else None,
        about=about,
        mean=mean,
        spread=spread,
        target=target,
        claimed=claimed / spread if claimed is not None and spread else None,
        held=fmean(u.lo <= target <= u.hi for u in intervals) if intervals and target is not None else None,
        bias=(mean - known) / spread if biased and spread and mean is not None and known is not None else None,
        bias_error=len(values) ** -0.5 if biased and spread else None,
        far=target is not None and claimed is not None and abs(target) > FAR * claimed,
    )


def _about(metric: str, intervals: Sequence[UncertaintyRecord], known: float | None) -> str | None:
    """What the intervals are about; none where there are none."""
    kinds = sorted({interval.target for interval in intervals})
    if len(kinds) > 1:
        raise ValueError(f"the intervals of {metric} have several targets: {', '.join(kinds)}")
    if kinds == ["population"] and known is None:
        raise ValueError(
            f"no limit of {metric} is known in closed form, which its intervals are about\n\nhint: add it to LIMITS"
        )
    return kinds[0] if kinds else None


def _scores(real: Tensor, train: Tensor, fake: Tensor, pairs: Tensor, names: Sequence[str]) -> list[MetricRecord]:
    metrics = [find_metric(name) for name in names]
    most = max((int(metric.params.get("k", 1)) for metric in metrics), default=1)
    samples, reference = FeatureSet(fake, logits=2 * fake), FeatureSet(real)
    inputs = MetricInputs(samples, reference, train=train, reference=reference, pair=pairs, caption=pairs, k=most)
    return [score(metric, inputs).record for metric in metrics]


def frechet(real: Tensor, samples: Distribution) -> float:
    """Fréchet distance between the Gaussians of the real features, shape (n, d), and of the samples' distribution."""
    reference = Moments.of(real)
    cov = reference.scatter / (reference.n - 1)
    values, vectors = torch.linalg.eigh(samples.cov)
    root = (vectors * values.clamp(min=0).sqrt()) @ vectors.T
    # Both are covariances, so an eigenvalue below zero is rounding of one that is zero.
    cross = torch.linalg.eigvalsh(root @ cov @ root).clamp(min=0).sqrt().sum()
    gap = reference.mean - samples.mean
    return float(gap @ gap + cov.trace() + samples.cov.trace() - 2 * cross)


LIMITS: Mapping[str, Callable[[Tensor, Distribution], float]] = MappingProxyType({"fd_debiased": frechet})


def limit(metric: str, real: Tensor, samples: Distribution) -> float | None:
    """What the metric tends to for many samples with this reference; none where no closed form is given here."""
    return LIMITS[metric](real, samples) if metric in LIMITS else None


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
