"""Folders of PNG files to be measured: smooth pictures with a little noise, which compress as photographs do."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image


def write_folder(folder: Path, count: int, shape: tuple[int, int, int], seed: int = 0) -> Path:
    folder.mkdir()
    random = np.random.default_rng(seed)
    height, width, channels = shape
    for i in range(count):
        coarse = random.integers(0, 256, (max(4, height // 8), max(4, width // 8), channels), np.uint8)
        smooth = np.asarray(Image.fromarray(coarse.squeeze()).resize((width, height), Image.Resampling.BICUBIC))
        noisy = smooth + random.integers(-6, 7, smooth.shape)
        Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(folder / f"{i:06}.png")
    return folder
