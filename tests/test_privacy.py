"""What an exception said is written down without folders of this machine and without secrets."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from refusals import FUNCTION, Run, module

from genboard.core.privacy import HIDDEN, public

SECRETS = {
    "MY_API_KEY": "correct horse battery",
    "DB_PASSWORD": "hunter2-hunter2",
    "SERVICE": "a1B2c3D4e5F6g7H8i9J0",
    "GITHUB_TOKEN": "not-of-any-shape",
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cannot open '/home/ann/My Models/vae.pt'", "cannot open 'vae.pt'"),
        ('File "/home/ann/x.py", line 3', 'File "x.py", line 3'),
        ("/etc/passwd: permission denied", "passwd: permission denied"),
        ("error:/home/ann/x.py:12: no", "error:x.py:12: no"),
        ("see ~/.ssh/id_rsa", "see id_rsa"),
        ("file:///home/ann/x.npz", "x.npz"),
        ("/home/ann/日本/絵.png", "絵.png"),
        ("C:\\Users\\ann\\x.pt is missing", "x.pt is missing"),
        ("'C:\\Users\\Ann Lee\\x.pt'", "'x.pt'"),
        ("\\\\server\\share\\x.pt", "x.pt"),
        ("https://example.org/a/b?c=d", "https://example.org/a/b?c=d"),
        ("https://ann:pw@example.org/a", f"https://{HIDDEN}@example.org/a"),
        ("https://example.org/?token=abc&x=1", f"https://example.org/?token={HIDDEN}&x=1"),
        ("hf_abcdefghijklmnopqrstuvwx is bad", f"{HIDDEN} is bad"),
        ("ghp_abcdefghijklmnopqrstuvwx", HIDDEN),
        ("AKIAABCDEFGHIJKLMNOP", HIDDEN),
        ("Authorization: Bearer abc.def", f"Authorization: Bearer {HIDDEN}"),
        ("values in [0, 1], 3/4 of n and/or a / b", "values in [0, 1], 3/4 of n and/or a / b"),
        ("vae.py:12: shape (3, 8) / 2, models/vae.pt", "vae.py:12: shape (3, 8) / 2, models/vae.pt"),
        *((f"it said {secret!r}", f"it said {HIDDEN!r}") for secret in SECRETS.values()),
    ],
)
def test_folders_and_secrets_are_cut_and_nothing_else(
    text: str, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    assert public(text) == expected


def test_a_long_message_is_cut() -> None:
    assert len(public("x" * 100_000)) < 3000


def test_paths_below_the_own_folders_are_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert public(f"{tmp_path}/runs/a.png is black") == "a.png is black"


def test_a_failed_result_names_neither_folder_nor_secret(
    run: Run, tmp_path: Path, own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_API_KEY", SECRETS["DB_PASSWORD"])
    body = "import os; raise ValueError(os.environ['WANDB_API_KEY'] + ' ' + os.getcwd() + '/x.pt hf_' + 'a' * 30)\n"
    source = module(tmp_path, FUNCTION + body)
    code, _, err = run("evaluate", source, "--track", "digits", "--samples", 4, "--trust-code", "--name", "mine")
    assert code == 1
    assert SECRETS["DB_PASSWORD"] in err  # the user may see what the code said
    (written,) = own_home.glob("results/digits@1/mine/*.json")
    text = written.read_text("utf-8")
    for private in (SECRETS["DB_PASSWORD"], str(tmp_path), str(Path.home()) + "/", str(Path.cwd()), "hf_aaa"):
        assert private not in text, private
    error = json.loads(text)["error"]
    assert (error["stage"], error["type"]) == ("sampling", "BadSamples")
    assert error["message"].endswith(f"ValueError: {HIDDEN} x.pt {HIDDEN}")
