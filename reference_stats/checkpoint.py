"""What a long build leaves on the way, so that a killed one goes on where it stopped.

A checkpoint belongs to one recipe, one version of the code, of torch and of what computes in its place, one device and
number of threads: going on with anything else would change the last bits. One that does not fit, or is damaged, is
worth nothing and is passed over: the build then starts at the first image.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch

from ..core.files import home, remove, write_bytes
from ..core.serialization import digest_of
from ..registry.extractors import Runtime, find_device
from ..registry.extractors.runtimes import runtime_version
from .features import Gathered
from .moments import Accumulator, Moments
from .statistics import Recipe

FORMAT = 2
SECONDS = 60.0  # between two checkpoints
SHARE = 0.05  # of the time, at most, that writing them may take


@dataclass
class Checkpoint:
    """Where a build keeps what it has, and how often."""

    path: Path
    owner: str  # what a state must have been left by to be gone on with
    seconds: float = SECONDS
    due: float = 0.0

    @staticmethod
    def of(recipe: Recipe, device: str, runtime: Runtime = "torch") -> Checkpoint:
        place = find_device(device)
        made_by: dict[str, Any] = {
            "format": FORMAT,
            "recipe": recipe.id,
            "genboard": version("genboard"),
            "torch": torch.__version__,
            "runtime": runtime_version(runtime),
            "device": torch.cuda.get_device_name(place) if place.type == "cuda" else device,
            "threads": torch.get_num_threads(),
        }
        return Checkpoint(building(recipe).with_suffix(".checkpoint"), digest_of(made_by))

    def read(self) -> Gathered | None:
        """What was left there, if it fits."""
        try:
            with safetensors.safe_open(self.path, framework="pt") as f:
                header = f.metadata() or {}
                if header.get("owner") != self.owner:
                    return None
                # Copied to where a build has them: the bits of a matrix product depend on how its memory is aligned.
                arrays = {name: f.get_tensor(name).clone() for name in f.keys()}
            accumulator = Accumulator(len(arrays["mean"]))
            accumulator.moments = Moments(int(arrays["count"]), arrays["mean"], arrays["scatter"])
            return Gathered(
                int(header["taken"]),
                header["order"],
                accumulator,
                arrays["features"],
                arrays.get("logits"),
                arrays.get("labels"),
                arrays["keys"],
            )
        except (OSError, safetensors.SafetensorError, KeyError, ValueError):
            return None

    def keep(self, state: Gathered) -> None:
        """Write the state down, if it is time to."""
        started = time.monotonic()
        if not self.due:
            self.due = started + self.seconds
        if started < self.due and self.seconds:
            return
        assert state.accumulator is not None
        assert state.features is not None
        moments = state.accumulator.moments
        arrays = {
            "count": torch.tensor(moments.n),
            "mean": moments.mean,
            "scatter": moments.scatter,
            "features": state.features,
            "logits": state.logits,
            "labels": state.labels,
            "keys": state.keys,
        }
        header = {"owner": self.owner, "taken": str(state.taken), "order": state.order}
        kept = {name: array for name, array in arrays.items() if array is not None}
        write_bytes(self.path, safetensors.torch.save(kept, metadata=header))
        cost = time.monotonic() - started
        self.due = time.monotonic() + max(self.seconds, cost / SHARE)

    def drop(self) -> None:
        remove(self.path)


def building(recipe: Recipe) -> Path:
    """Where a build of that recipe keeps its lock and its checkpoint, less an ending."""
    return home() / "building" / recipe.id[:16]
