"""The cache of studies in the user's data folder, so that a restart skips what is finished: features, parts of tables.

Each file's name holds the digest of all that decides its content, so that nothing out of date is ever read; inside
stands the digest of the content, so that nothing damaged is. What cannot be used is made again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch

from ...core.errors import BadEntry
from ...core.files import write_bytes
from ...core.serialization import canonical_json, digest_of, parse_json, read_json, write_json
from ...reference_stats.features import Measured
from ...reference_stats.store import array_digest


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
        try:
            kept = read_json(path)
            if kept["key"] == key and kept["digest"] == digest_of(kept["value"]):
                return kept["value"]
        except (BadEntry, LookupError, TypeError):
            pass  # not there, or damaged
        # Rounded as it will be read the next time, so that a run that was stopped ends in the same digits.
        found = parse_json(canonical_json(compute()), path)
        write_json(path, {"key": key, "digest": digest_of(found), "value": found})
        return found

    def features_path(self, generator: str, extractor: str, decides: Any) -> Path:
        """Where `features` keeps them."""
        name = f"{digest_of(decides)[:12]}.{extractor}.safetensors"
        return self.folder / "features" / self.track / generator / name

    def features(
        self, generator: str, extractor: str, decides: Any, compute: Callable[[], tuple[str, Measured]]
    ) -> tuple[str, Measured]:
        """The digest of a generator's samples, and them measured: kept from before, or computed now."""
        key, path = digest_of(decides), self.features_path(generator, extractor, decides)
        try:
            with safetensors.safe_open(path, framework="pt") as f:
                card = parse_json((f.metadata() or {})["card"], path)
                # Copied to where fresh arrays are: the bits of a matrix product depend on how its memory is aligned.
                arrays = {name: f.get_tensor(name).clone() for name in f.keys()}
            if card["key"] == key and card["arrays"] == array_digest(arrays):
                logits, labels, keys = map(arrays.get, ("logits", "labels", "keys"))
                return card["samples"], Measured(None, arrays["features"], logits, labels, card["images"], keys)
        except (OSError, LookupError, TypeError, safetensors.SafetensorError, BadEntry):
            pass  # not there, or damaged
        digest, measured = compute()
        there = {name: getattr(measured, name) for name in ("features", "logits", "labels", "keys")}
        arrays = {name: array.contiguous() for name, array in there.items() if array is not None}
        header = {"key": key, "samples": digest, "images": measured.digest, "arrays": array_digest(arrays)}
        write_bytes(path, safetensors.torch.save(arrays, metadata={"card": canonical_json(header).decode()}))
        return digest, measured
