"""Generators of two groups of digits, trained here: who keeps the rare group, who loses it, and what fairness costs.

The groups of an image are told by its mean grey level, which is exact on real digits and close on made ones.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from genboard.benchmarks.drawing import draw
from genboard.benchmarks.evaluation_target import open_target, plan_for
from genboard.benchmarks.metrics.frechet import frechet_distance
from genboard.benchmarks.metrics.inputs import FeatureSet, MetricInputs
from genboard.benchmarks.metrics.kernel import kernel_distance
from genboard.benchmarks.uncertainty import Estimate
from genboard.reference_stats.features import measure
from genboard.registry.catalog import entries, find, shape_of
from genboard.registry.datasets import load_split
from genboard.registry.extractors import load_extractor
from genboard.registry.generators import load_generator
from genboard.registry.generators.draws import Draw
from genboard.registry.generators.zoo import dcgan, fairgan, pulse
from genboard.registry.images import Images, Pixels, read_all, source_of
from genboard.registry.resolve import function
from genboard.registry.schema import Generator, Track
from genboard.registry.weights import ROOT, read_weights

from genboard.core.errors import BadSamples

TRACK, BY_CLASS, UPSCALE = (
    find(Track, name) for name in ("digits-groups", "digits-groups-class", "digits-groups-upscale")
)
ZOO = {
    name: entry
    for name, entry in entries(Generator).items()
    if (entry.loader or "").startswith("zoo.") and entry.trained_on[0].startswith("digits-groups")
}
LABELLED = sorted(name for name, entry in ZOO.items() if entry.task == "class" and BY_CLASS.name in entry.tracks)
WEIGHTS = (0.0, 0.3, 1.0, 3.0)  # of the second discriminator
every_member = pytest.mark.parametrize("name", sorted(ZOO))


def inverted(pixels: Pixels) -> np.ndarray:
    """Which images (n, h, w, c) are of the rare group."""
    return pixels.mean(axis=(1, 2, 3)) > 127.5


@cache
def split(dataset: str, name: str) -> Images:
    return read_all(load_split(dataset, name))


@cache
def samples(name: str, track: str = TRACK.name, n: int = 500) -> Pixels:
    """The first samples of a track, uint8."""
    on = find(Track, track)
    return draw(plan_for(open_target(name, on), on, n), 0, n).pixels


def rare(name: str) -> float:
    """The share of the rare group among samples."""
    return float(inverted(samples(name)).mean())


@cache
def told(name: str, track: str) -> np.ndarray:
    """The class that the track's own network takes each sample for."""
    logits = measure(source_of("samples", Images(samples(name, track))), load_extractor("groups-cnn")).logits
    assert logits is not None
    return logits.argmax(1).numpy()


@pytest.mark.parametrize("name", ["train", "reference", "held-out"])
def test_the_mean_grey_level_tells_the_groups_of_real_images(name):
    images = split("digits-groups", name)
    assert images.labels is not None
    np.testing.assert_array_equal(inverted(images.pixels), images.labels >= 10)
    assert 0.09 < inverted(images.pixels).mean() < 0.11


def test_several_families_are_there():
    assert {"vae", "gan", "diffusion", "regression", "latent search"} <= {entry.family for entry in ZOO.values()}
    assert len(LABELLED) >= 3
    assert [ZOO[f"fairgan-{weight:g}"].training["weight"] for weight in WEIGHTS] == list(WEIGHTS)


@every_member
def test_an_entry_is_small_and_says_where_it_is_from(name):
    entry = ZOO[name]
    assert entry.weights is not None
    assert entry.weights.file is not None
    assert (ROOT / entry.weights.file).stat().st_size < 400_000
    assert entry.paper
    assert entry.origin == "trained in this project"


def test_entries_that_share_weights_were_trained_alike():
    by_file: dict[str, set[tuple[object, ...]]] = {}
    for entry in ZOO.values():
        assert entry.weights is not None
        fit = function(f"{str(entry.loader).partition(':')[0]}:train", under="registry.generators")
        recipe = (fit, tuple(sorted(entry.training.items())), entry.trained_on)
        by_file.setdefault(str(entry.weights.file), set()).add(recipe)
    assert len(by_file) < len(ZOO)
    assert all(len(recipes) == 1 for recipes in by_file.values())


def test_training_of_a_fair_gan_is_reproducible_and_its_weight_counts():
    few = split("digits-groups", "train").take(slice(0, 150))
    state = torch.random.get_rng_state()
    first, second = (fairgan.train(few, epochs=1, weight=1.0) for _ in range(2))
    assert torch.equal(state, torch.random.get_rng_state())  # the caller's random numbers are left alone
    assert first.keys() == read_weights(ZOO["fairgan-1"].weights).keys()
    for key in first:
        np.testing.assert_array_equal(first[key], second[key])
    for other in (fairgan.train(few, epochs=1, weight=0.0), fairgan.train(few, seed=1, epochs=1, weight=1.0)):
        assert any((first[key] != other[key]).any() for key in first)


def test_the_second_discriminator_sees_every_group_as_often():
    torch.manual_seed(0)
    groups = torch.tensor([0] * 90 + [1] * 10)
    drawn = fairgan.even(groups, 4000)
    assert abs(float((drawn >= 90).float().mean()) - 0.5) < 4 * 0.5 / 4000**0.5  # four standard errors
    assert set(drawn.tolist()) == set(range(100))


@pytest.mark.parametrize("name", ["groups-vae", "fairgan-0", *LABELLED])
def test_a_generator_trained_for_fidelity_alone_keeps_the_imbalance(name):
    assert abs(rare(name) - 0.1) < 4 * 0.3 / 500**0.5  # four standard errors


def test_truncation_amplifies_the_imbalance():
    assert rare("groups-vae-truncated") < 0.05


def test_fairness_grows_with_the_weight_and_costs_fidelity():
    shares = [rare(f"fairgan-{weight:g}") for weight in WEIGHTS]
    assert shares == sorted(shares)
    assert shares[-1] > 0.3
    real = split("digits-groups", "reference").pixels
    found = [distance(samples(f"fairgan-{weight:g}"), real, frechet_distance) for weight in WEIGHTS]
    assert found == sorted(found)
    # Real digits with the shares of the fairest are nearly as far from those at 90:10.
    held_out = read_all(load_split("digits", "held-out")).pixels
    fair = np.arange(len(held_out)) < rare("fairgan-3") * len(held_out)
    uneven = np.where(fair[:, None, None, None], 255 - held_out, held_out)
    assert distance(uneven, real, frechet_distance) > 0.75 * found[-1]


def test_a_second_discriminator_serves_the_rare_group_only_with_weight():
    real = split("digits-groups", "reference").pixels

    def within(name: str, group: bool) -> float:
        """The kernel distance within a group: the inverted, or the plain."""
        made = samples(name, n=2000)
        return distance(made[inverted(made) == group], real[inverted(real) == group], kernel_distance)

    for group in (False, True):
        assert within("fairgan-1", group) > within("fairgan-0", group)
    assert within("fairgan-3", True) < within("fairgan-0", True)


def distance(made: Pixels, real: Pixels, metric: Callable[[MetricInputs], Estimate]) -> float:
    value = metric(MetricInputs(FeatureSet(features_of(made)), FeatureSet(features_of(real)))).value
    assert value is not None
    return value


def features_of(pixels: Pixels) -> torch.Tensor:
    return measure(source_of("images", Images(pixels)), load_extractor("groups-cnn")).features


@pytest.mark.parametrize("name", LABELLED)
def test_the_group_that_is_asked_for_is_made(name):
    asked = plan_for(open_target(name, BY_CLASS), BY_CLASS, 500).asked.labels
    assert asked is not None
    group = np.array(asked) >= 10
    assert group.sum() > 40
    assert (inverted(samples(name, BY_CLASS.name))[group]).mean() >= 0.9
    assert (told(name, BY_CLASS.name) == np.array(asked)).mean() >= 0.7


@cache
def asked() -> list[Draw]:
    """Fifty draws of each group, plain ones first, asked from held-out images of low resolution."""
    images = split("digits-groups-upscale", "held-out")
    assert images.labels is not None
    assert images.conditions is not None
    rows = np.concatenate([np.flatnonzero(group)[:50] for group in (images.labels < 10, images.labels >= 10)])
    return [Draw(UPSCALE.seed, int(i), condition=images.conditions[i]) for i in rows]


@cache
def restored(name: str, **arguments: float) -> Pixels:
    """What is made of them, float in [0, 1]."""
    entry = ZOO[name].model_copy(update={"arguments": {**ZOO[name].arguments, **arguments}})
    return load_generator(entry, UPSCALE).sample(asked())


@cache
def kept(name: str) -> tuple[float, float]:
    """The shares of plain and of inverted images that come back in their own group."""
    groups = inverted(255 * restored(name))
    return float((~groups[:50]).mean()), float(groups[50:].mean())


def test_pulse_finds_images_near_what_was_asked():
    low = torch.from_numpy(np.stack([d.condition for d in asked() if d.condition is not None])[:, ::4, ::4] / 255)

    def missed(found: Pixels) -> np.ndarray:
        means = found.reshape(-1, 2, 4, 2, 4, 1).mean(axis=(2, 4))
        return np.sqrt(((means - low.numpy()) ** 2).mean(axis=(1, 2, 3)))

    start, found = missed(restored("pulse", steps=1, rate=0.0)), missed(restored("pulse"))
    assert found[:50].mean() < 0.5 * start[:50].mean()
    assert found[50:].mean() > 3 * found[:50].mean()  # of the rare group the generator makes little that is near


def test_pulse_turns_the_rare_group_into_the_other_and_a_regression_does_not():
    # As in the images that made it known: what is asked from is matched as far as the training data had its like.
    plain, rare_ones = kept("pulse")
    assert plain >= 0.95
    assert rare_ones <= 0.5
    for name in ("upscale-regression", "upscale-pix2pix"):
        assert min(kept(name)) >= 0.9, name
    assert kept("pulse-fair")[1] > rare_ones + 0.2


def test_the_figures_are_those_the_documentation_states():
    text = (Path(__file__).resolve().parents[1] / "docs" / "zoo.md").read_text("utf-8")
    (said,) = re.findall(r"## Two groups of digits\n(.*?)\n## ", text, re.DOTALL)
    shares = {name: float(share) for name, share in re.findall(r"(?m)^\| `([^`]+)`.* (0\.\d{3}) \|$", said)}
    assert set(shares) == {name for name, entry in ZOO.items() if TRACK.name in entry.tracks}
    for name, share in shares.items():
        assert rare(name) == pytest.approx(share, abs=0.006), name
    (lost,) = re.findall(r"gives (\d+) of the 50 inverted", said)
    (lost_fair,) = re.findall(r"`fairgan-3` and loses (\d+)", said)
    for name, count in (("pulse", lost), ("pulse-fair", lost_fair)):
        assert 50 * (1 - kept(name)[1]) == pytest.approx(int(count), abs=0.5), name


def test_a_search_stays_on_the_sphere():
    torch.manual_seed(0)
    generate = dcgan.build(read_weights(ZOO["pulse"].weights), shape_of(UPSCALE))
    found = pulse.search(generate, torch.zeros(5, 1, 2, 2), torch.randn(5, 32), steps=3, rate=1.0)
    torch.testing.assert_close(found.norm(dim=1), torch.full((5,), 32**0.5))


def test_a_search_needs_a_condition_and_a_step():
    generator = load_generator(ZOO["pulse"], UPSCALE)
    with pytest.raises(BadSamples, match="sample 0 is asked from no image"):
        generator.sample([Draw(1, 0)] * 64)
    with pytest.raises(BadSamples, match="0 steps of the search"):
        restored("pulse", steps=0)


SCRIPT = """
import sys
import numpy as np
from test_zoo_groups import restored
np.save(sys.argv[1], np.stack([restored(name) for name in ("pulse", "pulse-fair")]))
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    "machine",
    [
        {"OMP_NUM_THREADS": "2"},
        {"MKL_CBWR": "COMPATIBLE", "ATEN_CPU_CAPABILITY": "default", "ONEDNN_MAX_CPU_ISA": "SSE41"},
    ],
)
def test_a_search_ends_alike_on_other_machines(machine, tmp_path):
    path = tmp_path / "found.npy"
    environment = {**os.environ, **machine, "PYTHONPATH": str(Path(__file__).parent)}
    subprocess.run([sys.executable, "-c", SCRIPT, str(path)], env=environment, check=True)
    here = np.stack([restored(name) for name in ("pulse", "pulse-fair")])
    np.testing.assert_allclose(np.load(path), here, atol=1e-4)  # a fortieth of a grey level
