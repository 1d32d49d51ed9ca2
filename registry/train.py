"""Train what this project ships: `python -m genboard.registry.train [NAME ...]`, all of it without a name.

Each module with weights has a `train(images, **training)`; it sees the training split of its entry's `trained_on`, the
entry's `training` and nothing else. The weights are written as safetensors, their digest into every entry that names
the file. One thread and fixed seeds: the same machine gives the same bytes, another the same figures to a few digits.
"""

from __future__ import annotations

import re
import sys
import time

import torch

from ..core.files import read_bytes, write_bytes
from .catalog import entries
from .datasets import load_split
from .images import read_all
from .resolve import function
from .schema import Extractor, Generator
from .weights import ROOT, write_weights


def train(entry: Extractor | Generator) -> str:
    """Fit one entry's weights, write them, and return their digest."""
    assert entry.weights is not None
    assert entry.weights.file is not None
    assert entry.loader is not None
    dataset, _, split = entry.trained_on[0].partition("/")
    module = entry.loader.partition(":")[0]
    fit = function(f"{module}:train", under=f"registry.{entry.kind}")
    options = entry.training if isinstance(entry, Generator) else {}
    return write_weights(ROOT / entry.weights.file, fit(read_all(load_split(dataset, split)), **options))


def record(entry: Extractor | Generator, digest: str) -> None:
    """Write the digest of an entry's weights into its file."""
    path = ROOT / "entries" / entry.kind / f"{entry.name}.toml"
    write_bytes(path, with_digest(read_bytes(path).decode(), digest).encode())


def with_digest(text: str, digest: str) -> str:
    """The text of an entry with the digest of its weights replaced."""
    changed, count = re.subn(r'(?m)^sha256 = "[0-9a-f]{64}"$', f'sha256 = "{digest}"', text)
    if count != 1:
        raise ValueError(f"{count} lines `sha256 = ...` in an entry, one expected")
    return changed


def main(names: list[str]) -> None:
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    everything: list[Extractor | Generator] = [*entries(Extractor).values(), *entries(Generator).values()]
    with_weights = {entry.name: entry for entry in everything if entry.weights and entry.weights.file}
    unknown = set(names) - set(with_weights)
    if unknown:
        sys.exit(f"nothing to train named {sorted(unknown)}\n\nhint: known: {', '.join(with_weights)}")
    files = {name: entry.weights.file for name, entry in with_weights.items() if entry.weights}
    for name in {files[name]: name for name in names or with_weights}.values():  # a file that entries share, once
        started = time.process_time()
        digest = train(with_weights[name])
        sharing = [other for other, file in files.items() if file == files[name]]
        for other in sharing:
            record(with_weights[other], digest)
        spent = time.process_time() - started
        print(f"{', '.join(sharing)}: {digest[:12]}, {spent:.0f} s of processor time", file=sys.stderr)


if __name__ == "__main__":
    main(sys.argv[1:])
