"""Files damaged at random, by a given source of chance: their bytes, or the fields of documents."""

from __future__ import annotations

import json
import random
from copy import deepcopy
from typing import Any

# What a field of a document is replaced by. Each has broken some reader of some package.
VALUES: tuple[Any, ...] = (
    None,
    True,
    -1,
    0,
    2**63,
    10**30,
    -0.0,
    1e308,
    float("nan"),
    float("inf"),
    "",
    " ",
    "\ud800",
    "\x00",
    "\u202egnp.exe",
    "../../etc/passwd",
    "CON",
    "<script>alert(1)</script>",
    "=1+1",
    "a" * 100_000,
    "1e3",
    [],
    {},
    [[[[[[[[]]]]]]]],
    {"__proto__": {"a": 1}},
    ["x"] * 10_000,
    "9" * 10_000,
    "2026-02-30",
    "0001-01-01T00:00:00Z",
)


def damaged(data: bytes, chance: random.Random) -> bytes:
    """A file with one to four wounds: bits turned, bytes cut, doubled, put in, zeroed or moved."""
    made = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(made) + 1)
        length = min(2 ** chance.randint(0, 12), len(made) - at)
        match chance.randrange(7):
            case 0 if at < len(made):
                made[at] ^= 1 << chance.randrange(8)
            case 1:
                del made[at:]
            case 2:
                del made[at : at + length]
            case 3:
                made[at:at] = made[at : at + length]
            case 4:
                made[at:at] = chance.randbytes(2 ** chance.randint(0, 8))
            case 5:
                made[at : at + length] = bytes(length)
            case _:
                made[at : at + length] = chance.randbytes(length)
    return bytes(made)


def edited(document: Any, chance: random.Random) -> Any:
    """A JSON document in which one to three fields are replaced, removed or doubled."""
    made = json.loads(json.dumps(document))
    for _ in range(chance.randint(1, 3)):
        places = list(_places(made))
        if not places:
            break
        holder, key = chance.choice(places)
        match chance.randrange(4):
            case 0:
                del holder[key]
            case 1 if isinstance(holder, dict):
                holder[chance.choice(["", "id", "value", "name", "x" * 300, "\ud800"])] = deepcopy(holder[key])
            case _:
                holder[key] = deepcopy(chance.choice(VALUES))
    return made


def _places(value: Any) -> list[tuple[Any, Any]]:
    keys: list[Any] = list(value) if isinstance(value, dict) else list(range(len(value)))
    return [
        place
        for key in keys
        for place in [(value, key), *(_places(value[key]) if isinstance(value[key], dict | list) else [])]
    ]


def edited_json(data: bytes, chance: random.Random) -> bytes:
    """A JSON file, or one of JSON lines, as text: edited, or with bytes damaged."""
    if chance.random() < 0.3:
        return damaged(data, chance)
    lines = data.splitlines() if data.count(b"\n{") else [data]
    at = chance.randrange(len(lines))
    lines[at] = json.dumps(edited(json.loads(lines[at]), chance)).encode("utf-8", "surrogatepass")
    return b"\n".join(lines) + b"\n"


def edited_toml(data: bytes, chance: random.Random) -> bytes:
    """A TOML file in which values of lines are replaced, or bytes damaged."""
    if chance.random() < 0.3:
        return damaged(data, chance)
    lines = data.decode().splitlines()
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(len(lines))
        key, equals, _ = lines[at].partition("=")
        value = json.dumps(chance.choice([v for v in VALUES if v is not None]))
        lines[at] = f"{key}= {value}" if equals else lines[at] + lines[at]
    return "\n".join(lines).encode()
