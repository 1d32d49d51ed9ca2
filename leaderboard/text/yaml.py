"""Values as YAML that says the same to every reader, whichever version of YAML it follows.

An unquoted `1e3` is a text in YAML 1.1 and a number in YAML 1.2; `1_000`, `12:30` and `no` are the other way round.
"""

from __future__ import annotations

import re
from typing import Any

from ...registry.extras import need

# What either version may take for a number, a date, a truth value or nothing.
_AMBIGUOUS = re.compile(r"[-+.0-9].*|~|=|<<|null|true|false|yes|no|y|n|on|off", re.IGNORECASE | re.DOTALL)


def to_yaml(value: Any) -> str:
    """A value of dictionaries, lists, texts and numbers as a document of YAML, keys sorted.

    >>> print(to_yaml({"name": "1e3", "notes": "plain", "no": 1000.0}), end="")
    name: '1e3'
    'no': 1000.0
    notes: plain

    Raises:
        GenboardError: PyYAML is not installed.
    """
    yaml = need("yaml", "hub")

    class Dumper(yaml.SafeDumper):  # type: ignore[name-defined, misc]
        """The library's own, which knows YAML 1.1 only, with one more rule."""

    def text(dumper: Any, value: str) -> Any:
        style = "'" if _AMBIGUOUS.fullmatch(value) and value.isprintable() else None
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)

    Dumper.add_representer(str, text)
    dumped: str = yaml.dump_all([value], Dumper=Dumper, allow_unicode=True)
    return dumped
