"""From two folders of PNG files to metrics: where the time goes, and the whole job beside torch-fidelity's.

Weights are random: trained ones take the same time. What a process takes to start is left out on both sides.
"""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial

import pytest
import torch
from folder import write_folder
from genboard.benchmarks import compare
from genboard.reference_stats import features
from genboard.reference_stats.features import measure
from genboard.registry.catalog import find
from genboard.registry.extractors import LiveExtractor
from genboard.registry.images import digested, example_digests, image_keys
from genboard.registry.schema import Extractor
from genboard.registry.sources import decode, open_images
from rounds import BEFORE, alternate
from test_extractors import ours, space, state

from genboard.core.parallel import on_all_cores

__all__ = ["state"]
pytestmark = pytest.mark.filterwarnings(
    "ignore:.*:DeprecationWarning", "ignore:.*:UserWarning", "ignore::FutureWarning"
)
WHOLE = 50_000  # images to which the seconds are extrapolated
# Feature space, image size, number of images, and how often a folder is read.
JOBS = {
    "inception-v3-tf2015": ((256, 256, 3), 128),
    "efficientnet-lite0": ((256, 256, 3), 256),
    "resnet20-cifar10": ((32, 32, 3), 2000),
    "lenet-mnist": ((28, 28, 1), 4000),
}
METRICS = ("fd", "is", "kid", "precision", "recall")


def opened(name: str, state: dict[str, torch.Tensor]) -> LiveExtractor:
    return ours(state, "float32", find(Extractor, name)) if name.startswith("inception") else space(name)


@pytest.mark.parametrize("name", JOBS)
def test_stages(benchmark, state, tmp_path, name):
    """Each stage by itself, then all of them together, as `genboard evaluate` measures a folder of images."""
    shape, count = JOBS[name]
    path, extractor = write_folder(tmp_path / "images", count, shape), opened(name, state)
    block, size = extractor.entry.block, extractor.entry.sub_batch or extractor.entry.block
    source = open_images(path)
    blocks = list(source.runs(block))
    prepared = [extractor.prepare(torch.from_numpy(some.pixels[:size])) for some in blocks]
    reference = measure(source, extractor)

    def hashed() -> None:
        for images in blocks:
            image_keys(images, example_digests(images))

    def resized() -> None:
        for images in blocks:
            on_all_cores(extractor.prepare, torch.from_numpy(images.pixels).split(size))

    def computed() -> None:
        for images, first in zip(blocks, prepared, strict=True):
            on_all_cores(partial(network, first), range(-(-len(images) // size)))

    @torch.inference_mode()
    def network(first: torch.Tensor, _: int) -> None:
        extractor.network(first)

    def scored() -> None:
        compare.compare_features(reference.features, reference.features.flip(0), ("fd", "kid", "precision", "recall"))

    def evaluated() -> None:
        measure(digested(open_images(path))[0], extractor, moments=False)

    def before() -> None:
        """The whole folder decoded first, and again in the thread that then runs the network."""
        with one_after_the_other():
            twice = open_images(path)
            digested(twice)
            measure(twice, extractor, moments=False)

    stages = {
        "listing": lambda: open_images(path),
        "decoding": lambda: [None for _ in source.runs(block)],
        "digests": hashed,
        "resizing": resized,
        "network": computed,
        "metrics": scored,
        BEFORE: before,
    }
    height, width, _ = shape
    alternate(benchmark, evaluated, stages, rounds=3, stages=name, images_of=(count, width, height), whole=WHOLE)


@contextmanager
def one_after_the_other():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(features, "read_ahead", lambda items: items)
        patch.setattr(decode, "cores", lambda: 1)
        yield


def test_whole_job(benchmark, state, tmp_path, monkeypatch):
    """FID, IS, KID, precision and recall between two folders."""
    import torch_fidelity

    shape, count = JOBS["inception-v3-tf2015"]
    real, fake = (str(write_folder(tmp_path / kind, count, shape, seed)) for seed, kind in enumerate(("real", "fake")))
    extractor = opened("inception-v3-tf2015", state)
    monkeypatch.setattr(compare, "load_extractor", lambda *_: extractor)
    torch.save(state, tmp_path / "weights.pth")

    def by_genboard() -> None:
        compare.compare_images(real, fake, "inception-v3-tf2015", METRICS)

    def by_torch_fidelity() -> None:
        torch_fidelity.calculate_metrics(
            input1=fake,
            input2=real,
            fid=True,
            isc=True,
            kid=True,
            prc=True,
            kid_subset_size=count // 2,
            feature_extractor="inception-v3-compat",
            feature_extractor_weights_path=str(tmp_path / "weights.pth"),
            batch_size=extractor.entry.block,
            cuda=False,
            cache=False,
            verbose=False,
        )

    alternate(
        benchmark,
        by_genboard,
        {"torch-fidelity": by_torch_fidelity},
        rounds=2,
        images=2 * count,
        what=f"two folders of {count} PNG files of 256x256 to FID, IS, KID, precision and recall",
    )
