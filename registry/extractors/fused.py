"""A convolution and its activation as one operation of oneDNN, its weights laid out once: the same bits, sooner."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

ONEDNN = torch.ops.mkldnn
# What oneDNN calls an activation, and its bounds.
_ACTIVATIONS: dict[str, tuple[str, list[float]]] = {
    "none": ("none", []),
    "relu": ("relu", []),
    "relu6": ("hardtanh", [0.0, 6.0]),
}


class FusedConvolution(nn.Module):
    """A convolution with a bias, and what follows it.

    Elsewhere than on a CPU, in bfloat16, and in a graph for another runtime, one after the other.
    """

    def __init__(self, conv: nn.Conv2d, activation: Literal["none", "relu", "relu6"] = "relu") -> None:
        super().__init__()
        self.conv = conv
        self.activation = activation
        self.laid_out: Tensor | None = None

    def forward(self, x: Tensor) -> Tensor:
        apart = x.device.type != "cpu" or torch.is_autocast_enabled("cpu") or torch.compiler.is_compiling()
        if apart or not hasattr(ONEDNN, "_convolution_pointwise"):
            return self._then(self.conv(x))
        geometry = list(self.conv.padding), list(self.conv.stride), list(self.conv.dilation), self.conv.groups
        if self.laid_out is None:
            self.laid_out = ONEDNN._reorder_convolution_weight(self.conv.weight, *geometry, list(x.shape))
        name, bounds = _ACTIVATIONS[self.activation]
        done: Tensor = ONEDNN._convolution_pointwise(x, self.laid_out, self.conv.bias, *geometry, name, bounds, "")
        return done

    def _then(self, convolved: Tensor) -> Tensor:
        if self.activation == "none":
            return convolved
        return F.relu_(convolved) if self.activation == "relu" else F.hardtanh_(convolved, 0.0, 6.0)
