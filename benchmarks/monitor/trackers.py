"""Estimates as the flat numbers that experiment trackers take."""

from __future__ import annotations

from typing import Any

from ...core.errors import GenboardError
from ...registry.extras import need
from .estimates import Estimates

TRACKERS = ("mlflow", "trackio", "wandb")  # modules that log into a run of their own


def scalars(estimates: Estimates, prefix: str = "") -> dict[str, float]:
    """Value and ends of the interval of every column, as `fd/digits-cnn`, `fd/digits-cnn.lo` and `fd/digits-cnn.hi`.

    No name lies below another, which MLflow would keep as a file and a folder of one name. What is missing is left
    out: a tracker knows no null.

    Args:
        prefix: before every name, such as `ema/`.
    """
    found = {}
    for key, record in estimates.records.items():
        name, u = prefix + key.replace(":", "/", 1).replace(":", "."), record.uncertainty
        if record.value is not None:
            found[name] = record.value
        if u is not None:
            found |= {f"{name}.lo": u.lo, f"{name}.hi": u.hi}
    return found


def log_estimates(tracker: Any, estimates: Estimates, step: int, prefix: str = "") -> None:
    """Log estimates to an experiment tracker.

    Args:
        tracker: a run of W&B or trackio, a `SummaryWriter` of TensorBoard, a logger of Lightning or anything else with
            `log_metrics`, an `Accelerator`; or `wandb`, `trackio` or `mlflow`, where a run of it is under way.

    Raises:
        GenboardError: it is nothing of the kind, or is not installed.
    """
    values = scalars(estimates, prefix)
    if isinstance(tracker, str):
        if tracker not in TRACKERS:
            raise _unknown(tracker)
        tracker = need(tracker, tracker)
    if hasattr(tracker, "add_scalar"):
        for name, value in values.items():
            tracker.add_scalar(name, value, step)
    elif hasattr(tracker, "log_metrics"):
        tracker.log_metrics(values, step=step)
    elif hasattr(tracker, "log"):
        tracker.log(values, step=step)
    else:
        raise _unknown(type(tracker).__name__)


def _unknown(name: str) -> GenboardError:
    return GenboardError(
        f"{name} is no experiment tracker",
        f"give a run with `log`, a writer with `add_scalar`, or one of {', '.join(TRACKERS)}",
    )
