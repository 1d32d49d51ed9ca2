"""Generators of captioned shapes, trained here: they follow the protocol, obey, and are what their papers say."""

from __future__ import annotations

import inspect

import numpy as np
import pytest
import torch
from genboard.benchmarks.drawing import Plan, draw
from genboard.benchmarks.evaluation_target import open_target, plan_for
from genboard.registry.catalog import entries, find
from genboard.registry.datasets import load_split
from genboard.registry.generators import Draw, LiveGenerator, load_generator
from genboard.registry.generators.zoo import shapes_flow, shapes_tokens
from genboard.registry.generators.zoo.caption_words import MOST, VOCABULARY, numbered
from genboard.registry.images import Images, read_all
from genboard.registry.resolve import function
from genboard.registry.schema import Generator, Track
from genboard.registry.shapes.captions import parsed
from genboard.registry.shapes.judge import seen
from genboard.registry.shapes.statements import checked
from genboard.registry.training import filled
from genboard.registry.weights import ROOT, read_weights

from genboard.core.errors import BadSamples

TRACK = find(Track, "shapes-text")
TRAINED = sorted(n for n, e in entries(Generator).items() if e.trained_on == ("shapes-text/train",))
every_model = pytest.mark.parametrize("name", TRAINED)
# The first 100 samples of shapes-flow were right in all they say 34 times and in colour 75, of shapes-tokens 15 and 31.
# On another machine the last bits, and so a few images, differ.
OBEYED = {"shapes-flow": (0.29, 0.69), "shapes-tokens": (0.11, 0.26)}


@pytest.fixture(scope="module")
def images() -> Images:
    return read_all(load_split("shapes-text", "train")).take(slice(0, 64))


def module_of(name: str) -> str:
    return str(find(Generator, name).loader).partition(":")[0]


def live(name: str, **arguments: float) -> LiveGenerator:
    entry = find(Generator, name)
    return load_generator(entry.model_copy(update={"arguments": {**entry.arguments, **arguments}}), TRACK)


def plan(name: str, n: int) -> Plan:
    return plan_for(open_target(name, TRACK), TRACK, n)


def test_there_are_models() -> None:
    assert {find(Generator, name).family for name in TRAINED} == {"flow matching", "autoregressive"}


@every_model
def test_weights_are_small_and_float16_as_they_are_computed_with(name: str) -> None:
    entry = find(Generator, name)
    assert entry.weights is not None
    assert entry.weights.file is not None
    assert (ROOT / entry.weights.file).stat().st_size < 700_000
    assert {array.dtype for array in read_weights(entry.weights).values()} == {np.dtype(np.float16)}
    assert entry.paper
    assert entry.task == "text"


def test_the_networks_compute_in_float32_with_exactly_the_stored_numbers() -> None:
    weights = read_weights(find(Generator, "shapes-flow").weights)
    network = filled(shapes_flow.TextUNet(3), weights, "network.")
    for key, value in network.state_dict().items():
        assert value.dtype == torch.float32
        np.testing.assert_array_equal(value.numpy(), weights[f"network.{key}"].astype(np.float32))


@pytest.mark.slow
@every_model
def test_training_is_reproducible(name: str, images: Images) -> None:
    fit = function(f"{module_of(name)}:train", under="registry.generators")
    short = {key: 1 for key in ("epochs", "first_epochs") if key in inspect.signature(fit).parameters}
    state = torch.random.get_rng_state()
    first, second, other = fit(images, **short), fit(images, **short), fit(images, seed=1, **short)
    assert torch.equal(state, torch.random.get_rng_state())
    assert first.keys() == second.keys() == read_weights(find(Generator, name).weights).keys()
    for key in first:
        np.testing.assert_array_equal(first[key], second[key])
    assert any((first[key] != other[key]).any() for key in first)


@pytest.mark.slow
@every_model
def test_samples_differ_and_pieces_change_nothing(name: str) -> None:
    made = plan(name, 75)
    whole = draw(made, 0, 75)
    assert whole.captions == read_all(load_split("shapes-text", "held-out")).take(slice(0, 75)).captions
    assert len(np.unique(whole.pixels.reshape(75, -1), axis=0)) > 70
    piece = draw(made, 50, 60)
    np.testing.assert_array_equal(piece.pixels, whole.pixels[50:60])
    assert piece.captions == (whole.captions or ())[50:60]


@pytest.mark.slow
@every_model
def test_captions_are_obeyed_far_more_often_than_by_chance(name: str) -> None:
    made = draw(plan(name, 100), 0, 100)
    told = zip(made.captions or (), seen(made.pixels), strict=True)
    found = [checked(parsed(caption), scene) for caption, scene in told]
    # Of real images under other captions 0.006 are right in all, and 0.06 in colour.
    in_all, in_colour = OBEYED[name]
    assert np.mean([all(statements.values()) for statements in found]) >= in_all
    assert np.mean([statements["colour"] for statements in found]) >= in_colour


@every_model
def test_without_a_caption_or_with_an_unknown_one_nothing_is_drawn(name: str) -> None:
    sample = live(name).sample
    with pytest.raises(BadSamples, match="a generator of captions was asked for none"):
        sample([Draw(1, 0)])
    with pytest.raises(BadSamples, match="caption 'a red fish' is not of the grammar"):
        sample([Draw(1, 0, caption="a red fish")])


def test_a_guidance_of_one_is_the_captions_velocity_and_of_zero_ignores_it() -> None:
    captions = ("a large red circle", "three blue squares")
    free = [live("shapes-flow", guidance=0.0, steps=2).sample([Draw(3, 0, caption=c)]) for c in captions]
    np.testing.assert_allclose(free[0], free[1], atol=1e-5)
    told = [live("shapes-flow", guidance=1.0, steps=2).sample([Draw(3, 0, caption=c)]) for c in captions]
    assert np.abs(told[0] - told[1]).max() > 0.1
    with pytest.raises(BadSamples, match="0 steps of Heun's method"):
        live("shapes-flow", steps=0)


def test_a_straight_flow_is_followed_exactly() -> None:
    class Straight(torch.nn.Module):
        def forward(self, x: torch.Tensor, times: torch.Tensor, words: torch.Tensor) -> torch.Tensor:
            return torch.full_like(x, float(words.max()))

    x, words = torch.randn(2, 3, 4, 4), torch.full((2, MOST), 5)
    torch.testing.assert_close(shapes_flow.carried(Straight(), x, words, 3, 1.0), x + 5)
    torch.testing.assert_close(shapes_flow.carried(Straight(), x, words, 3, 2.0), x + 10)


def test_words_are_numbered_and_filled_up() -> None:
    words = numbered(["a red circle", "a small blue square left of a large yellow diamond"])
    assert words.shape == (2, MOST)
    assert (words > 0).sum(dim=1).tolist() == [3, 10]
    assert int(words.max()) < VOCABULARY
    longest = load_split("shapes-text", "train").read(0, 500).captions or ()
    assert max(len(caption.split()) for caption in longest) <= MOST


def test_codes_are_levels_and_back() -> None:
    levels = shapes_tokens.rounded(3 * torch.randn(5, len(shapes_tokens.LEVELS), 8, 8))
    codes = shapes_tokens.codes_of(levels)
    assert 0 <= int(codes.min()) <= int(codes.max()) < shapes_tokens.CODES
    torch.testing.assert_close(shapes_tokens.levels_of(codes, 8), levels)
    every = torch.arange(shapes_tokens.CODES)[:, None]
    torch.testing.assert_close(shapes_tokens.codes_of(shapes_tokens.levels_of(every, 1)), every)


def test_no_token_sees_a_later_one() -> None:
    torch.manual_seed(4)
    network = shapes_tokens.Transformer(64).eval()
    words, codes = torch.randint(1, VOCABULARY, (1, MOST)), torch.randint(shapes_tokens.CODES, (1, 20))
    with torch.inference_mode():
        before = network(words, codes)
        for place in (0, 7, 19):
            other = codes.clone()
            other[0, place] = (other[0, place] + 1) % shapes_tokens.CODES
            moved = (network(words, other) - before).abs().amax(dim=(0, 2)) > 1e-6
            assert not moved[: place + 1].any()
            assert moved[place + 1]
        assert before.shape == (1, 21, shapes_tokens.CODES)
