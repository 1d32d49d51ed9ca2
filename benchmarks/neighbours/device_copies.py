"""Features in files, on a device: copied there once for all tiles that a process computes."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ..feature_files import FeatureFile
from .placement import Placement, moved, size_of


def on_device(files: Sequence[FeatureFile], place: Placement) -> list[Tensor]:
    """The features of each file: on the device as far as they fit into its room, else mapped."""
    for held in set(_COPIES) - {(file, place.device) for file in files if place.room}:
        del _COPIES[held]
    mapped = {file.path: file.mapped() for file in files}
    keys = {file.path: (file, place.device) for file in files}
    here = place.kept({path: 0 if key in _COPIES else size_of(mapped[path]) for path, key in keys.items()})
    for path, key in keys.items():
        if here[path] and key not in _COPIES and place.room:
            _COPIES[key] = moved(mapped[path], place.device)
    return [_COPIES.get(keys[file.path], mapped[file.path]) for file in files]


# What this process has on a device: the files of the pass that it works on.
_COPIES: dict[tuple[FeatureFile, torch.device], Tensor] = {}
