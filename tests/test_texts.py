"""Texts as images: there and back, what is refused, and the names of characters that a data set is made of."""

from __future__ import annotations

import unicodedata
from collections import Counter

import numpy as np
import pytest
import torch
from genboard.registry.catalog import find
from genboard.registry.datasets import load_split, verify
from genboard.registry.datasets.unicode_names import ALPHABET, LONGEST, MADE_BY_RULE
from genboard.registry.extractors import load_extractor
from genboard.registry.extractors.names_ngrams import bytes_of, lengths
from genboard.registry.images import Images, read_all
from genboard.registry.schema import Dataset, Extractor
from genboard.registry.texts import UNREADABLE, decoded, encoded
from pydantic import ValidationError

from genboard.core.errors import BadImages

NAMES = find(Dataset, "unicode-names")
SPLITS = ("train", "reference", "held-out")
TEXTS = ("A", "LATIN SMALL LETTER A", "YI SYLLABLE A", "DIGIT NINE", "A-B", "W" * LONGEST)


@pytest.fixture(scope="module")
def names() -> dict[str, list[str]]:
    return {split: list(decoded(read_all(load_split("unicode-names", split)).pixels, ALPHABET)) for split in SPLITS}


def test_texts_come_back_as_they_were():
    pixels = encoded(TEXTS, LONGEST, ALPHABET)
    assert pixels.shape == (len(TEXTS), 1, LONGEST, 1)
    assert list(decoded(pixels, ALPHABET)) == list(TEXTS)
    assert encoded([], LONGEST, ALPHABET).shape == (0, 1, LONGEST, 1)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "an empty text"),
        ("lower", "'lower': 'l' is not in the alphabet"),
        ("TWO\nLINES", r"'\\n' is not in the alphabet"),
        ("É", "'É' is not in the alphabet"),
        ("A\0", r"'\\x00' is not in the alphabet"),
        ("A" * 49, "has 49 characters, 48 are the most"),
    ],
)
def test_what_is_no_text_of_the_data_set_is_refused(text, said):
    with pytest.raises(BadImages, match=said) as refused:
        encoded(["FINE", text], LONGEST, ALPHABET)
    assert refused.value.hint


def test_bytes_that_are_no_characters_are_shown_and_not_hidden():
    rows = np.array([[60, 115, 65, 0], [0, 0, 66, 0], [0, 0, 0, 0], [255, 1, 65, 66]], np.uint8)
    found = list(decoded(rows[:, None, :, None], ALPHABET))
    assert found == [f"{UNREADABLE * 2}A", f"{UNREADABLE * 2}B", "", f"{UNREADABLE * 2}AB"]


def test_the_data_set_is_the_one_of_its_digest_and_its_texts_are_names(names):
    assert verify("unicode-names") == NAMES.content_digest
    assert NAMES.alphabet == ALPHABET
    assert {split: len(own) for split, own in names.items()} == {"train": 7296, "reference": 2500, "held-out": 2500}
    everything = [name for own in names.values() for name in own]
    assert len(set(everything)) == len(everything) == NAMES.count
    for name in everything:
        assert unicodedata.name(unicodedata.lookup(name)) == name
        assert 0 < len(name) <= LONGEST
        assert not name.startswith(MADE_BY_RULE)
    assert "LATIN SMALL LETTER A WITH GRAVE" in everything


def test_every_split_has_its_share_of_each_script(names):
    # No name decides by itself where it goes: the order is that of digests.
    first = {split: Counter(name.split()[0] for name in own) for split, own in names.items()}
    for script in ("YI", "MATHEMATICAL", "ARABIC", "LATIN"):
        shares = [first[split][script] / len(names[split]) for split in SPLITS]
        assert max(shares) < 1.35 * min(shares)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"alphabet": "ABA"}, "a character is listed twice"),
        ({"alphabet": "AÉ"}, "'É' is no printable ASCII"),
        ({"alphabet": "A\n"}, "is no printable ASCII"),
        ({"shape": [2, 24, 1]}, r"a text is one row of one channel, \[1, length, 1\]"),
        ({"shape": [1, 48, 3]}, r"a text is one row of one channel, \[1, length, 1\]"),
    ],
)
def test_an_entry_of_texts_has_an_alphabet_and_one_row(changed, said):
    with pytest.raises(ValidationError, match=said):
        Dataset.model_validate({**NAMES.model_dump(), **changed})


def runs(text: str) -> np.ndarray:
    """The counts of runs written down again, with Python's own whole numbers."""
    marked = b"\x01" + text.encode() + b"\x02"
    found = np.zeros(256)
    for size in (1, 2, 3, 4):
        for start in range(len(marked) - size + 1):
            found[(int.from_bytes(marked[start : start + size], "big") * 2654435761 % 2**32) >> 24] += 1
    return found


@pytest.mark.parametrize("text", TEXTS)
def test_runs_are_counted_as_by_hand(text):
    live = load_extractor("names-ngrams")
    features, logits = live.compute(Images(encoded([text, *TEXTS], LONGEST, ALPHABET)), "texts")
    assert logits is None
    assert np.array_equal(features[0].numpy(), runs(text))
    signs = len(text) + 2
    assert features[0].sum() == sum(max(0, signs - size + 1) for size in (1, 2, 3, 4))


def test_runs_of_other_texts_are_others(names):
    live = load_extractor("names-ngrams")
    some = [name for name in names["train"] if len(name) < 30][:100]
    features, _ = live.compute(Images(encoded([*some[:50], *(n[::-1] for n in some[:50])], LONGEST, ALPHABET)), "texts")
    assert len(features.unique(dim=0)) > 95  # hardly any name reads the same from behind


@pytest.mark.parametrize("extractor", ["names-ngrams", "names-gru"])
def test_whatever_a_generator_writes_has_features(extractor):
    rows = np.zeros((4, 1, LONGEST, 1), np.uint8)
    rows[1], rows[2, 0, 5], rows[3, 0, -1] = 255, 1, 7
    features, _ = load_extractor(extractor).compute(Images(rows), "bytes")
    assert features.shape == (4, find(Extractor, extractor).dim)
    assert len(features.unique(dim=0)) == 4


@pytest.mark.parametrize("extractor", ["names-ngrams", "names-gru"])
def test_a_space_of_texts_takes_no_pictures(extractor):
    with pytest.raises(BadImages, match="8x8"):
        load_extractor(extractor).compute(Images(np.zeros((2, 8, 8, 1), np.uint8)), "digits")


def test_bytes_survive_being_prepared_and_zeros_inside_count():
    scaled = torch.arange(256, dtype=torch.float32)[None, None, None] / 255
    assert bytes_of(scaled).tolist() == [list(range(256))]
    assert lengths(torch.tensor([[0, 0, 0], [5, 0, 0], [0, 5, 0], [5, 0, 5]])).tolist() == [0, 1, 2, 3]


def test_the_trained_space_tells_scripts_apart(names):
    some = {script: [n for n in names["held-out"] if n.startswith(script)][:60] for script in ("YI ", "LATIN ")}
    live = load_extractor("names-gru")
    yi, latin = (live.compute(Images(encoded(own, LONGEST, ALPHABET)), "names")[0].double() for own in some.values())
    assert torch.cdist(yi, latin).min() > torch.cdist(yi, yi).mean()
