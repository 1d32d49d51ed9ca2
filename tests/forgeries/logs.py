"""Forged logs of published results."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

from genboard.leaderboard.verification.log import append
from genboard.leaderboard.verification.log_entry import KINDS
from tampered import Ground, published

from .edits import MAINTAINER, Forgery, Spoil, forgery, submission
from .log_lines import (
    amendment,
    answered,
    differing,
    figures,
    later,
    line,
    line_twice,
    one_column,
    own_line,
    pixels,
    raw_log,
)


def of_logs() -> Iterator[Forgery]:
    kind = "log"
    for own in KINDS:
        if own not in ("amended", "failed"):
            by = {"upheld": "R708", "rejected": "R708"}.get(own, "")
            yield forgery(kind, f"a line {own}", f"R706 {by}", line(own), log=True)
            code = "R706" if own == "disputed" else "R707"
            yield forgery(kind, f"a line {own} by a stranger", code, line(own), log=True, author="stranger")
            yield forgery(kind, f"a line {own} by a maintainer", "R706", line(own), log=True, author=MAINTAINER)
        yield forgery(kind, f"its own line {own}", "R705", own_line(own))
    amend = lambda g: append(p := published(g), amendment(p, notes="Better words"))  # noqa: E731
    yield forgery(kind, "a line amended by a stranger", "R707 R708", amend, log=True, author="stranger")
    yield forgery(
        kind,
        "a registered title amended",
        "R708",
        lambda g: append(p := published(g), amendment(p, title="The best")),
        log=True,
    )
    yield forgery(kind, "an answer to no dispute", "R708", answered, log=True)
    yield forgery(kind, "withdrawn twice", "R708", line_twice, log=True)
    yield from _amendments(kind)
    changes: tuple[tuple[str, str, Callable[[Any], object]], ...] = (
        ("reproduced", "with other columns", figures(columns=3)),
        ("reproduced", "with no samples", figures(pixels=None)),
        ("reproduced", "with a seed", figures(seed=5)),
        ("reproduced", "with p", figures(p=0.5)),
        ("reproduced", "with a difference of nothing", figures(largest_in_se=2.5)),
        ("reproduced", "that does not agree", one_column(agrees=False, problem="the value differs")),
        ("reproduced", "of another column", one_column(column="fid:inception")),
        ("reproduced", "of another published value", one_column(published=1.0)),
        ("reproduced", "of a value that it is far from", one_column(found=9.9, in_se=0.0)),
        ("reproduced", "that agrees, 16 standard errors apart", one_column(found=9.9, in_se=15.9)),
        ("reproduced", "of other samples", pixels(published="cd" * 32)),
        ("reproduced", "of samples that nobody compared", pixels(found="cd" * 32)),
        (
            "reproduced",
            "of samples a half of which differ",
            pixels(found="cd" * 32, compared=64, share_off=0.5, levels=1),
        ),
        ("reproduced", "of samples 200 levels apart", pixels(found="cd" * 32, compared=64, share_off=1e-4, levels=200)),
        ("reproduced", "with another version than it ran on", lambda e: e.update(genboard="9.9.9")),
        (
            "recomputed",
            "with a comparison of samples",
            figures(pixels={"published": "cd" * 32, "found": "cd" * 32, "compared": 0, "share_off": None}),
        ),
        ("recomputed", "with other columns", figures(columns=99)),
        ("recomputed", "that does not agree", one_column(agrees=False)),
        ("resampled", "with the track's seed", figures(seed=2026)),
        ("resampled", "without a seed", figures(seed=None)),
        ("resampled", "without p", figures(p=None)),
        ("resampled", "with p below 0.01", figures(p=0.001)),
        ("resampled", "with p that its values do not give", figures(p=0.9)),
        ("resampled", "with p of one half, of a lucky draw", differing(found=9.9, in_se=-12.0)),
        ("resampled", "with a column twice", lambda e: e["figures"]["differing"].append(e["figures"]["differing"][0])),
        ("resampled", "with another published value", differing(1, published=0.1)),
        ("resampled", "with a difference of the other sign", differing(1, found=9.9, in_se=0.01)),
        ("resampled", "with a larger difference than there is", differing(1, in_se=5.0)),
        ("reproduced", "from the future", later(30)),
        ("reproduced", "before the result was made", later(-300)),
        ("withdrawn", "from the future", later(3650)),
        ("disputed", "before the result was made", later(-300)),
        ("disputed", "on the 31st of February", lambda e: e.update(date="2026-02-31T00:00:00+00:00")),
        ("disputed", "at 25 o'clock", lambda e: e.update(date="2026-11-30T25:00:00+00:00")),
    )
    for own, what, change in changes:
        yield forgery(kind, f"{own}, {what}", "R708", line(own, change), log=True)
    yield forgery(kind, "two megabytes", "R704", raw_log(b" " * 2 * 2**20), log=True)
    yield forgery(kind, "no lines", "R704", raw_log(b"\n"), log=True)
    yield forgery(
        kind, "a pipe", "R109 R704", lambda g: os.mkfifo(published(g).with_suffix(".verification.jsonl")), log=True
    )


def _amendments(kind: str) -> Iterator[Forgery]:
    """What a submission may not say, said afterwards."""
    rival = "Variational autoencoder"
    for what, code, words in (
        ("a rival's title", "R211", {"title": rival}),
        ("a rival's title in Cyrillic", "R211", {"title": rival.replace("a", "\u0430")}),
        ("a rival's name for a title", "R211", {"title": "VAE"}),
        ("a title without a letter", "R211", {"title": "..."}),
        ("a path", "R804", {"notes": "weights of /home/ada/model"}),
        ("markup", "R805", {"notes": "<b>the best</b>"}),
        ("another scheme", "R803", {"paper": "javascript:alert(1)"}),
        ("no known licence", "R904", {"licence": "unknown"}),
        ("the best of fifty on the reference", "R903", {"tried": 50, "chosen_by": "fd", "chosen_on": "reference"}),
        ("the best of fifty of nothing", "R902", {"tried": 50}),
        ("an author twice", "R905", {"authors": ["Ada", "Ada"]}),
        ("more parameters than there can be", "R905", {"parameters": 10**16}),
    ):
        yield forgery(kind, f"amended to {what}", code, _amended(words), log=True, author="ada")


def _amended(words: dict[str, Any]) -> Spoil:
    def spoil(ground: Ground) -> None:
        submission(account="ada")(ground)
        shutil.copytree(ground.folder, ground.board, dirs_exist_ok=True)
        append(ground.path, amendment(ground.path, **words))

    return spoil
