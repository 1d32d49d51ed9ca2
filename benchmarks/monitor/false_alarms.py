"""How often does a test over many looks claim a change where there is none? `python -m` this module.

Trainings that have converged are simulated: every checkpoint gives samples of one distribution, the model of the first
one included. Each sample mixes what its seed decides, which all checkpoints share, with what is the checkpoint's own;
or checkpoints resemble the one before them. The table that is written stands in the documentation.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor

from ...core.progress import bar
from ...core.serialization import write_json
from ...registry.metrics import find_metric
from ..metrics.inputs import FeatureSet, MetricInputs
from ..scoring import score
from .estimates import Estimates
from .paired import compare

TABLE = Path(__file__).parent / "false_alarms.json"
LOOKS, TRAININGS = 100, 150
SAMPLES, WIDTH, REAL = 200, 4, 500
AWAY = 0.3  # of the model from the real images, in each feature: what has converged is not perfect
METRICS = ("fd", "is")
SPACE = "simulated"
# Share of a feature's variance that its seed decides, and share of the rest that comes from the checkpoint before.
DESIGNS = {"fresh samples": (0.0, 0.0), "same seeds": (0.8, 0.0), "same seeds, slow training": (0.5, 0.95)}


@dataclass(frozen=True)
class Alarms:
    """Of so many trainings, the share in which any of the looks claimed a change.

    Attributes:
        sequential: by the test over all looks.
        repeated: by intervals at 95% each.
    """

    design: str
    metric: str
    trainings: int
    looks: int
    sequential: float
    repeated: float


def simulated(design: str, trainings: int = TRAININGS, looks: int = LOOKS, seed: int = 0) -> list[Alarms]:
    """The false alarms of every metric in trainings of one design."""
    generator = torch.Generator().manual_seed(seed)
    real = torch.randn(REAL, WIDTH, generator=generator) + AWAY
    alarms = {(name, one): 0 for name in METRICS for one in (True, False)}
    with bar(f"false alarms, {design}", trainings, "training") as progress:
        for _ in range(trainings):
            evaluations = (_estimates(features, real) for features in _checkpoints(design, looks, generator))
            before = next(evaluations)
            alarmed: set[tuple[str, bool]] = set()
            for number, after in enumerate(evaluations, 1):
                for sequential in (True, False):
                    found = compare(before, after, look=number if sequential else None)
                    alarmed |= {(key.partition(":")[0], sequential) for key, one in found.items() if one.changed}
            for key in alarmed:
                alarms[key] += 1
            progress.update()
    return [
        Alarms(design, name, trainings, looks, alarms[name, True] / trainings, alarms[name, False] / trainings)
        for name in METRICS
    ]


def _checkpoints(design: str, looks: int, generator: torch.Generator) -> Iterator[Tensor]:
    """Features of the first checkpoint and of those that are looked at, shape (SAMPLES, WIDTH) each."""
    seeded, kept = DESIGNS[design]

    def fresh() -> Tensor:
        return torch.randn(SAMPLES, WIDTH, generator=generator)

    seeds, own = fresh(), fresh()
    for _ in range(looks + 1):
        yield seeded**0.5 * seeds + (1 - seeded) ** 0.5 * own
        own = kept**0.5 * own + (1 - kept) ** 0.5 * fresh()


def _estimates(features: Tensor, real: Tensor) -> Estimates:
    inputs = MetricInputs(FeatureSet(features, logits=features), real)
    found = [score(find_metric(name), inputs, extractor=SPACE) for name in METRICS]
    return Estimates(
        SAMPLES,
        {one.record.key: one.record for one in found},
        {one.record.key: one.influence for one in found if one.influence is not None},
        {},
    )


def main() -> None:
    with ProcessPoolExecutor() as pool:
        write_json(TABLE, [asdict(row) for rows in pool.map(simulated, DESIGNS) for row in rows])


if __name__ == "__main__":
    main()
