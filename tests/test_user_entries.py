"""A user's own generators: every entry that the documents show, written into a data folder and evaluated."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from genboard.registry.catalog import entries, find, parse
from genboard.registry.generators import OPENERS, load_generator
from genboard.registry.generators.draws import draws
from genboard.registry.resolve import function
from genboard.registry.schema import Generator, Track
from genboard.registry.weights import ROOT as REGISTRY
from refusals import GREY, Run, hint, png, refused
from tiny_models import ROOT, decoder, entry, examples, export, export_onnx, pipelines

from genboard.core.errors import GenboardError
from genboard.core.files import sha256
from genboard.core.serialization import canonical_json

SHOWN = {**examples("CONTRIBUTING.md"), **examples("docs/generators.md")}
KINDS = {"built-in", "torch-weights", "exported", "onnx", "diffusers", "samples", "python"}
EVALUATE = "evaluate mine --track digits --samples 12 --json".split()


def python_of(document: str) -> str:
    """The function that a document shows."""
    found = re.search(r"```python\n(import numpy.*?)```", (ROOT / document).read_text("utf-8"), re.DOTALL)
    assert found
    return found[1]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the entries of the documents name, as a user would have it."""
    home = tmp_path_factory.mktemp("user")
    pipelines(home / "models")
    export(home / "models" / "decoder.pt2", decoder(labelled=True), (64, 8), 64)
    export_onnx(home / "models" / "decoder.onnx", decoder(), (64, 8))
    trained = REGISTRY / "generators" / "zoo" / "weights" / "vae.safetensors"
    (home / "models" / "vae.safetensors").write_bytes(trained.read_bytes())
    (home / "models" / "mine.py").write_text(python_of("docs/generators.md"), "utf-8")
    (home / "samples" / "mine").mkdir(parents=True)
    for i in range(12):
        (home / "samples" / "mine" / f"{i:02d}.png").write_bytes(png(np.roll(GREY[i % 6], i)))
    table = "file,class\n" + "".join(f"{i:02d}.png,{i % 10}\n" for i in range(12))
    (home / "samples" / "mine.csv").write_text(table, "utf-8")
    return home


def written(home: Path, text: str, files: Path) -> str:
    """An example with the digest of the file that it names, in the data folder where the files are."""
    named = re.search(r'local = "(.*)"', text)
    folder = home / "entries" / "generators"
    folder.mkdir(parents=True)
    for place in ("models", "samples"):
        (home / place).symlink_to(files / place, target_is_directory=True)
    text = text.replace("0" * 64, sha256((files / named[1]).read_bytes())) if named else text
    (folder / "mine.toml").write_text(text, "utf-8")
    return text


def test_the_documents_show_one_of_each_kind() -> None:
    shown = [parse(Generator, Path(f"{name}.toml"), text) for name, text in examples("CONTRIBUTING.md").items()]
    assert {e.source.kind for e in shown} == KINDS == {*OPENERS, "python", "samples"}
    assert len(SHOWN) >= 8
    assert all(parse(Generator, Path(f"{name}.toml"), text).name == name for name, text in SHOWN.items())


LOCAL = sorted(name for name, text in SHOWN.items() if "\nrepo" not in text)


@pytest.mark.parametrize("name", LOCAL)
def test_an_example_is_evaluated(run: Run, own_home: Path, files: Path, name: str) -> None:
    text = written(own_home, SHOWN[name], files)
    trust = ["--trust-code"] if 'kind = "python"' in text else []
    code, out, err = run(*EVALUATE, *trust)
    assert code == 0, err
    result = json.loads(out)
    mine = find(Generator, "mine")
    assert (result["sampling"]["n"], result["generator"]["family"]) == (12, mine.family)
    assert result["provenance"]["trusted_code"] == bool(trust)
    identity = result["specification"]["generator"]
    assert identity["name"] == "mine"
    if mine.source.kind != "samples":
        assert identity.items() >= json.loads(canonical_json(mine.identity())).items()
        live = load_generator(mine, find(Track, "digits"), trust_code=True)
        first = live.sample(draws(1, 0, live.block or 8))
        assert first.shape == (live.block or 8, 8, 8, 1)


def test_a_function_needs_leave_and_says_so(run: Run, own_home: Path, files: Path) -> None:
    written(own_home, SHOWN["my-function"], files)
    assert "mine.py:sample is code, which genboard does not run unasked" in refused(run, *EVALUATE)
    assert "--trust-code" in hint(run, *EVALUATE)


def test_arguments_of_an_entry_reach_its_function(own_home: Path, files: Path) -> None:
    written(own_home, SHOWN["my-function"], files)
    full = find(Generator, "mine").model_copy(update={"arguments": {}})
    track = find(Track, "digits")
    spread = [
        load_generator(e, track, trust_code=True).sample(draws(1, 0, 8)).std() for e in (find(Generator, "mine"), full)
    ]
    assert spread[0] == pytest.approx(spread[1] / 2)


@pytest.mark.parametrize(
    ("body", "more", "why"),
    [
        ("return np.zeros((3, 1, 8, 8))", "", "returned an array of shape (3, 8, 8, 1) for"),
        ("return np.random.default_rng().random((len(seeds), 1, 8, 8))", "", "drawn twice, sample"),
        ("return np.full((len(seeds), 1, 8, 8), np.nan)", "", "NaN"),
        ("return np.zeros((len(seeds), 1, 8, 8))", "arguments = { contrst = 1.0 }", "takes no argument 'contrst'"),
        ("raise ValueError('no')", "", "raised ValueError: no"),
    ],
)
def test_a_function_that_is_no_generator_is_refused(run: Run, own_home: Path, body: str, more: str, why: str) -> None:
    (own_home / "mine.py").write_text(f"import numpy as np\ndef sample(seeds, labels, contrast=1.0):\n    {body}\n")
    entry(own_home, 'kind = "python"\nfunction = "mine.py:sample"', more=more)
    assert why in refused(run, *EVALUATE, "--trust-code")


@pytest.mark.parametrize(
    ("function", "why"),
    [
        ("nosuch.py:sample", "no such file"),
        ("mine", "source.function: 'mine'"),
        ("json:nosuch", "no function 'nosuch'"),
    ],
)
def test_a_function_that_is_not_there_is_named(run: Run, own_home: Path, function: str, why: str) -> None:
    entry(own_home, f'kind = "python"\nfunction = "{function}"')
    assert why in refused(run, *EVALUATE, "--trust-code")


@pytest.mark.parametrize(("name", "says"), [("net.py:load", 'source.kind = "python"'), ("net:load", "module:function")])
def test_a_file_of_ones_own_as_a_loader_is_told_where_it_goes(name: str, says: str) -> None:
    with pytest.raises(GenboardError, match="no function") as caught:
        function(name, "registry.extractors")
    assert says in caught.value.hint


def test_weights_that_need_code_are_refused(run: Run, own_home: Path) -> None:
    import pickle

    class Trap:
        def __reduce__(self) -> object:
            return (print, ("sprung",))

    data = pickle.dumps(Trap())
    (own_home / "vae.pth").write_bytes(data)
    place = f'[source.weights]\nlocal = "vae.pth"\nsha256 = "{sha256(data)}"'
    source = f'kind = "torch-weights"\narchitecture = "zoo.vae:load"\n{place}'
    entry(own_home, source)
    assert f"{own_home / 'vae.pth'} holds more than plain weights" in refused(run, *EVALUATE)


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ('kind = "nosuch"', "source: Input tag 'nosuch'"),
        ('kind = "exported"\nrange = [0, 255]', "source.exported.program: Field required"),
        ('kind = "built-in"\nloader = "baselines:noise"\nweights = 1', "source.built-in.weights: Extra inputs"),
    ],
)
def test_a_source_that_does_not_parse_is_named(run: Run, own_home: Path, source: str, why: str) -> None:
    path = entry(own_home, source)
    assert refused(run, *EVALUATE).startswith(f"{path}: {why}")


@pytest.mark.skipif(sys.platform != "linux", reason="pipes and devices are those of Unix")
@pytest.mark.parametrize("make", [lambda p: os.mkfifo(p), lambda p: p.symlink_to("/dev/zero")], ids=["pipe", "device"])
def test_an_entry_that_is_no_file_is_not_opened(run: Run, own_home: Path, make: Callable[[Path], object]) -> None:
    (own_home / "entries" / "generators").mkdir(parents=True)
    make(own_home / "entries" / "generators" / "mine.toml")
    assert "mine.toml: cannot be read: it is a" in refused(run, *EVALUATE)


@pytest.mark.parametrize(
    "text",
    [
        "version = " + "9" * 10_000,
        "x = " + "[" * 10_000,
        "x = " + "{ a = " * 10_000,
        "a." * 2_000 + "b = 1",
        "x = 1e",
        "",
    ],
    ids=["10,000 digits", "nested lists", "nested tables", "nested keys", "no number", "empty"],
)
def test_an_entry_that_no_parser_likes_is_refused(run: Run, own_home: Path, text: str) -> None:
    folder = own_home / "entries" / "generators"
    folder.mkdir(parents=True)
    (folder / "mine.toml").write_text(text, "utf-8")
    fact = refused(run, *EVALUATE)
    assert fact.startswith(str(folder / "mine.toml"))
    assert len(fact) < 500 + len(str(folder))


def test_an_entry_of_samples_may_leave_formats_out(run: Run, own_home: Path) -> None:
    (own_home / "set").mkdir()
    for i in range(12):
        (own_home / "set" / f"{i:02d}.png").write_bytes(png(np.roll(GREY[i % 6], i)))
    (own_home / "set" / "b.heic").write_bytes(b"x")
    entry(own_home, 'kind = "samples"\npath = "set"\nskip = true')
    code, out, err = run(*EVALUATE)
    assert code == 0, err
    assert json.loads(out)["sampling"]["n"] == 12
    assert "1 file was left out: b.heic" in err


def test_an_autoencoder_says_how_its_latents_are_drawn(run: Run, own_home: Path) -> None:
    source = 'kind = "built-in"\nloader = "baselines:noise"'
    path = entry(own_home, source)
    path.write_text(path.read_text("utf-8").replace('"gan"', '"vae"'), "utf-8")
    assert "needs latents" in refused(run, *EVALUATE)
    told = [e for e in entries_of_the_package() if e.family == "vae"]
    assert len(told) >= 4
    assert all(e.latents for e in told)


def entries_of_the_package() -> list[Generator]:
    folder = REGISTRY / "entries" / "generators"
    return [parse(Generator, path, path.read_text("utf-8")) for path in sorted(folder.glob("*.toml"))]


def test_the_list_tells_what_a_reader_asks_of_a_generator(run: Run, own_home: Path) -> None:
    entry(own_home, 'kind = "samples"\npath = "x.npz"')
    rows = {row["name"]: row for row in json.loads(run("list", "generators", "--json")[1])}
    assert len(rows) == len(entries(Generator)) > 20
    assert rows["mine"] == {
        "name": "mine",
        "title": "Mine",
        "family": "gan",
        "kind": "samples",
        "task": "unconditional",
        "tracks": ["digits"],
        "baseline": False,
        "origin": "me",
        "licence": "none",
    }


def test_identities_of_committed_results_are_those_of_their_entries() -> None:
    """Ids are made of them: a change would part the results from their generators."""
    built = {e.name: json.loads(canonical_json(e.identity())) for e in entries_of_the_package()}
    results = [json.loads(p.read_text("utf-8")) for p in (ROOT / "leaderboard" / "results").glob("*/*/*.json")]
    named = [r["specification"]["generator"] for r in results if r["generator"]["kind"] == "registered"]
    assert len(named) > 20
    assert all(identity == built[identity["name"]] for identity in named)
