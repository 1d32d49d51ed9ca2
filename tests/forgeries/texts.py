"""Texts that deceive, hide or do not belong."""

from __future__ import annotations

from collections.abc import Iterator

from tampered import edit, put

from .edits import Forgery, forgery, submission

TEXTS: dict[str, tuple[str, tuple[str, ...]]] = {
    "paths": (
        "R804",
        (
            "/home/ada/x.pt",
            "/srv/models/x",
            "/workspace/run1/x",
            "~/models",
            "~ada/models",
            "C:\\Users\\ada",
            "D:/models/x",
            "\\\\server\\share",
            "../../etc/passwd",
            "..\\..\\x",
            "%USERPROFILE%\\x",
            "$HOME/x",
            "${HOME}/x",
            "see /gpfs/scratch/x",
            "(/content/drive/x)",
            "file at /kaggle/working/x",
        ),
    ),
    "markup": (
        "R805",
        (
            "<b>bold</b>",
            "<img src=x>",
            "</td><td>",
            "<!-- x -->",
            "<?php",
            "&lt;script&gt;",
            "&#60;script",
            "[here](https://example.org)",
            "![x](https://example.org/x.png)",
            "{{ config }}",
            "{% raw %}",
            "`rm -rf`",
            "[x]: https://example.org",
        ),
    ),
    "schemes": (
        "R803",
        ("javascript:alert(1)", "data:text/html,x", "vbscript:x", "file:///etc/passwd", "ftp://example.org", "blob:x"),
    ),
    "directions": (
        "R801",
        (
            "a\u202eb",
            "a\u202db",
            "a\u2066b",
            "a\u2067b",
            "a\u200eb",
            "a\u200fb",
            "a\u061cb",
            "a\u200bb",
            "a\u2060b",
            "a\ufeffb",
            "a\u00adb",
            "a\u180eb",
            "a\u2028b",
            "a\x07b",
            "a\x1b[31mb",
            "a\nb",
            "a\ud800b".encode("utf-8", "replace").decode() + "\x00",
            "Z\u0300\u0301\u0302\u0303\u0304algo",
        ),
    ),
}


LINKS = (
    "https://github.com@example.org/x",
    "https://g\u0456thub.com/x",
    "http://127.0.0.1:8000/x",
    "http://2130706433.1/x",
    "http://0x7f.0x1/x",
    "http://[::1]/x",
    "http://localhost./x",
    "http://printer.local/x",
    "https:///x",
    "//example.org/x",
    "https://example.org/a b",
)

MARKS = ("Mine (verified)", "Reproduced by genboard maintainers", "Mine \u2705", "The #1 winner", "A baseline")


def of_texts() -> Iterator[Forgery]:
    for what, (code, texts) in TEXTS.items():
        for i, text in enumerate(texts):
            field = ("notes", "contact")[i % 2]
            yield forgery("text", f"{what} in {field}: {text!a}", code, submission(**{field: text}))
        yield forgery("text", f"{what} in a title", code, edit(put("generator", "title", value=f"Mine {texts[0]}")))
        yield forgery("text", f"{what} in an author's name", code, submission(authors=[texts[0]]))
        yield forgery("text", f"{what} in a data set's", code, submission(training_data=[texts[0]]))
    for link in LINKS:
        for field in ("page", "code"):
            yield forgery("text", f"{field} at {link!a}", "R806", submission(**{field: link}))
    for mark in MARKS:
        yield forgery("text", f"the title {mark!a}", "R808", edit(put("generator", "title", value=mark)))
        yield forgery("text", f"the author {mark!a}", "R808", submission(authors=[mark]))
    mine = "genboard evaluate mine --track digits --name mine"
    unsafe = (
        f"{mine}; rm x",
        "genboard evaluate $(id) --track digits --name mine",
        "curl https://example.org",
        f"{mine} | sh",
    )
    other = (
        mine.replace("digits", "mnist"),
        mine.replace("--name mine", "--name yours"),
        f"{mine} --trust-code",
        f"{mine} --track mnist",
        "genboard evaluate mine",
    )
    for command in (*unsafe, *other):
        yield forgery(
            "text",
            f"the command {command}",
            "R807" if command in unsafe else "R217",
            edit(put("provenance", "command", value=command)),
        )
