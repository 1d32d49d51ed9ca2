"""Generators of names, trained here: they follow the protocol, write names, and are what their papers say."""

from __future__ import annotations

import inspect

import numpy as np
import pytest
import torch
from genboard.benchmarks.drawing import Plan, draw
from genboard.benchmarks.evaluation_target import open_target, plan_for
from genboard.registry.catalog import entries, find
from genboard.registry.datasets import load_split
from genboard.registry.datasets.unicode_names import ALPHABET, LONGEST
from genboard.registry.generators import Draw
from genboard.registry.generators.zoo import char_lstm, char_markov, char_seq2seq, char_transformer
from genboard.registry.generators.zoo.characters import shifted_and_cut, surprise, symbols_of, written
from genboard.registry.images import Images, read_all
from genboard.registry.resolve import function
from genboard.registry.schema import Generator, Track
from genboard.registry.texts import UNREADABLE, decoded, encoded
from genboard.registry.weights import ROOT, read_weights

TRACK = find(Track, "names-text")
TRAINED = sorted(n for n, e in entries(Generator).items() if e.trained_on == ("unicode-names/train",))
NETWORKS = {"char-lstm", "char-seq2seq", "char-transformer"}
every_model = pytest.mark.parametrize("name", TRAINED)


@pytest.fixture(scope="module")
def names() -> Images:
    return read_all(load_split("unicode-names", "train"))


def plan(name: str, n: int) -> Plan:
    return plan_for(open_target(name, TRACK), TRACK, n)


def texts(pixels: np.ndarray) -> list[str]:
    return list(decoded(pixels, ALPHABET))


@pytest.fixture(scope="module")
def samples() -> dict[str, list[str]]:
    return {name: texts(draw(plan(name, 150), 0, 150).pixels) for name in [*TRAINED, "held-out"]}


def test_there_are_models():
    assert set(TRAINED) == NETWORKS | {"char-markov", "char-bigrams"}


@every_model
def test_an_entry_is_small_and_says_where_it_is_from(name):
    entry = find(Generator, name)
    assert entry.weights is not None
    assert entry.weights.file is not None
    assert (ROOT / entry.weights.file).stat().st_size < 400_000
    assert entry.task == "unconditional"
    assert entry.tracks == ("names-text",)
    assert entry.paper
    weights = read_weights(entry.weights)
    assert sorted(bytes(weights["levels"][1:]).decode()) == sorted(ALPHABET)
    assert name not in NETWORKS or {a.dtype for k, a in weights.items() if k != "levels"} == {np.dtype(np.float16)}


@every_model
def test_samples_are_texts_of_the_alphabet_and_differ(name, samples):
    found = samples[name]
    assert not any(UNREADABLE in text for text in found)
    assert all(0 < len(text) <= LONGEST for text in found)
    assert len(set(found)) > 120


@every_model
def test_pieces_and_blocks_change_nothing(name, samples):
    piece = draw(plan(name, 150), 60, 110)
    assert texts(piece.pixels) == samples[name][60:110]


def known(found: list[str], names: Images) -> float:
    """The share of texts all of whose words occur in training names."""
    words = {word for name in texts(names.pixels) for word in name.split(" ")}
    return float(np.mean([all(word in words for word in text.split(" ")) for text in found]))


def test_networks_write_names_of_known_words_and_chains_hardly_do(samples, names):
    shares = {name: known(found, names) for name, found in samples.items()}
    assert shares["held-out"] > 0.6
    assert min(shares[name] for name in NETWORKS) > 0.3
    assert shares["char-bigrams"] < shares["char-markov"] < min(shares[name] for name in NETWORKS)


def test_networks_write_new_names_too(samples, names):
    training = set(texts(names.pixels))
    for name in NETWORKS:
        new = [text for text in samples[name] if text not in training]
        assert len(new) > 0.3 * len(samples[name])
        assert known(new, names) > 0.1


@every_model
def test_training_is_reproducible(name, names):
    entry = find(Generator, name)
    module = str(entry.loader).partition(":")[0]
    fit = function(f"{module}:train", under="registry.generators")
    short = {"epochs": 1} if "epochs" in inspect.signature(fit).parameters else dict(entry.training)
    some, state = names.take(slice(0, 130)), torch.random.get_rng_state()
    first, second = fit(some, **short), fit(some, **short)
    assert torch.equal(state, torch.random.get_rng_state())
    assert first.keys() == second.keys() == read_weights(entry.weights).keys()
    for key in first:
        np.testing.assert_array_equal(first[key], second[key])
    if name in NETWORKS:
        other = fit(some, seed=1, **short)
        assert any((first[key] != other[key]).any() for key in first)


def test_a_network_is_shown_what_came_before_and_told_up_to_the_end():
    levels, symbols = symbols_of(Images(encoded(["AB", "B"], 4, "AB")))
    assert levels.tolist() == [0, 65, 66]
    shown, told = shifted_and_cut(symbols)
    assert shown.tolist() == [[0, 1, 2], [0, 2, 0]]
    assert told.tolist() == [[1, 2, 0], [2, 0, 0]]
    logits = torch.zeros(2, 3, 3)
    logits[1, 2] = torch.tensor([-9.0, 9.0, 9.0])  # behind the end, where nothing is asked
    assert float(surprise(logits, told)) == pytest.approx(np.log(3))


def test_a_text_is_written_until_its_end_and_is_never_empty():
    asked = []

    def shares(last: np.ndarray) -> torch.Tensor:
        asked.append(last.tolist())
        sure = [[9.0, 0.0]] if len(asked) > 2 else [[0.0, 9.0]]
        return 20 * torch.tensor(sure * len(last))

    pixels = written([Draw(1, 0), Draw(1, 1)], np.array([0, 65], np.uint8), 6, shares)
    assert texts(pixels) == ["AA", "AA"]
    assert asked == [[0, 0], [1, 1], [1, 1]]
    only_ends = written([Draw(1, 0)], np.array([0, 65], np.uint8), 6, lambda last: torch.tensor([[9.0, 0.0]]))
    assert texts(only_ends) == ["A"]


def test_a_chain_writes_nothing_that_training_has_not():
    found = char_markov.train(Images(encoded(["ABA", "AC"], 4, "ABC")), order=1)
    pairs = {tuple(run): int(count) for run, count in zip(found["runs"], found["times"], strict=True)}
    assert pairs == {(0, 1): 2, (1, 2): 1, (2, 1): 1, (1, 0): 1, (1, 3): 1, (3, 0): 1}
    sample = char_markov.load(found, TRACK)
    wrote = set(texts(sample([Draw(1, i) for i in range(50)])))
    assert {"A", "AC", "ABA"} <= wrote
    assert not any(pair in text for text in wrote for pair in ("BB", "BC", "CA", "AA"))


def test_shares_of_a_chain_are_those_of_the_training_names(names):
    sample = char_markov.load(char_markov.train(names, order=1), TRACK)
    first = [text[0] for text in texts(sample([Draw(5, i) for i in range(2000)]))]
    wanted = [name[0] for name in texts(names.pixels)]
    for letter in "YMLC":
        share = wanted.count(letter) / len(wanted)
        assert first.count(letter) / 2000 == pytest.approx(share, abs=5 * (share * (1 - share) / 2000) ** 0.5)


def test_no_character_sees_a_later_one():
    torch.manual_seed(4)
    networks = [char_transformer.CharTransformer(39, LONGEST).eval(), char_lstm.CharLSTM(39).eval()]
    symbols = torch.randint(39, (1, 20))
    changed = symbols.clone()
    changed[0, 12:] = (changed[0, 12:] + 1) % 39
    for network in networks:
        with torch.inference_mode():
            found = [network(x) for x in (symbols, changed)]
        before, after = (logits[0] if isinstance(logits, tuple) else logits for logits in found)
        torch.testing.assert_close(before[:, :12], after[:, :12])
        assert float((before[:, 12:] - after[:, 12:]).abs().max()) > 1e-3


def test_step_by_step_a_network_says_what_it_says_at_once():
    torch.manual_seed(4)
    network = char_seq2seq.Seq2Seq(39).eval()
    read, symbols = torch.randint(39, (2, 9)), torch.randint(39, (2, 7))
    with torch.inference_mode():
        states, there = network.encode(read)
        whole, _ = network(states, there, symbols)
        state, steps = None, []
        for place in range(7):
            logits, state = network(states, there, symbols[:, place : place + 1], state)
            steps.append(logits)
    torch.testing.assert_close(torch.cat(steps, dim=1), whole)


def test_what_is_behind_the_end_of_a_read_text_is_not_attended_to():
    torch.manual_seed(4)
    network = char_seq2seq.Seq2Seq(39).eval()
    states, there = network.encode(torch.tensor([[4, 5, 0, 0], [4, 5, 6, 7]]))
    assert there.tolist() == [[True, True, True, False], [True, True, True, True]]
    other = states.clone()
    other[0, 3] += 1
    symbols = torch.tensor([[0, 4], [0, 4]])
    torch.testing.assert_close(network(states, there, symbols)[0], network(other, there, symbols)[0])


def test_holes_are_whole_words_and_at_least_one():
    text = encoded(["LATIN SMALL LETTER A"], LONGEST, ALPHABET)[0, 0, :, 0]
    stream, found = np.random.default_rng(1), []
    for _ in range(400):
        holed = char_seq2seq.holed(text, stream)
        assert len(holed) == LONGEST
        found.append(holed[holed != 0].tobytes().decode().split(" "))
    assert {len(words) for words in found} == {4}
    for place, word in enumerate(["LATIN", "SMALL", "LETTER", "A"]):
        seen = [words[place] for words in found]
        assert set(seen) == {word, "\x01"}
        # Half of the words by chance, and one of four besides.
        assert seen.count("\x01") / 400 == pytest.approx(0.5 + 0.5 / 4, abs=0.1)
    assert all("\x01" in words for words in found)


def test_a_sample_keeps_the_words_it_was_given(samples):
    # Of the scripts that names begin with, most are given or guessed: no text is made of nothing.
    first = {text.split(" ")[0] for text in samples["held-out"]}
    assert np.mean([text.split(" ")[0] in first for text in samples["char-seq2seq"]]) > 0.5
