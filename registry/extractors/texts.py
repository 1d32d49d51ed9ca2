"""The text half of a feature space that images and texts share: captions to features, beside `LiveExtractor`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn

from ...core.errors import BadEntry, BadFeatures, BadWeights
from ..catalog import file_of, find
from ..extras import need
from ..fields import Weights
from ..hub import HubFile
from ..resolve import function
from ..schema import Extractor
from ..sources.damage import refusing
from ..weights import fetch, read_weights
from . import find_device

Tokens: TypeAlias = Callable[[Sequence[str]], Tensor]
LENGTH = 77  # tokens of a caption, with those that begin and end it: what CLIP was trained with


@dataclass(frozen=True)
class LiveTexts:
    """The text half of a feature space, ready for captions.

    Attributes:
        tokens: captions to the numbers of their tokens, int64 (n, LENGTH).
        network: these to features (n, dim).
        device: where the network runs.
    """

    entry: Extractor
    tokens: Tokens
    network: nn.Module
    device: torch.device

    def features(self, captions: Sequence[str]) -> Tensor:
        """The features of captions, float32, shape (n, dim).

        The network always sees a block of the same size, so that a caption's last bits do not depend on the others.

        Raises:
            BadFeatures: a feature is NaN or infinite, or there are more or fewer than the entry says.
        """
        parts = [torch.empty(0, self.entry.dim or 0)]
        for start in range(0, len(captions), self.entry.block):
            some = self.tokens(captions[start : start + self.entry.block])
            filled = torch.cat([some, some[-1:].expand(self.entry.block - len(some), -1)])
            with torch.inference_mode():
                found = self.network(filled.to(self.device))[: len(some)].float().cpu()
            if found.shape[1] != self.entry.dim or not bool(torch.isfinite(found).all()):
                raise BadFeatures(
                    f"{self.entry.name} gives NaN or infinite features of captions, or {found.shape[1]} and not "
                    f"{self.entry.dim}",
                    "name weights that match the entry's loaders",
                )
            parts.append(found)
        return torch.cat(parts)


def load_texts(name: str, device: str = "cpu") -> LiveTexts:
    """The text half of the feature space of that name, weights checked.

    Raises:
        UnknownName: no such extractor.
        BadEntry: it has no text half.
        BadWeights: weights that are not the ones the entry names, or do not fit; a tokenizer that cannot be read.
        GenboardError: a library is not installed, or a file is not available.
    """
    entry = find(Extractor, name)
    if entry.texts is None or entry.weights is None:
        hint = "use a space that images and texts share, such as clip-vit-l14"
        raise BadEntry(file_of(entry), "texts", "missing: the space is one of images alone", hint)
    place = find_device(device)
    tokens = tokenizer(entry.weights, entry.texts.tokenizer)
    load = function(entry.texts.loader, under="registry.extractors")
    network: nn.Module = load(read_weights(entry.weights))
    return LiveTexts(entry, tokens, network.to(place).eval(), place)


def tokenizer(weights: Weights, name: str) -> Tokens:
    """The tokenizer in a file beside weights: captions to numbers, of one length.

    Of a longer caption the first tokens count, as wherever CLIP is used. A shorter one is filled up with the token that
    ends it, which a network that only looks back does not see.
    """
    library = need("tokenizers", "networks")
    path = _beside(weights, name)
    hint = f"put the {name} there that belongs to the weights"
    with refusing(BadWeights, f"{path}: cannot be read as a tokenizer", hint):
        read: Any = library.Tokenizer.from_file(str(path))
    read.no_truncation()
    read.no_padding()

    def tokens(captions: Sequence[str]) -> Tensor:
        rows = [encoded.ids for encoded in read.encode_batch(list(captions))]
        cut = [[*ids[: LENGTH - 1], *ids[-1:] * (LENGTH - min(len(ids), LENGTH) + 1)][:LENGTH] for ids in rows]
        return torch.tensor(cut, dtype=torch.int64)

    return tokens


def _beside(weights: Weights, name: str) -> Path:
    """A file of the repository, at the revision, or of the folder that weights are in."""
    if weights.repo is not None:
        assert weights.revision is not None
        return HubFile(weights.repo, weights.revision, name).fetch()
    return fetch(weights).parent / name
