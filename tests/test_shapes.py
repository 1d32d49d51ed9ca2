"""The world of shapes: scenes that are read back exactly, captions that mean one thing, and combinations held out."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product

import numpy as np
import pytest
from genboard.registry.catalog import find
from genboard.registry.datasets import load_split, verify
from genboard.registry.datasets.shapes import load
from genboard.registry.images import Images, read_all
from genboard.registry.schema import Dataset
from genboard.registry.shapes.captions import COUNTS, PLACES, RELATIONS, WORDS, Caption, Noun, lies, parsed, stand
from genboard.registry.shapes.coding import MOST, decoded, encoded
from genboard.registry.shapes.judge import seen
from genboard.registry.shapes.making import NOVEL_KINDS, Dice, is_novel, some_caption, some_scene
from genboard.registry.shapes.scenes import COLOURS, GROUND, SHAPES, SIDE, SIZES, Scene, Thing, drawn, mask
from genboard.registry.shapes.statements import ATTRIBUTES, checked
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter

from genboard.core.errors import BadSamples

nouns = st.builds(
    Noun,
    st.integers(1, len(COUNTS)),
    st.sampled_from(SHAPES),
    st.sampled_from(tuple(COLOURS)),
    st.sampled_from((None, *SIZES)),
)
captions = st.one_of(
    st.builds(Caption, st.tuples(nouns), st.none() | st.sampled_from(PLACES)),
    st.builds(Caption, st.tuples(nouns, nouns), st.none(), st.none() | st.sampled_from(tuple(RELATIONS))),
).filter(lambda caption: caption.problem is None)


@pytest.fixture(scope="module")
def parts() -> Mapping[str, Images]:
    return load()


def things(scene: Scene) -> Scene:
    return tuple(sorted(scene, key=lambda t: (t.top, t.left)))


def right(images: Images) -> list[bool]:
    """Of each image, whether the judge finds every statement of its caption right."""
    assert images.captions is not None
    told = zip(images.captions, seen(images.pixels), strict=True)
    return [all(checked(parsed(caption), scene).values()) for caption, scene in told]


@given(captions)
def test_what_a_caption_says_is_what_it_was_printed_from(caption: Caption) -> None:
    assert parsed(str(caption)) == caption
    assert set(str(caption).split()) <= set(WORDS)


def test_every_word_of_the_grammar_occurs(parts: Mapping[str, Images]) -> None:
    assert {word for images in parts.values() for text in images.captions or () for word in text.split()} == set(WORDS)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a purple circle", ""),
        ("", ""),
        ("a red circle left of", ""),
        ("A red circle", ""),
        ("two red circle", "'two red circles' is right"),
        ("a red circles", "'a red circle' is right"),
        ("two red circles at the top", "a place or a relation belongs to single things"),
        ("two red circles above a blue square", "a place or a relation belongs to single things"),
        ("two red circles and two blue squares", "4 things, where 3 are the most"),
        ("a red circle above a large red circle", "cannot be told apart"),
        ("a red circle and a blue circle", "joins different shapes"),
    ],
)
def test_a_caption_that_the_grammar_does_not_know_is_refused(text: str, problem: str) -> None:
    with pytest.raises(BadSamples, match="is not of the grammar of shapes-text") as refused:
        parsed(text)
    assert repr(text) in refused.value.fact
    assert problem in refused.value.fact
    assert refused.value.hint


def test_shapes_fill_their_boxes_and_no_two_look_alike() -> None:
    masks = {(shape, extent): mask(shape, extent) for shape, extent in product(SHAPES, (7, 8, 11, 12))}
    for (shape, extent), pixels in masks.items():
        assert pixels.any(axis=1).all(), (shape, extent)
        assert pixels.any(axis=0).all(), (shape, extent)
        np.testing.assert_array_equal(pixels, pixels[:, ::-1])
    for extent in (7, 8, 11, 12):
        for one, other in ((a, b) for i, a in enumerate(SHAPES) for b in SHAPES[:i]):
            a, b = masks[one, extent], masks[other, extent]
            assert (a & b).sum() / (a | b).sum() <= 52 / 64


def test_the_judge_sees_every_scene_as_it_was_drawn() -> None:
    made: list[Scene] = []
    for i in range(2000):
        dice = Dice(7, i)
        made.append(some_scene(dice, some_caption(dice, novel=i % 2 == 0)))
    found = seen(np.stack([drawn(scene) for scene in made]))
    assert found == [things(scene) for scene in made]
    assert {len(scene) for scene in found} == {1, 2, 3}


def test_every_thing_is_seen_in_every_place() -> None:
    made = [
        Thing(shape, colour, left, top, extent)
        for shape, colour, extent in product(SHAPES, COLOURS, (7, 12))
        for left, top in ((0, 0), (SIDE - extent, 0), (5, SIDE - extent), (9, 10))
    ]
    assert seen(np.stack([drawn((thing,)) for thing in made])) == [(thing,) for thing in made]


@pytest.mark.parametrize("part", ["train", "reference", "held-out"])
def test_every_real_image_is_what_its_caption_says(part: str, parts: Mapping[str, Images]) -> None:
    assert len(parts[part]) == find(Dataset, "shapes-text").splits[part].count
    assert all(right(parts[part]))


def test_noise_and_blur_are_borne_as_documented(parts: Mapping[str, Images]) -> None:
    images = parts["held-out"].take(slice(0, 300))
    rng = np.random.default_rng(0)

    def share(pixels: np.ndarray) -> float:
        return float(np.mean(right(Images(pixels.clip(0, 255).round().astype(np.uint8), captions=images.captions))))

    grey = images.pixels.astype(float)
    assert share(grey + rng.normal(0, 40, grey.shape)) == 1
    assert share(gaussian_filter(grey, (0, 0.7, 0.7, 0))) == 1
    assert 0.75 < share(gaussian_filter(grey, (0, 1, 1, 0))) < 0.95
    assert share(rng.integers(0, 256, grey.shape).astype(float)) == 0


def test_nothing_is_seen_on_plain_ground_and_strange_things_have_no_name() -> None:
    plain = np.full((3, SIDE, SIDE, 3), GROUND, np.uint8)
    plain[1, 2:30, 2:30] = COLOURS["red"]
    plain[2, 4:12, 4:12] = (255, 255, 255)
    nothing, huge, white = seen(plain)
    assert nothing == ()
    assert [(t.shape, t.colour) for t in huge] == [(None, "red")]
    assert [(t.shape, t.colour) for t in white] == [("square", None)]


@pytest.mark.slow
def test_training_has_no_novel_combination_and_a_third_of_the_rest_has(parts: Mapping[str, Images]) -> None:
    novel = {name: [is_novel(parsed(c)) for c in images.captions or ()] for name, images in parts.items()}
    assert not any(novel["train"])
    assert np.mean(novel["reference"]) == pytest.approx(1 / 3, abs=1e-3)
    assert np.mean(novel["held-out"]) == pytest.approx(1 / 3, abs=1e-3)
    kinds = {(noun.shape, noun.colour) for c in parts["train"].captions or () for noun in parsed(c).nouns}
    assert kinds == set(product(SHAPES, COLOURS)) - NOVEL_KINDS
    shown = {(thing.shape, thing.colour) for scene in seen(parts["train"].pixels) for thing in scene}
    assert shown == kinds
    # Each shape and each colour occurs in training nevertheless, and so does every word for a relation.
    assert {c.relation for c in map(parsed, parts["train"].captions or ())} == {None, *RELATIONS}


@pytest.mark.parametrize(
    ("caption", "turned"),
    [
        ("a red square left of a blue triangle", "a blue triangle right of a red square"),
        ("a green triangle above a red circle", "a red circle below a green triangle"),
    ],
)
def test_a_relation_is_novel_whichever_way_it_is_told(caption: str, turned: str) -> None:
    assert is_novel(parsed(caption))
    assert is_novel(parsed(turned))
    assert not is_novel(
        parsed(caption.replace("left of", "above").replace("triangle above a red", "triangle below a red"))
    )


def test_captions_of_the_held_out_images_repeat_and_their_images_differ(parts: Mapping[str, Images]) -> None:
    images = parts["held-out"]
    assert images.captions is not None
    assert images.captions[0::2] == images.captions[1::2]
    same = (images.pixels[0::2] == images.pixels[1::2]).all(axis=(1, 2, 3))
    assert same.mean() < 0.01


def test_the_splits_are_the_parts_with_their_captions(parts: Mapping[str, Images]) -> None:
    assert verify("shapes-text") == find(Dataset, "shapes-text").content_digest
    for name, images in parts.items():
        split = read_all(load_split("shapes-text", name))
        assert split.captions is not None
        assert images.captions is not None
        assert sorted(split.captions) == sorted(images.captions)
        assert all(right(split.take(slice(0, 100))))


RED, BLUE = Thing("circle", "red", 3, 12, 7), Thing("square", "blue", 20, 12, 7)
STATEMENTS = [
    ("a red circle left of a blue square", (RED, BLUE), {}),
    ("a red circle right of a blue square", (RED, BLUE), {"relation"}),
    ("a red circle above a blue square", (RED, BLUE), {"relation"}),
    ("a blue circle and a red square", (RED, BLUE), {"colour"}),
    ("a red circle", (RED, BLUE), {"object", "count"}),
    ("two red circles", (RED,), {"count"}),
    ("a large red circle", (RED,), {"size"}),
    ("a small red circle on the left", (RED,), {}),
    ("a red circle on the right", (RED,), {"position"}),
    ("a red circle", (), {"object", "colour", "count"}),
    ("a red circle", (Thing(None, "red", 3, 3, 7),), {"object", "colour", "count"}),
    ("a red circle", (Thing("circle", None, 3, 3, 7),), {"colour"}),
    ("a red circle and two blue squares", (RED, RED, BLUE), {"count"}),
    ("a red circle above a red square", (RED, BLUE), {"colour", "relation"}),
]


@pytest.mark.parametrize(("text", "scene", "wrong"), STATEMENTS)
def test_each_statement_is_held_against_the_scene(text: str, scene: Scene, wrong: set[str]) -> None:
    found = checked(parsed(text), scene)
    assert set(found) <= set(ATTRIBUTES)
    assert {name for name, right in found.items() if not right} == set(wrong)


@given(st.integers(0, 2**32), st.booleans())
def test_a_scene_made_for_a_caption_fits_it_and_no_other_count(index: int, novel: bool) -> None:
    dice = Dice(11, index)
    caption = some_caption(dice, novel)
    scene = some_scene(dice, caption)
    assert all(checked(caption, scene).values())
    assert not checked(caption, scene[1:])["count"]


def test_places_and_relations_are_exact() -> None:
    at = {place: lies(Thing("circle", "red", 12, 1, 8), place) for place in PLACES}
    assert [place for place, there in at.items() if there] == ["at the top"]
    middle = Thing("circle", "red", 12, 12, 8)
    assert [place for place in PLACES if lies(middle, place)] == ["in the middle"]
    near, far = Thing("square", "blue", 15, 12, 8), Thing("square", "blue", 16, 12, 8)
    assert not stand(middle, near, "left of")
    assert stand(middle, far, "left of")
    assert stand(far, middle, "right of")


def test_scenes_are_rows_and_back() -> None:
    scenes = [some_scene(dice := Dice(5, i), some_caption(dice, novel=False)) for i in range(50)]
    again = decoded(encoded(scenes).astype(float))
    assert [set(scene) for scene in again] == [set(scene) for scene in scenes]
    crowd = tuple(Thing("circle", "red", i, i, 7) for i in range(9))
    assert len(decoded(encoded([crowd]).astype(float))[0]) == MOST
