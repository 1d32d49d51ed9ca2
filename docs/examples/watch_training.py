"""Train a small diffusion model of digits for about a minute, watch it, and draw its curve with bands.

`python docs/examples/watch_training.py --out curve.svg`. Every evaluation draws the same 500 samples, from the noise
that belongs to each, so that two checkpoints differ by what was learned between them.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import altair as alt
import pandas as pd
import torch
from genboard.registry.datasets import load_split
from genboard.registry.generators.draws import Draw
from genboard.registry.generators.zoo.ddpm import denoise, kept
from genboard.registry.generators.zoo.unet import UNet
from genboard.registry.images import read_all
from torch import Tensor
from torch.nn import functional as F

import genboard

COLUMN = "fd:digits-cnn"
CLASSES = 10  # the label after the last one stands for none
DENOISING = 10  # steps


def noisy_batch(images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Noisy images, their times, and the noise in them."""
    signal = kept()
    times, noise = torch.randint(len(signal), (len(images),)), torch.randn_like(images)
    share = signal[times][:, None, None, None]
    return share.sqrt() * images + (1 - share).sqrt() * noise, times, noise


@torch.no_grad()
def sample(network: UNet, draws: list[Draw]) -> Tensor:
    """Images in [-1, 1], from the noise of these draws."""
    network.eval()
    nobody = torch.full((len(draws),), CLASSES)
    images = denoise(network, genboard.noise(draws, (1, 8, 8)), nobody, DENOISING, guidance=1)
    network.train()
    return images.clamp(-1, 1)


def train(steps: int, every: int, samples: int) -> pd.DataFrame:
    """One row an evaluation: the step, the value, and the ends of its interval."""
    torch.manual_seed(0)
    images = torch.from_numpy(read_all(load_split("digits", "train")).pixels).permute(0, 3, 1, 2) / 127.5 - 1
    network = UNet(1, CLASSES)
    optimizer = torch.optim.Adam(network.parameters(), lr=2e-3)
    monitor = genboard.Monitor("digits", [COLUMN], value_range=(-1, 1))
    test, rows = None, []
    for step in range(steps + 1):
        if step % every == 0:
            estimates = monitor.measure(lambda draws: sample(network, draws), samples)
            record = estimates[COLUMN]
            rows.append((step, record.value, record.uncertainty.lo, record.uncertainty.hi))
            if test is None:
                test, told = genboard.SequentialTest(estimates), "the start"
            else:
                improved = test.look(estimates)[COLUMN].improved
                told = "better than at the start" if improved else "not surely better than at the start"
            print(f"step {step}: {record.value:.1f}, {told}", file=sys.stderr)
        noisy, times, noise = noisy_batch(images[torch.randint(len(images), (64,))])
        loss = F.mse_loss(network(noisy, times, torch.full((len(noisy),), CLASSES)), noise)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return pd.DataFrame(rows, columns=["step", "distance", "lo", "hi"])


def curve(found: pd.DataFrame) -> alt.LayerChart:
    """The values as a line, the intervals as a band."""
    base = alt.Chart(found, title="Fréchet distance of digits while a model learns them").encode(x="step")
    scale = alt.Scale(type="log")
    band = base.mark_area(opacity=0.3).encode(y=alt.Y("lo", scale=scale, title="fd, with 95% intervals"), y2="hi")
    return band + base.mark_line(point=True).encode(y=alt.Y("distance", scale=scale))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=2400, help="of training")
    parser.add_argument("--every", type=int, default=200, help="steps between evaluations")
    parser.add_argument("--samples", type=int, default=500, help="of an evaluation")
    parser.add_argument("--out", type=Path, default=Path("curve.svg"), help="an SVG or PNG file")
    given = parser.parse_args()
    curve(train(given.steps, given.every, given.samples)).save(given.out)


if __name__ == "__main__":
    main()
