"""Kinds `exported` and `onnx`: a program of `torch.export` or of ONNX, latents (and labels) to images.

Nothing of either is unpickled, and no code of theirs is run.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ...core.errors import BadEntry, BadSamples, BadWeights
from .. import limits
from ..catalog import file_of
from ..kinds import Exported, Onnx
from ..schema import Generator, Track
from ..weights import fetch
from . import LiveGenerator, Sampler
from .arguments import check_arguments
from .asked import classes_of, labels_of
from .draws import Draw
from .onnx_program import OnnxProgram, read_onnx
from .program import Input, Program, read_program

NARROWEST = 0.1  # of `clip`: closer to 0, nearly every number would be drawn again
OVERSHOOT = 0.05  # beyond the declared range, as a share of it: what rounding and resampling layers do
_TAKES = "a program takes latents, float32 (n, ...), and where it is class-conditional labels, int64 (n,)"


def open_program(entry: Generator, track: Track) -> LiveGenerator:
    """The generator that a program is.

    Raises:
        BadEntry: the entry says something else of it than it says itself.
        BadWeights: no such program, or one that is not read.
    """
    source = entry.source
    assert isinstance(source, (Exported, Onnx))
    check_arguments(entry, _sampler, fixed=4)
    read = read_program if isinstance(source, Exported) else read_onnx
    program = read(fetch(source.program))
    _check_inputs(entry, program.inputs)
    block = _block(entry, program.inputs[0])
    numbers = block * math.prod(size or 0 for size in program.inputs[0].shape[1:])
    if not 0 < numbers <= limits.LATENTS:
        problem = f"generator {entry.name!r}: a block of {block:,} takes {numbers:,} latent numbers"
        raise BadWeights(problem, f"the limit is {limits.LATENTS:,}: use a smaller block")
    classes = len(classes_of(entry.name, track)) if len(program.inputs) == 2 else None
    sample = _sampler(entry.name, program, source, classes, **entry.arguments)  # type: ignore[arg-type]
    return LiveGenerator(entry.name, entry.identity(), sample, block)


def _check_inputs(entry: Generator, inputs: Sequence[Input]) -> None:
    told = ", ".join(f"{i.dtype} {i.shape}" for i in inputs).replace("torch.", "")
    latents, labels = inputs[:1], inputs[1:]
    fits = [i.dtype == torch.float32 and len(i.shape) >= 2 and None not in i.shape[1:] for i in latents]
    fits += [i.dtype == torch.int64 and len(i.shape) == 1 for i in labels]
    if len(fits) not in (1, 2) or not all(fits):
        raise BadWeights(f"generator {entry.name!r}: its program takes {told or 'nothing'}", _TAKES)
    if bool(labels) != (entry.task == "class"):
        taken = "labels" if labels else "no labels"
        problem = f"{entry.task!r}, but its program takes {taken}"
        raise BadEntry(file_of(entry), "task", problem, 'task = "class" is for programs of latents and labels')


def _block(entry: Generator, latents: Input) -> int:
    own, said = latents.shape[0], entry.block
    if own is None and said is None:
        problem = "missing, although its program takes any batch size"
        raise BadEntry(file_of(entry), "block", problem, "add block = 64; the samples' bits depend on it")
    if own is not None and said not in (None, own):
        problem = f"{said}, but its program computes {own} samples at once"
        raise BadEntry(file_of(entry), "block", problem, f"write block = {own}")
    block = said if own is None else own
    assert block is not None
    return block


def _sampler(
    name: str,
    program: Program | OnnxProgram,
    source: Exported | Onnx,
    classes: int | None,
    truncation: float = 1.0,
    clip: float = 0.0,
) -> Sampler:
    """Draws to images.

    Args:
        truncation: factor on the latents; below 1 images are more typical and less diverse.
        clip: normal numbers farther from 0 are drawn again (the truncation of BigGAN); 0: none is.
    """
    if truncation < 0 or not (clip == 0 or (clip >= NARROWEST and source.latents == "normal")):
        raise BadSamples(
            f"generator {name!r}: truncation = {truncation}, clip = {clip}",
            f"truncation is 0 or more; clip is {NARROWEST} or more, of normal latents, or 0 for none",
        )
    shape = tuple(size for size in program.inputs[0].shape[1:] if size is not None)

    def sample(tickets: Sequence[Draw]) -> NDArray[Any]:
        labels, z = latents_of(tickets, source.latents, int(np.prod(shape)), clip, classes)
        z = (z * np.float32(truncation)).reshape(-1, *shape)
        given = [z] if labels is None else [z, labels]
        images = program.run(*map(torch.from_numpy, given))
        if images.ndim != 4 or not images.is_floating_point():
            found = f"{images.dtype} of shape {tuple(images.shape)}".replace("torch.", "")
            raise BadSamples(f"{name}: its program returns {found}", "images must be floats of shape (n, c, h, w)")
        pixels: NDArray[Any] = images.float().permute(0, 2, 3, 1).numpy()
        return _to_unit(name, pixels, source.range)

    return sample


def latents_of(
    tickets: Sequence[Draw],
    kind: str,
    dim: int,
    clip: float = 0.0,
    classes: int | None = None,
) -> tuple[NDArray[np.int64] | None, NDArray[np.float32]]:
    """Labels (n,), if there are classes, and latents (n, dim)."""
    streams = [t.stream() for t in tickets]
    labels = None if classes is None else labels_of(tickets, streams, classes)
    if kind == "uniform":
        return labels, np.stack([s.random(dim, dtype=np.float32) * 2 - 1 for s in streams])
    z = np.stack([s.standard_normal(dim, dtype=np.float32) for s in streams])
    for row, stream in zip(z, streams, strict=True):
        while clip and (far := np.abs(row) > clip).any():
            row[far] = stream.standard_normal(int(far.sum()), dtype=np.float32)
    return labels, z


def _to_unit(name: str, images: NDArray[Any], span: tuple[int, int]) -> NDArray[Any]:
    """Images in the declared range to [0, 1]; what is not finite is left for the sampler to name."""
    low, high = span
    finite = images[np.isfinite(images)]
    least, most = (float(finite.min()), float(finite.max())) if finite.size else (low, high)
    slack = OVERSHOOT * (high - low)
    outside = float(np.mean((finite < low - slack) | (finite > high + slack))) if finite.size else 0.0
    # A whole block without one value in the lower half is no image of a tanh.
    if outside > OVERSHOOT or (low < 0 and least >= 0):
        raise BadSamples(
            f"{name}: its program returns values from {least:.3g} to {most:.3g}, but its entry says [{low}, {high}]",
            "set the entry's range to what the program returns: [0, 1] or [-1, 1]",
        )
    return images if low == 0 else (images + 1) / 2
