"""Train what this project ships: `python -m genboard.registry.train [NAME ...]`, all of it without a name.

Each module with weights has a `train(images, **training)`; it sees the training split of its entry's `trained_on`, the
entry's `training` and nothing else. A generator whose entry names a way back has a `train_back` likewise. The weights
are written as safetensors, their digest into every entry that names the file. One thread and fixed seeds: the same
machine gives the same bytes, another the same figures to a few digits.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping

import torch

from ..core.files import read_bytes, write_bytes
from .catalog import entries
from .datasets import load_split
from .fields import Weights
from .images import read_all
from .resolve import function
from .schema import Extractor, Generator
from .weights import ROOT, write_weights


def train(entry: Extractor | Generator) -> dict[str, str]:
    """Fit one entry's weights, write them, and return their digests, by the functions that fit them."""
    dataset, _, split = entry.trained_on[0].partition("/")
    images = read_all(load_split(dataset, split))
    options = entry.training if isinstance(entry, Generator) else {}
    assert entry.loader is not None
    module, found = entry.loader.partition(":")[0], {}
    for fit, weights in fitted(entry).items():
        assert weights.file is not None
        arrays = function(f"{module}:{fit}", under=f"registry.{entry.kind}")(images, **options)
        found[fit] = write_weights(ROOT / weights.file, arrays)
    return found


def fitted(entry: Extractor | Generator) -> dict[str, Weights]:
    """The weights of an entry, by the functions that fit them."""
    back = entry.way_back if isinstance(entry, Generator) else None
    both = {"train": entry.weights, "train_back": back.weights if back else None}
    return {fit: weights for fit, weights in both.items() if weights is not None}


def record(entry: Extractor | Generator, digests: Mapping[str, str]) -> None:
    """Write the digests of an entry's weights into its file, by the functions that fit them."""
    path = ROOT / "entries" / entry.kind / f"{entry.name}.toml"
    text = read_bytes(path).decode()
    for fit, weights in fitted(entry).items():
        text = with_digest(text, weights.sha256, digests[fit])
    write_bytes(path, text.encode())


def with_digest(text: str, before: str, digest: str) -> str:
    """The text of an entry with a digest replaced."""
    line = 'sha256 = "{}"\n'
    count = text.count(line.format(before))
    if count != 1:
        raise ValueError(f"{count} lines with the digest {before[:12]} in an entry, one expected")
    return text.replace(line.format(before), line.format(digest))


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
        digests = train(with_weights[name])
        sharing = [other for other, file in files.items() if file == files[name]]
        for other in sharing:
            record(with_weights[other], digests)
        spent = time.process_time() - started
        short = ", ".join(digest[:12] for digest in digests.values())
        print(f"{', '.join(sharing)}: {short}, {spent:.0f} s of processor time", file=sys.stderr)


if __name__ == "__main__":
    main(sys.argv[1:])
