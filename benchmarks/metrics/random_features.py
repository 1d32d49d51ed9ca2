"""A classifier that is trained in closed form: random features, and least squares to the classes.

One hidden layer of rectified random projections, whose weights a seed decides, and a ridge regression from it to the
labels, one-hot (Rahimi and Recht 2008, Weighted Sums of Random Kitchen Sinks). There are no steps and no batches, so
neither the order of the images nor the number of threads decides a class, and what leaving out one training image does
to every score is known exactly. Of 8x8 digits it recognises 98% from 500 images.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import pi, sqrt

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

STREAM = 2**64 - 3  # a key apart from those of samples, permutations and labels
ROWS = 1024  # test images at once
ROUNDING = 1e-9  # of the largest score, by which two scores are one


@dataclass(frozen=True)
class Recipe:
    """How the classifier is made.

    Attributes:
        hidden: random features.
        ridge: penalty, in mean squared lengths of an image's random features.
        seeds: how many classifiers, of the seeds 0, 1, ...
    """

    hidden: int
    ridge: float
    seeds: int


@dataclass(frozen=True)
class Prepared:
    """Images in the random features of one seed.

    Attributes:
        train: shape (n, hidden).
        one_hot: labels of these, shape (n, classes).
        test: shape (m, hidden).
        ridge: the penalty itself.
    """

    train: Tensor
    one_hot: Tensor
    test: Tensor
    ridge: float

    def solved(self) -> tuple[Tensor, Tensor]:
        """What turns test images into their weights on the training images, and these images' errors without them.

        Returns:
            Shape (hidden, n): `test @ weights @ one_hot` are the scores. And what each training image's label is off
            the scores that it has of a classifier without it, shape (n, classes).
        """
        n, hidden = self.train.shape
        if n <= hidden:
            inner = self.train @ self.train.T
            inner.diagonal().add_(self.ridge)
            inverse = torch.cholesky_inverse(torch.linalg.cholesky(inner))
            return self.train.T @ inverse, inverse @ self.one_hot / inverse.diagonal()[:, None]
        inner = self.train.T @ self.train
        inner.diagonal().add_(self.ridge)
        weights = torch.cholesky_solve(self.train.T, torch.linalg.cholesky(inner))
        free = 1 - (self.train * weights.T).sum(dim=1, keepdim=True)
        return weights, (self.one_hot - self.train @ (weights @ self.one_hot)) / free


def prepared(train: Tensor, labels: Tensor, test: Tensor, classes: int, seed: int, recipe: Recipe) -> Prepared:
    """Images, shape (n, d) and (m, d), in the random features of a seed.

    They are centred at the training images' mean, in units of their mean distance from it.
    """
    x, y = train.to(torch.float64).cpu(), test.to(torch.float64).cpu()
    centre = x.mean(dim=0)
    unit = float((x - centre).square().sum(dim=1).mean()) ** 0.5 or 1.0
    stream = np.random.Generator(np.random.Philox(key=np.array([seed, STREAM], np.uint64)))
    projection = torch.from_numpy(stream.standard_normal((x.shape[1], recipe.hidden)))
    offset = torch.from_numpy(stream.standard_normal(recipe.hidden))

    def hidden(images: Tensor) -> Tensor:
        rectified: Tensor = torch.addmm(offset, (images - centre) / unit, projection).clamp_(min=0)
        return rectified / sqrt(recipe.hidden)

    trained = hidden(x)
    ridge = recipe.ridge * float(trained.square().sum(dim=1).mean())
    return Prepared(trained, F.one_hot(labels.cpu(), classes).to(torch.float64), hidden(y), ridge)


def tested(images: Prepared, own: Tensor, share: Tensor) -> tuple[Tensor, Tensor]:
    """Which test images are classified rightly, and by how much each training image moves the shares of them.

    Taking out training image i moves the margin of test image t, the score of its class above the best other one, by a
    known d_ti. So another draw of training images moves it with a variance s_t^2, the sum of d_ti^2, and the chance
    that it is right is about Phi(margin / s_t): its slope is by how much the margin counts.

    Args:
        own: classes of the test images, shape (m,).
        share: of each test image in each of several means, shape (m, means).

    Returns:
        1, 0, or a share where several classes have the highest score, shape (m,); and shape (n, means), by which a
        mean would grow if training image i counted twice.
    """
    weights, errors = images.solved()
    means = weights @ images.one_hot
    right, influence = [], torch.zeros(len(images.train), share.shape[1], dtype=torch.float64)
    for rows in torch.arange(len(images.test)).split(ROWS):
        scores, label = images.test[rows] @ means, own[rows].cpu()
        right.append(hits(scores, label))
        others = scores.scatter(1, label[:, None], -torch.inf)
        margin = scores.gather(1, label[:, None])[:, 0] - others.amax(dim=1)
        apart = (errors[:, label] - errors[:, others.argmax(dim=1)]).T
        moves = (images.test[rows] @ weights) * apart
        spread = (moves.square().sum(dim=1) - _between(moves, images.one_hot)).clamp(min=0).sqrt()
        slope = torch.where(spread > 0, torch.exp(-(margin / spread).square() / 2) / (spread * (2 * pi) ** 0.5), 0.0)
        influence += moves.T @ (slope[:, None] * share[rows])
    return torch.cat(right), influence


def hits(scores: Tensor, labels: Tensor) -> Tensor:
    """Whether each image's own class has the highest score, (m,): 1, 0, or a share where several have it.

    >>> hits(torch.tensor([[0.2, 0.8], [0.5, 0.5], [0.9, 0.1]]).double(), torch.tensor([1, 0, 1])).tolist()
    [1.0, 0.5, 0.0]
    """
    best = scores.amax(dim=1, keepdim=True)
    tied = scores >= best - ROUNDING * scores.abs().amax(dim=1, keepdim=True)
    own = tied.gather(1, labels[:, None])[:, 0]
    shares: Tensor = own.to(torch.float64) / tied.sum(dim=1)
    return shares


def _between(moves: Tensor, one_hot: Tensor) -> Tensor:
    """Sum of squares of the moves' means within each class: draws have as many images of each."""
    sums = moves @ one_hot
    return (sums.square() / one_hot.sum(dim=0).clamp(min=1)).sum(dim=1)
