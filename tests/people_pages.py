"""Small studies on digits with generators that draw at once: a page, its key, and files of made-up raters."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from genboard.benchmarks.human.protocol import find_protocol
from genboard.benchmarks.human.session import Question, questions
from genboard.leaderboard.human.key import REAL, StudyKey, encode_key, key_path
from genboard.leaderboard.human.material import Material, collect
from genboard.leaderboard.human.page import render_page
from genboard.registry.catalog import track

from genboard.core.files import sha256, write_bytes
from genboard.core.serialization import write_json

SECRET = "5e" * 32
GENERATORS = ("kde", "pca-gaussian", "gaussian-mixture")


def material(protocol: str, generators: tuple[str, ...] = GENERATORS[:2], **options: Any) -> Material:
    return collect(track("digits"), find_protocol(protocol), generators, SECRET, **options)


def made_up(protocol: str, images: int = 20) -> StudyKey:
    """The key of a study of two contestants, of images that there are none of."""
    rules = find_protocol(protocol)
    sets = tuple(tuple(f"{j}{i:015x}" for i in range(images)) for j in range(2))
    items = {
        image: {"source": REAL if i % 2 else GENERATORS[j], "index": i}
        for j, mine in enumerate(sets)
        for i, image in enumerate(mine)
    }
    return StudyKey.model_validate(
        {
            "schema": 1,
            "study": "0123456789abcdef",
            "track": "digits",
            "track_version": 1,
            "protocol": protocol,
            "protocol_version": rules.version,
            "trials": images,
            "secret": SECRET,
            "contestants": [{"id": f"{j:016x}", "name": GENERATORS[j], "digest": None} for j in range(2)],
            "sets": sets,
            "items": items,
        }
    )


def written(made: Material, folder: Path, name: str = "ask") -> Path:
    """The page of a study, with its key beside it."""
    page = folder / f"{name}.html"
    write_bytes(page, render_page(made, "Digits"))
    write_bytes(key_path(page), encode_key(made.key))
    return page


def ratings(key: StudyKey, number: int, rule: Callable[[Question], str], /, **changed: Any) -> dict[str, Any]:
    """What a page would save for a rater who answers by a rule; fields may be changed before the digest is taken."""
    name = f"{number:032x}"
    asking = questions(key.plan, name, key.right)
    question, answers = next(asking), []
    while True:
        answer = rule(question)
        shown = None if question.asked is None else question.asked + 3.0
        given = {
            "check": question.check,
            "images": list(question.images),
            "answer": answer,
            "asked": question.asked,
            "shown": shown,
            "time": (shown or 0.0) + 600.0,
        }
        answers.append(given)
        try:
            question = asking.send(answer)
        except StopIteration:
            break
    found = {
        "schema": 1,
        "study": key.study,
        "protocol": key.protocol,
        "version": key.protocol_version,
        "rater": name,
        "screen": "desk",
        "frame": 16.7,
        "answers": answers,
        **changed,
    }
    return {**found, "digest": digest(found)}


def digest(found: dict[str, Any]) -> str:
    """As `page.js` takes it."""

    def fixed(x: float | None) -> str:
        return "" if x is None else f"{x:.1f}"

    lines = [
        ",".join(
            [a["check"] or "", "+".join(a["images"]), a["answer"], *map(fixed, (a["asked"], a["shown"], a["time"]))]
        )
        for a in found["answers"]
    ]
    head = [found[k] for k in ("schema", "study", "protocol", "version", "rater", "screen")] + [fixed(found["frame"])]
    return sha256("\n".join([*map(str, head), *lines]).encode())


def saved(found: dict[str, Any], folder: Path, name: str) -> Path:
    path = folder / name
    write_json(path, found)
    return path
