"""A gated PixelCNN (arXiv:1606.05328) with dilated convolutions, trained on MNIST by Lippe.

It has no latent: a sample's stream gives one uniform number a pixel, which picks one of 256 grey levels by the inverse
of the predicted cumulative distribution. A pixel needs the whole network only where something changed: the vertical
stack is worked out once a row, from its own earlier rows, and the horizontal stack in the pixel's column alone.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from ...extractors.fitting import empty, fitted
from ...schema import Track
from ...training import Arrays
from .. import Sampler
from ..draws import Draw, choose, uniform

SIDE = 28
LEVELS = 256
WIDTH = 64
DILATIONS = (1, 2, 1, 4, 1, 2, 1)


class MaskedConv(nn.Module):
    """A convolution whose weights are multiplied by a stored mask; zeros around the input keep its size."""

    mask: Tensor

    def __init__(self, inputs: int, outputs: int, kernel: tuple[int, int], dilation: int = 1) -> None:
        super().__init__()
        padding = (dilation * (kernel[0] - 1) // 2, dilation * (kernel[1] - 1) // 2)
        self.conv = nn.Conv2d(inputs, outputs, kernel, padding=padding, dilation=dilation)
        self.register_buffer("mask", torch.ones(1, 1, *kernel))

    @property
    def weight(self) -> Tensor:
        return self.conv.weight * self.mask

    @property
    def bias(self) -> Tensor:
        assert self.conv.bias is not None
        return self.conv.bias

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(x, self.weight, self.bias, padding=self.conv.padding, dilation=self.conv.dilation)


class GatedLayer(nn.Module):
    """The vertical stack (rows above) and the horizontal one (what is left in the row), which the former feeds."""

    def __init__(self, dilation: int) -> None:
        super().__init__()
        self.dilation = dilation
        self.conv_vert = MaskedConv(WIDTH, 2 * WIDTH, (3, 3), dilation)
        self.conv_horiz = MaskedConv(WIDTH, 2 * WIDTH, (1, 3), dilation)
        self.conv_vert_to_horiz = nn.Conv2d(2 * WIDTH, 2 * WIDTH, 1)
        self.conv_horiz_1x1 = nn.Conv2d(WIDTH, WIDTH, 1)

    def forward(self, vertical: Tensor, horizontal: Tensor) -> tuple[Tensor, Tensor]:
        above = self.conv_vert(vertical)
        across = self.conv_horiz(horizontal) + self.conv_vert_to_horiz(above)
        return gate(above), horizontal + self.conv_horiz_1x1(gate(across))


class GatedPixelCNN(nn.Module):
    """Grids of grey levels 0..255 (n, h, w) to logits of the level at each place, (n, 256, h, w)."""

    def __init__(self) -> None:
        super().__init__()
        self.conv_vstack = MaskedConv(1, WIDTH, (3, 3))
        self.conv_hstack = MaskedConv(1, WIDTH, (1, 3))
        self.conv_layers = nn.ModuleList(GatedLayer(dilation) for dilation in DILATIONS)
        self.conv_out = nn.Conv2d(WIDTH, LEVELS, 1)

    def forward(self, levels: Tensor) -> Tensor:
        x = scaled(levels)[:, None]
        vertical, horizontal = self.conv_vstack(x), self.conv_hstack(x)
        for layer in self.conv_layers:
            vertical, horizontal = layer(vertical, horizontal)
        logits: Tensor = self.conv_out(F.elu(horizontal))
        return logits


def gate(x: Tensor) -> Tensor:
    """tanh of the one half of the channels times sigmoid of the other."""
    content, gates = x.chunk(2, dim=1)
    return torch.tanh(content) * torch.sigmoid(gates)


def scaled(levels: Tensor) -> Tensor:
    """Grey levels 0..255 in [-1, 1], as the network sees them."""
    return levels / 255 * 2 - 1


def matrix(conv: nn.Conv2d) -> tuple[Tensor, Tensor]:
    """A 1x1 convolution as the factor on the right of rows of channels (inputs, outputs), and its bias (outputs,)."""
    assert conv.bias is not None
    return conv.weight[:, :, 0, 0].T.contiguous(), conv.bias


class _Columns:
    """A layer's horizontal stack as products of matrices, for one pixel of every image at a time."""

    def __init__(self, layer: GatedLayer) -> None:
        self.dilation = layer.dilation
        kernel = layer.conv_horiz.weight[:, :, 0]  # (128, 64, 3), the last column masked
        self.left, self.here = kernel[:, :, 0].T.contiguous(), kernel[:, :, 1].T.contiguous()
        self.across, self.across_bias = matrix(layer.conv_horiz_1x1)
        self.seen: deque[Tensor] = deque(maxlen=self.dilation + 1)  # this layer's input, (n, 64) a column

    def step(self, h: Tensor, fed: Tensor) -> Tensor:
        """The layer's output (n, 64) in the next column, from its input there and what the rows above say (n, 128)."""
        self.seen.append(h)
        hidden = torch.addmm(fed, h, self.here)
        if len(self.seen) > self.dilation:
            hidden = torch.addmm(hidden, self.seen[0], self.left)
        return h + torch.addmm(self.across_bias, gate(hidden), self.across)


class _Rows:
    """A layer's vertical stack, for one row of every image at a time; what it saw of earlier rows is kept."""

    def __init__(self, layer: GatedLayer) -> None:
        self.layer, self.dilation = layer, layer.dilation
        self.kernel = layer.conv_vert.weight[:, :, :2].contiguous()  # the row `dilation` above, and this one
        self.seen: deque[Tensor] = deque(maxlen=self.dilation + 1)

    def step(self, v: Tensor) -> tuple[Tensor, Tensor]:
        """The layer's output (n, 64, 1, w) in the next row, and what it feeds the horizontal stack, (w, n, 128)."""
        self.seen.append(v)
        earlier = self.seen[0] if len(self.seen) > self.dilation else torch.zeros_like(v)
        d = self.dilation
        both = torch.cat([earlier, v], dim=2)
        hidden = F.conv2d(both, self.kernel, self.layer.conv_vert.bias, padding=(0, d), dilation=(1, d))
        fed = self.layer.conv_vert_to_horiz(hidden) + self.layer.conv_horiz.bias[:, None, None]
        return gate(hidden), fed[:, :, 0].permute(2, 0, 1).contiguous()


def draw(network: GatedPixelCNN, numbers: NDArray[np.float32], height: int, width: int) -> NDArray[np.uint8]:
    """Grids (n, height, width) drawn pixel after pixel, from uniform numbers (n, height * width).

    The same distribution as the network's own logits give, without working anything out twice.
    """
    n, device = len(numbers), network.conv_out.weight.device
    levels = np.zeros((n, height, width), np.uint8)
    rows = [_Rows(layer) for layer in network.conv_layers if isinstance(layer, GatedLayer)]
    first, to_left = network.conv_vstack, network.conv_hstack.weight[:, 0, 0, 0]  # (64,)
    last, last_bias = matrix(network.conv_out)
    row = torch.zeros(n, width, device=device)
    for r in range(height):
        v = F.conv2d(row[:, None, None], first.weight[:, :, :1], first.bias, padding=(0, 1))  # (n, 64, 1, width)
        fed = []
        for layer in rows:
            v, told = layer.step(v)
            fed.append(told)
        columns = [_Columns(layer.layer) for layer in rows]
        row, left = torch.zeros_like(row), torch.zeros(n, 1, device=device)
        for c in range(width):
            h = left * to_left + network.conv_hstack.bias
            for column, told in zip(columns, fed, strict=True):
                h = column.step(h, told[c])
            shares = torch.addmm(last_bias, F.elu(h), last).softmax(dim=1).cpu().numpy()
            levels[:, r, c] = choose(shares, numbers[:, r * width + c])
            row[:, c] = scaled(torch.from_numpy(levels[:, r, c]))
            left = row[:, c : c + 1]
    return levels


def load(weights: Arrays, track: Track, device: str = "cpu") -> Sampler:
    network = fitted(empty(GatedPixelCNN), weights).to(device)

    def sample(draws: Sequence[Draw]) -> NDArray[Any]:
        with torch.inference_mode():
            return draw(network, uniform(draws, SIDE**2), SIDE, SIDE)[..., None]

    return sample
