"""The cache of studies in the user's data folder, so that a restart skips what is finished: features, parts of tables.

Each file's name holds the digest of all that decides its content, so that nothing out of date is ever read; inside
stands the digest of the content, so that nothing damaged is. What cannot be used is made again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
from torch import Tensor

from ...core.errors import BadEntry
from ...core.files import canonical_json, digest_of, parse_json, read_json, write_bytes, write_json
from ...reference_stats.features import Measured


@dataclass(frozen=True)
class Cache:
    """Where a track's features and parts are.

    Attributes:
        track: `name@version`.
    """

    track: str
    folder: Path

    def part(self, study: str, name: str, decides: Any, compute: Callable[[], Any]) -> Any:
        """A JSON value that was computed before, or is now.

        Args:
            name: of the unit, such as a generator.
            decides: JSON, all that the value depends on.
        """
        key = digest_of(decides)
        path = self.folder / "studies" / self.track / f"{study}.parts" / f"{name}.{key[:12]}.json"
        found = _read_part(path, key)
        if found is None:
            # Rounded as it will be read the next time, so that a run that was stopped ends in the same digits.
            found = parse_json(canonical_json(compute()), path)
            write_json(path, {"key": key, "digest": digest_of(found), "value": found})
        return found

    def features(
        self, generator: str, extractor: str, decides: Any, compute: Callable[[], tuple[str, Measured]]
    ) -> tuple[str, Measured]:
        """The digest of a generator's samples, and them measured: kept from before, or computed now."""
        key = digest_of(decides)
        path = self.folder / "features" / self.track / generator / f"{key[:12]}.{extractor}.safetensors"
        found = _read(path, key)
        if found is None:
            digest, measured = compute()
            arrays = _arrays(measured)
            header = {"key": key, "samples": digest, "images": measured.digest, "arrays": _digest(arrays)}
            card = canonical_json(header).decode()
            write_bytes(path, safetensors.torch.save(arrays, metadata={"card": card}))
            found = digest, measured
        return found


def _read_part(path: Path, key: str) -> Any:
    """The value in the file; none if there is none of that key that is as it was written."""
    if not path.is_file():
        return None
    try:
        kept = read_json(path)
    except BadEntry:
        return None
    if not isinstance(kept, dict) or kept.get("key") != key or kept.get("digest") != digest_of(kept.get("value")):
        return None
    return kept["value"]


def _digest(arrays: dict[str, Tensor]) -> str:
    running = hashlib.sha256()
    for name, array in sorted(arrays.items()):
        running.update(f"{name} {array.dtype} {tuple(array.shape)}".encode())
        running.update(array.numpy().tobytes())
    return running.hexdigest()


def _arrays(measured: Measured) -> dict[str, Tensor]:
    arrays = {
        "features": measured.features,
        "logits": measured.logits,
        "labels": measured.labels,
        "keys": measured.keys,
    }
    return {name: array.contiguous() for name, array in arrays.items() if array is not None}


def _read(path: Path, key: str) -> tuple[str, Measured] | None:
    """What the file holds, or none if there is none of that key that can be read."""
    if not path.is_file():
        return None
    try:
        with safetensors.safe_open(path, framework="pt") as f:
            card = parse_json((f.metadata() or {}).get("card", "{}"), path)
            if card.get("key") != key:
                return None
            # Copied to where fresh arrays are: the bits of a matrix product depend on how its memory is aligned.
            arrays = {name: f.get_tensor(name).clone() for name in f.keys()}
        if card["arrays"] != _digest(arrays):
            return None
        logits, labels, keys = (arrays.get(name) for name in ("logits", "labels", "keys"))
        measured = Measured(None, arrays["features"], logits, labels, card["images"], keys)
        return card["samples"], measured
    except (OSError, KeyError, safetensors.SafetensorError, BadEntry):
        return None
