"""The mathematics of f-GAN, ReACGAN, PixelRNN and the prior of an autoencoder."""

from __future__ import annotations

from itertools import product
from math import exp, log

import numpy as np
import pytest
import torch
from genboard.registry.generators.draws import Draw
from genboard.registry.generators.zoo import fgan, gaussian_mixture, pixelrnn, reacgan
from hypothesis import given, settings
from hypothesis import strategies as st

# The divergences by their own formulas, of two lists of probabilities.
EXACT = {
    "kl": lambda p, q: (p * np.log(p / q)).sum(),
    "reverse-kl": lambda p, q: (q * np.log(q / p)).sum(),
    "pearson": lambda p, q: ((p - q) ** 2 / q).sum(),
    "jensen-shannon": lambda p, q: (p * np.log(2 * p / (p + q)) + q * np.log(2 * q / (p + q))).sum(),
}
# Sixteen images of four kinds: how many of each are real, and made.
REAL, MADE = np.array([8, 4, 3, 1]), np.array([2, 3, 5, 6])


def test_every_divergence_has_a_formula():
    assert set(EXACT) == set(fgan.DIVERGENCES)


def values_of(values: torch.Tensor, counts: np.ndarray) -> torch.Tensor:
    """The discriminator's value of each image, from that of its kind."""
    return values.repeat_interleave(torch.from_numpy(counts))


@pytest.mark.parametrize("divergence", EXACT)
def test_the_best_discriminator_reaches_the_divergence(divergence):
    values = torch.zeros(4, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([values], max_iter=500, line_search_fn="strong_wolfe", tolerance_change=1e-15)

    def loss() -> torch.Tensor:
        optimizer.zero_grad()
        missed = -fgan.bound(divergence, values_of(values, REAL), values_of(values, MADE))
        missed.backward()
        return missed

    optimizer.step(loss)
    assert -float(loss().detach()) == pytest.approx(EXACT[divergence](REAL / 16, MADE / 16), abs=1e-6)


@pytest.mark.parametrize("divergence", EXACT)
@given(values=st.lists(st.floats(-5, 5), min_size=4, max_size=4))
@settings(max_examples=50)
def test_no_discriminator_says_more_than_the_divergence(divergence, values):
    told = torch.tensor(values, dtype=torch.float64)
    said = float(fgan.bound(divergence, values_of(told, REAL), values_of(told, MADE)))
    assert said <= EXACT[divergence](REAL / 16, MADE / 16) + 1e-9


def on_a_sphere(*shape: int) -> torch.Tensor:
    return torch.nn.functional.normalize(torch.randn(*shape, dtype=torch.float64), dim=-1)


def test_the_contrastive_loss_is_the_papers_sum():
    torch.manual_seed(0)
    embedded, points = on_a_sphere(2, 6, 4)
    labels, t, margin = torch.tensor([0, 1, 0, 2, 1, 0]), 0.7, 0.1
    total = 0.0
    for i in range(6):
        near = exp(min(float(embedded[i] @ points[i]) - (1 - margin), 0) / t)
        others = [k for k in range(6) if labels[k] != labels[i]]
        far = sum(exp(max(float(embedded[i] @ embedded[k]) - margin, 0) / t) for k in others)
        total -= log(near / (near + far))
    assert float(reacgan.contrast(embedded, points, labels, t, margin)) == pytest.approx(total / 6, abs=1e-12)


def test_images_that_have_changed_classes_lose_and_one_class_alone_has_no_loss():
    labels = torch.arange(3).repeat_interleave(4)
    points = torch.eye(3, dtype=torch.float64)
    right, swapped = points[labels], points[(labels + 1) % 3]
    assert float(reacgan.contrast(swapped, points[labels], labels)) > float(
        reacgan.contrast(right, points[labels], labels)
    )
    alone = on_a_sphere(5, 3)
    assert float(reacgan.contrast(alone, on_a_sphere(5, 3), torch.zeros(5))) == pytest.approx(0, abs=1e-12)


def test_skewing_makes_columns_of_diagonals_and_is_undone():
    x = torch.arange(2 * 3 * 4 * 5.0).view(2, 3, 4, 5) + 1
    skewed = pixelrnn.skewed(x)
    assert skewed.shape == (2, 3, 4, 8)
    for row, diagonal in product(range(4), range(8)):
        column = diagonal - row
        expected = x[:, :, row, column] if 0 <= column < 5 else torch.zeros(2, 3)
        assert torch.equal(skewed[:, :, row, diagonal], expected)
    assert torch.equal(pixelrnn.straightened(skewed), x)


def test_the_state_of_a_place_comes_from_those_above_and_to_the_left():
    torch.manual_seed(1)
    lstm = pixelrnn.DiagonalLSTM(3).requires_grad_(False)
    x = torch.randn(1, 6, 4, 5)
    found, nothing = lstm(x)[0], torch.zeros(3)
    gates = lstm.of_input(x)[0]
    above, left = lstm.of_state.weight.unbind(dim=2)
    states: dict[tuple[int, int], torch.Tensor] = {}
    cells: dict[tuple[int, int], torch.Tensor] = {}
    for r, c in product(range(4), range(5)):
        at = gates[:, r, c] + above @ states.get((r - 1, c), nothing) + left @ states.get((r, c - 1), nothing)
        keep, take, show, content = at.chunk(4)
        cells[r, c] = keep.sigmoid() * cells.get((r, c - 1), nothing) + take.sigmoid() * content.tanh()
        states[r, c] = show.sigmoid() * cells[r, c].tanh()
        torch.testing.assert_close(found[:, r, c], states[r, c])


def test_codes_drawn_from_a_mixture_have_its_mean_and_covariance():
    rng = np.random.default_rng(0)
    codes = np.concatenate([rng.normal(-3, 0.5, (100, 2)), rng.normal(3, 1.5, (300, 2)) @ [[1, 0.5], [0, 1]]])
    fitted = gaussian_mixture.mixture(codes, 2, seed=1)
    drawn = gaussian_mixture.drawn(fitted, [Draw(5, i) for i in range(4000)])
    error = 4 * codes.std(axis=0) / 4000**0.5
    np.testing.assert_array_less(np.abs(drawn.mean(axis=0) - codes.mean(axis=0)), error)
    np.testing.assert_allclose(np.cov(drawn, rowvar=False), np.cov(codes, rowvar=False), rtol=0.1)
