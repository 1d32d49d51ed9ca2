"""Every preprocessing mode against the peer it claims to equal, over shapes that resizers get wrong."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, get_args

import numpy as np
import pytest
import torch
from genboard.registry.catalog import entries
from genboard.registry.extractors.preprocessing import MODES, find_mode
from genboard.registry.schema import Extractor
from genboard.registry.spaces import Filter, Preprocessing
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from torch import Tensor, nn

from genboard.core.errors import UnknownName

# One pixel, odd, tall, wide, smaller, larger and of the very size.
SHAPES = [(1, 1), (1, 7), (32, 32), (33, 47), (299, 299), (224, 224), (310, 5), (4, 330), (401, 513)]
every_shape = pytest.mark.parametrize("height_width", SHAPES, ids=str)
grey_and_colour = pytest.mark.parametrize("channels", [1, 3])

# Of values in about [-2.6, 2.6]: a few roundings of float32, 1/4,000 of a grey level.
TOLERANCE = 2e-6


def pixels(height_width: tuple[int, int], channels: int = 3, count: int = 2) -> Tensor:
    shape = (count, *height_width, channels)
    return torch.from_numpy(np.random.default_rng(7).integers(0, 256, shape, np.uint8))


def assert_equal(found: Tensor, expected: Tensor, tolerance: float) -> None:
    assert found.dtype == torch.float32
    assert found.shape == expected.shape
    torch.testing.assert_close(found, expected.float(), rtol=0, atol=tolerance)


@every_shape
@grey_and_colour
def test_tensorflow_1_as_torch_fidelity_has_it(height_width, channels):
    from torch_fidelity.interpolate_compat_tensorflow import interpolate_bilinear_2d_like_tensorflow1x

    images = pixels(height_width, channels)
    grey_levels = images.permute(0, 3, 1, 2).float()
    resized = interpolate_bilinear_2d_like_tensorflow1x(grey_levels, size=(299, 299), align_corners=False)
    assert_equal(find_mode("tf1-bilinear-299")(images), (resized - 128) / 128, TOLERANCE)


@every_shape
def test_vgg_as_torch_fidelity_has_it(height_width):
    from torch_fidelity.interpolate_compat_tensorflow import interpolate_bilinear_2d_like_tensorflow1x
    from torchvision.transforms.functional import normalize

    images = pixels(height_width)
    grey_levels = images.permute(0, 3, 1, 2).float()
    resized = interpolate_bilinear_2d_like_tensorflow1x(grey_levels, size=(224, 224), align_corners=False)
    mean, std = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    expected = normalize(resized, [255 * m for m in mean], [255 * s for s in std])
    assert_equal(find_mode("tf1-bilinear-224-imagenet")(images), expected, TOLERANCE)


@every_shape
@grey_and_colour
def test_torch_as_pytorch_fid_has_it(height_width, channels, monkeypatch):
    from pytorch_fid import inception

    seen: list[Tensor] = []
    stub = SimpleNamespace(**dict.fromkeys(("Conv2d_1a_3x3", "Conv2d_2a_3x3", "Conv2d_2b_3x3"), nn.Identity()))
    monkeypatch.setattr(inception, "fid_inception_v3", lambda: stub)
    network = inception.InceptionV3([0])
    network.blocks[0].register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    images = pixels(height_width, channels)
    network(images.permute(0, 3, 1, 2).float() / 255)
    assert_equal(find_mode("torch-bilinear-299")(images), seen[0], TOLERANCE)


@every_shape
@grey_and_colour
def test_clean_as_clean_fid_has_it(height_width, channels):
    from cleanfid.resize import build_resizer

    images = pixels(height_width, channels)
    clean = build_resizer("clean")
    resized = np.stack([clean(np.broadcast_to(image, (*height_width, 3))) for image in images.numpy()])
    expected = (torch.from_numpy(resized).permute(0, 3, 1, 2) - 128) / 128
    assert_equal(find_mode("clean-299")(images), expected[:, :channels], TOLERANCE)


def processor(mode: str) -> Any:
    """The processor of transformers with the settings that the repository of the weights has."""
    from transformers.models.bit.image_processing_pil_bit import BitImageProcessorPil
    from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

    if mode == "dinov2-224":
        mean, std = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
        return BitImageProcessorPil(
            size={"shortest_edge": 256}, crop_size={"height": 224, "width": 224}, image_mean=mean, image_std=std
        )
    side = int(mode.partition("-")[2])
    return CLIPImageProcessorPil(size={"shortest_edge": side}, crop_size={"height": side, "width": side})


@every_shape
@pytest.mark.parametrize("mode", ["clip-224", "clip-336", "dinov2-224"])
def test_processors_as_transformers_has_them(height_width, mode):
    images = pixels(height_width)
    whole = processor(mode)(list(images.numpy()), return_tensors="pt", input_data_format="channels_last")
    assert_equal(find_mode(mode)(images), whole["pixel_values"], TOLERANCE)


def test_the_default_processors_of_transformers_are_two_grey_levels_away():
    from transformers import CLIPImageProcessor

    images = pixels((33, 47))
    theirs = CLIPImageProcessor()(list(images.numpy()), return_tensors="pt", input_data_format="channels_last")
    gap = (find_mode("clip-224")(images) - theirs["pixel_values"]).abs().max()
    assert 0.5 / 255 / 0.26 < gap < 2.01 / 255 / 0.26


def test_lenet_is_resized_to_32_from_28():
    images = pixels((28, 28), 1)
    expected = torch.nn.functional.interpolate(images.permute(0, 3, 1, 2).double(), (32, 32), mode="bilinear") / 255
    assert_equal(find_mode("lenet-32")(images), expected, TOLERANCE)


@pytest.mark.parametrize("side", [1, 32, 224, 299])
def test_efficientnet_lite_has_pillow_s_bicubic_resize_and_its_own_scale(side):
    images = pixels((side, side))
    resized = [
        np.asarray(Image.fromarray(image).resize((224, 224), Image.Resampling.BICUBIC)) for image in images.numpy()
    ]
    expected = (torch.from_numpy(np.stack(resized)).permute(0, 3, 1, 2).double() - 127) / 128
    assert_equal(find_mode("efficientnet-lite-224")(images), expected, TOLERANCE)


def test_unit_and_only_unit_keeps_every_pixel():
    images = pixels((5, 3), 3)
    torch.testing.assert_close(find_mode("unit")(images).permute(0, 2, 3, 1), images.float() / 255, rtol=0, atol=0)


@pytest.mark.parametrize(
    ("mode", "mean", "std"),
    [
        ("unit-signed", (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
        ("unit-imagenet", (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    ],
)
def test_normalised_as_torchvision_has_it(mode, mean, std):
    from torchvision.transforms.functional import normalize, to_tensor

    images = pixels((32, 32))
    expected = torch.stack([normalize(to_tensor(image), mean, std) for image in images.numpy()])
    assert_equal(find_mode(mode)(images), expected, TOLERANCE)


@pytest.mark.parametrize("mode", MODES)
@settings(max_examples=6, deadline=None)
@given(height=st.integers(1, 40), width=st.integers(1, 40), level=st.integers(0, 255))
def test_a_flat_image_stays_flat_and_batches_do_not_matter(mode, height, width, level):
    images = torch.full((2, height, width, 3), level, dtype=torch.uint8)
    images[1] = pixels((height, width), count=1)[0]
    together = find_mode(mode)(images)
    flat = together[0].flatten(1)
    torch.testing.assert_close(flat, flat[:, :1].expand_as(flat), rtol=0, atol=2e-5)
    torch.testing.assert_close(find_mode(mode)(images[1:])[0], together[1], rtol=0, atol=0)


def test_every_extractor_names_a_mode_and_every_mode_is_used():
    used = {entry.preprocessing for entry in entries(Extractor).values()}
    assert used == set(MODES)
    with pytest.raises(UnknownName, match="did you mean 'clean-299'"):
        find_mode("clean-298")


def described(**table: Any) -> Any:
    return find_mode(Preprocessing.model_validate(table))


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ({}, [0, 0.2, 1]),
        ({"range": [-1, 1]}, [-1, -0.6, 1]),
        ({"range": [0, 255]}, [0, 51, 255]),
        ({"range": [2, 4]}, [2, 2.4, 4]),
        ({"mean": [0.5], "std": [0.25]}, [-2, -1.2, 2]),
        ({"range": [-1, 1], "mean": [0.5], "std": [0.5]}, [-3, -2.2, 1]),
    ],
)
def test_grey_levels_in_a_range_that_is_described(table, expected):
    levels = torch.tensor([0, 51, 255], dtype=torch.uint8).view(1, 1, 3, 1)
    found = described(**table)(levels)
    assert found.shape == (1, 1, 1, 3)
    np.testing.assert_allclose(found.flatten().numpy(), expected, rtol=0, atol=TOLERANCE)


def test_channels_are_red_green_blue_and_have_means_of_their_own():
    pixel = torch.tensor([255, 0, 51], dtype=torch.uint8).view(1, 1, 1, 3)
    found = described(mean=[0.5, 0.25, 0.1], std=[0.5, 0.5, 0.1])(pixel)
    np.testing.assert_allclose(found.flatten().numpy(), [1, -0.5, 1], atol=TOLERANCE)


@every_shape
@grey_and_colour
@pytest.mark.parametrize("kernel", ["box", "bilinear", "bicubic", "lanczos"])
def test_filters_of_pillow_are_pillows(height_width, channels, kernel):
    images = pixels(height_width, channels, 1)
    found = described(resize={"filter": f"pillow-{kernel}", "size": 20}, range=[0, 255])(images)
    plain = images[0].numpy() if channels == 3 else images[0, :, :, 0].numpy()
    expected = np.asarray(Image.fromarray(plain).resize((20, 20), Image.Resampling[kernel.upper()]))
    assert np.array_equal(found[0].permute(1, 2, 0).squeeze(2 if channels == 1 else ()).numpy(), expected)


@pytest.mark.parametrize("kernel", get_args(Filter))
@pytest.mark.parametrize(
    ("side", "height_width", "size"),
    [("shorter", (10, 25), (8, 20)), ("shorter", (25, 10), (20, 8)), ("both", (10, 25), (8, 8))],
)
def test_every_filter_resizes_one_side_or_both(kernel, side, height_width, size):
    flat = torch.full((2, *height_width, 3), 51, dtype=torch.uint8)
    resize = {"filter": kernel, "size": 8, "side": side}
    found = described(resize=resize)(flat)
    assert found.shape == (2, 3, *size)
    np.testing.assert_allclose(found.numpy(), 0.2, atol=1e-6)
    assert described(resize=resize, crop=5)(flat).shape == (2, 3, 5, 5)


def test_a_crop_takes_the_middle():
    rows = torch.arange(6, dtype=torch.uint8).view(1, 6, 1, 1).expand(1, 6, 7, 1).contiguous()
    found = described(crop=3, range=[0, 255])(rows)
    assert found[0, 0, :, 0].tolist() == [1, 2, 3]
