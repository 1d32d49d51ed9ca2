"""Class-conditional GAN with a contrastive loss over classes (ReACGAN, Kang et al. 2021, arXiv:2111.01118).

The discriminator asks whether an image is real whatever its label (the hinge), and embeds it on a sphere on which each
class has a point of its own. The data-to-data cross-entropy draws the embedding of an image to its class's point, away
from the images of other classes in the batch: of real images where the discriminator learns, of made ones where the
generator does. Generator, latents, labels and the features of the discriminator are those of `projection_gan`.

It follows ContraGAN (Kang and Park 2020, arXiv:2006.12681), whose loss counts images of the same class as near as the
point is, and is almost as small where classes have changed names (`docs/zoo.md` has what that does to digits). Here the
point alone draws, and images of one class do not push each other away.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import spectral_norm

from ...images import Images
from ...schema import Shape
from ...training import arrays, classes, descend, follow, seeded, shifted, steps, unit
from .projection_gan import LATENT, Generator, features_of, load

__all__ = ["load", "train"]

EMBEDDED = 64
TEMPERATURE = 0.5
MARGIN = 0.02  # a cosine of 1 - MARGIN is near enough to the point, one of MARGIN far enough from another class
EPOCHS = 250
BATCH = 64
AVERAGE = 0.01


class Discriminator(nn.Module):
    """Images (n, c, h, w) to logits of being real (n,) and embeddings of length 1 (n, EMBEDDED)."""

    def __init__(self, shape: Shape, classes: int) -> None:
        super().__init__()
        self.body, features = features_of(shape)
        self.linear = spectral_norm(nn.Linear(features, 1))
        self.embed = spectral_norm(nn.Linear(features, EMBEDDED))
        self.of_label = nn.Embedding(classes, EMBEDDED)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        features = self.body(x)
        return self.linear(features).squeeze(1), F.normalize(self.embed(features), dim=1)

    def points(self, labels: Tensor) -> Tensor:
        """The points of labels (n,) on the sphere, (n, EMBEDDED)."""
        return F.normalize(self.of_label(labels), dim=1)


def contrast(
    embedded: Tensor, points: Tensor, labels: Tensor, temperature: float = TEMPERATURE, margin: float = MARGIN
) -> Tensor:
    """The data-to-data cross-entropy of embeddings (n, d) whose labels (n,) have these points (n, d).

    The mean of -log(a / (a + b)): a is exp(cosine / temperature) of an image with its label's point, b the sum of those
    with the images of other labels; a cosine beyond its margin counts as one at it.
    """
    near = ((embedded * points).sum(dim=1) - (1 - margin)).clamp(max=0) / temperature  # (n,)
    others = (embedded @ embedded.T - margin).clamp(min=0) / temperature  # (n, n)
    apart = others.masked_fill(labels[:, None] == labels, -torch.inf)
    return (torch.cat([near[:, None], apart], dim=1).logsumexp(dim=1) - near).mean()


def train(images: Images, seed: int = 2026, epochs: int = EPOCHS) -> dict[str, NDArray[Any]]:
    """The generator's weights, and the share of each class (k,)."""
    x = unit(images) * 2 - 1
    labels, shares = classes(images)
    with seeded(seed):
        generate, judge = Generator(images.shape, len(shares)), Discriminator(images.shape, len(shares))
        average = deepcopy(generate)
        making = torch.optim.Adam(generate.parameters(), lr=1e-3, betas=(0.0, 0.9))
        judging = torch.optim.Adam(judge.parameters(), lr=2e-3, betas=(0.0, 0.9))
        for chosen in steps(len(x), BATCH, epochs):
            asked = labels[torch.randint(len(labels), (BATCH,))]
            made = generate(torch.randn(BATCH, LATENT), asked)
            real, embedded = judge(shifted(x[chosen]))
            fake, _ = judge(shifted(made.detach()))
            apart = contrast(embedded, judge.points(labels[chosen]), labels[chosen])
            descend(judging, F.relu(1 - real).mean() + F.relu(1 + fake).mean() + apart)
            fake, embedded = judge(shifted(made))
            descend(making, contrast(embedded, judge.points(asked), asked) - fake.mean())
            follow(average, generate, AVERAGE)
    return {"shares": shares, **arrays(average, "generator.")}
