"""The page of a study: one HTML file that asks for nothing, with its images, its style and its script inside."""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from rjsmin import jsmin

from ...benchmarks.human import choice
from ...benchmarks.human.protocol import Protocol
from ...benchmarks.human.session import LONG, Plan
from ...core.files import sha256
from ...core.serialization import json_line
from .key import SCHEMA
from .material import Material

_FOLDER = Path(__file__).parent / "page"
_ENVIRONMENT = Environment(
    loader=FileSystemLoader(_FOLDER), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)
FEEDBACK = 1200  # milliseconds for which the practice says what was right
_SECONDS = {"hype-time": 2.5, "hype-infinity": 2.5, "pairs": 4.0}  # a question, to announce how long it takes

_LEFT, _RIGHT = ("left", "Real", "←"), ("right", "Generated", "→")
_ANSWERS = {
    "hype-time": (_LEFT, _RIGHT),
    "hype-infinity": (_LEFT, _RIGHT),
    "pairs": (("left", "Left", "←"), ("tie", "No difference", "↓"), ("right", "Right", "→")),
}
_TEXTS = {
    "hype-time": (
        "Real or generated?",
        "You see one image at a time, for a moment: between a tenth of a second and a second. Half of them are real "
        "images of the data set, half were made by a computer program. Say for each which it is; guess if you "
        "do not know.",
        "Before each image a cross shows where to look, and after it a pattern covers it. Sit as you usually do, and "
        "close what makes your computer slow.",
        "Now and then an arrow appears instead of an image: choose its side, whatever the answers say.",
    ),
    "hype-infinity": (
        "Real or generated?",
        "You see one image at a time, for as long as you like. Half of them are real images of the data set, half were "
        "made by a computer program. Say for each which it is; guess if you do not know.",
        "Now and then an arrow appears instead of an image: choose its side, whatever the answers say.",
    ),
    "pairs": (
        "Which image looks better?",
        "You see two images, for as long as you like. Say which of them looks more like a good, real image of the data "
        "set, or that you see no difference.",
        "Now and then there is a tick in place of one of the two: choose its side.",
    ),
}
_PROMPTS = {
    "hype-time": ("Real or generated?", "Which side does the arrow point to?"),
    "hype-infinity": ("Real or generated?", "Which side does the arrow point to?"),
    "pairs": ("Which looks better?", "Which side has the tick?"),
}


def render_page(material: Material, title: str) -> bytes:
    """The page of a study.

    Args:
        title: of the track.
    """
    protocol, plan = material.key.rules, material.key.plan
    script = jsmin(_read("page.js"))
    style = re.sub(r"/\*.*?\*/\s*", "", _read("page.css"), flags=re.DOTALL)
    heading, *texts = _TEXTS[protocol.name]
    values = {
        "heading": heading,
        "texts": texts,
        "track": title,
        "keys": [(key, label.lower()) for _, label, key in _ANSWERS[protocol.name]],
        "answers": _ANSWERS[protocol.name],
        "questions": plan.questions,
        "minutes": minutes(plan),
        "script": Markup(script),
        "style": Markup(style),
        "script_digest": _digest(script),
        "style_digest": _digest(style),
        # No `<` in it can end the element.
        "study": Markup(json_line(_data(material, protocol)).decode().replace("<", "\\u003c")),
    }
    return _ENVIRONMENT.get_template("page.html").render(values).encode()


def minutes(plan: Plan) -> int:
    """How long a session takes, about."""
    return max(1, round(plan.questions * _SECONDS[plan.protocol.name] / 60))


def _data(material: Material, protocol: Protocol) -> dict[str, object]:
    """What the script reads."""
    key = material.key
    check, prompt = reversed(_PROMPTS[protocol.name])
    found: dict[str, object] = {
        "schema": SCHEMA,
        "study": key.study,
        "protocol": protocol.name,
        "version": protocol.version,
        "trials": key.trials,
        "every": protocol.every,
        "fewest": protocol.fewest,
        "feedback": FEEDBACK,
        "long": LONG,
        "sets": key.sets,
        "shape": material.shape[:2],
        "colours": material.shape[2] == 3,
        "images": {name: b64encode(data).decode() for name, data in material.images.items()},
        "practice": [[b64encode(data).decode(), truth] for data, truth in material.practice],
        "words": {"prompt": prompt, "check": check},
        "choice": {"explored": choice.EXPLORED, "prior": choice.PRIOR, "sweeps": choice.SWEEPS},
        "staircase": None,
    }
    if protocol.staircase:
        stairs = protocol.staircase
        found["staircase"] = {name: getattr(stairs, name) for name in ("start", "low", "high", "up", "down")}
        # A staircase must know whether an answer was right: not in the open, though whoever runs code can find out.
        found["marks"] = {
            name: sha256(f"{key.study}|{name}|{answer}".encode())[:16]
            for name in key.items
            for answer in ("real", "generated")
            if key.right(name, answer)
        }
    return found


def _read(name: str) -> str:
    return (_FOLDER / name).read_text("utf-8")


def _digest(text: str) -> str:
    return f"sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
