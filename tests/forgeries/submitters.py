"""Names and samples of another submitter."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

from genboard.leaderboard.verification.log import append, new_entry
from tampered import Ground, Value, both, put, respecify

from .edits import Forgery, Spoil, forgery, renamed, submission


def offered_before(ground: Ground, **fields: Any) -> None:
    """The submission as it is stands on the board already; what is offered now is another of that name."""
    shutil.copytree(ground.folder, ground.board, dirs_exist_ok=True)
    change = both(
        put("sampling", "digest", value="cd" * 32), put("specification", "generator", "images", value="cd" * 32)
    )
    respecify(lambda v: (change(v), v["submission"].update(fields)))(ground)


def by_account(first: str | None, later: str | None, **fields: Any) -> Spoil:
    def spoil(ground: Ground) -> None:
        if first:
            submission(account=first)(ground)
        offered_before(ground, **({"account": later} if later else {}), **fields)

    return spoil


def withdrawn_before(words: Value) -> Spoil:
    """The same samples stand on the board under another name, and were withdrawn there."""

    def spoil(ground: Ground) -> None:
        shutil.copytree(ground.folder, ground.board, dirs_exist_ok=True)
        at = ground.board / ground.path.relative_to(ground.folder)
        append(at, new_entry(at, "withdrawn", by="Ada Example", reason="the licence was wrong"))
        renamed("yours", "Yours")(ground)
        shutil.rmtree(ground.folder / "digits@1" / "mine")
        submission(**words)(ground)

    return spoil


def of_submitters() -> Iterator[Forgery]:
    kind = "submitter"
    yield forgery(kind, "a stranger's under the same name", "R213", by_account(None, None, authors=["Bo Stranger"]))
    yield forgery(kind, "another account", "R213", by_account("ada", "bo"))
    yield forgery(kind, "no account where there was one", "R213", by_account("ada", None, account=None))
    yield forgery(kind, "the same authors, by their own word", "R214", by_account(None, None))
    yield forgery(kind, "the same account", "R214", by_account("ada", "ada"))
    yield forgery(kind, "the same account, in capitals", "R214", by_account("ada", "ADA"))
    yield forgery(kind, "another contact", "R213", by_account(None, None, contact="bo@example.org"))
    yield forgery(kind, "its own samples, withdrawn under another name", "R605", withdrawn_before({}))
    yield forgery(kind, "a stranger's samples, withdrawn", "R601", withdrawn_before({"authors": ["Bo Stranger"]}))
    yield forgery(kind, "somebody else's account", "R906", submission(account="ada"), author="bo")
    yield forgery(kind, "no account that can be", "R105", submission(account="ada example"))
    yield forgery(kind, "an account with a path", "R105", submission(account="../ada"))
    yield forgery(
        kind, "100,000 authors", "R905 R101 R802", submission(authors=[f"Author {i}" for i in range(100_000)])
    )
    yield forgery(kind, "201 authors", "R905", submission(authors=[f"Author {i}" for i in range(201)]))
    yield forgery(kind, "an author twice", "R905", submission(authors=["Ada", "Ada"]))
    yield forgery(kind, "no author", "R105", submission(authors=[]))
    yield forgery(kind, "an author without a name", "R801", submission(authors=[""]))
    yield forgery(kind, "1,000 data sets", "R905", submission(training_data=[f"data/{i}" for i in range(1000)]))
    yield forgery(kind, "more parameters than there can be", "R905", submission(parameters=10**16))
    yield forgery(kind, "minus one parameter", "R105", submission(parameters=-1))
    yield forgery(
        kind,
        "more checkpoints than there can be",
        "R905",
        submission(selection={"tried": 10**16, "metric": "fd", "on": "other"}),
    )
    yield forgery(kind, "no checkpoint", "R105", submission(selection={"tried": 0, "metric": None, "on": None}))
