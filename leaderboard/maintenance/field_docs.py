"""The fields of every kind of entry as tables: names and types from the schema, meanings from the comments in it."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields, is_dataclass
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from ...registry.catalog import KINDS
from ..text.tables import markdown_table

_FIELD = re.compile(r"^    (?P<name>[a-z]\w*): (?P<type>.+?)(?: = .*?)?(?:  # (?P<meaning>.*))?$")
_DESCRIBED = re.compile(r"^        (?P<name>[a-z]\w*): (?P<meaning>.*)$")
# What fields mean that say no more of themselves wherever they stand.
_PLAIN = {
    "name": "the name; of an entry in a file, the file's without its ending",
    "title": "the full name, shown in tables",
    "version": "raised whenever an old number would no longer be reproduced",
    "licence": "the licence, by its short name where it has one",
    "paper": "where it is from, such as arXiv:1312.6114",
    "homepage": "where it is published",
    "citation": "how its authors are cited",
    "origin": "who made it",
    "source": "where it comes from, a table, whose `kind` decides its other fields",
    "revision": "the state of the source: of a Hub repository, a commit",
    "path": "a file or folder in it",
    "repo": "a repository on the Hugging Face Hub, ORG/NAME",
    "sha256": "the digest that is checked at every load",
    "digest": "the SHA-256 of their pixels, in order",
    "weights": "the network's weights",
    "program": "the file that holds it",
    "trained_on": "what it has seen, as data set/split",
    "conversions": "of every image as it is read, see `registry.conversions`",
    "image": "the column of the images",
    "part": "the part of the data set that it is taken from",
    "count": "how many images",
    "layer": "what is read of the network, in words",
    "family": "gan, vae, flow, diffusion, ...",
    "task": "what images are made from",
    "baseline": "whether it is there for comparison and not ranked",
    "tracks": "the tracks it can be measured on",
    "arguments": "given by name to the function that makes or draws it",
    "dataset": "the data set, by its name",
    "samples": "how many samples are measured",
    "seed": "what all samples are drawn from",
    "metrics": "the columns, in order",
    "notes": "anything else that a reader should know",
    "metric": "the metric, by its name",
    "extractor": "the feature space, by its name",
    "against": "the split that samples are compared with",
    "params": "parameters, by name, where they are not the metric's own",
    "range": "the least and the greatest value there can be",
    "summary": "what it measures, in a sentence",
}
_HEX = ("Sha256", "Digest", "Commit")
# Types of Python as a reader of TOML knows them.
_WORDS = {
    r"HttpUrl": "address",
    "|".join(_HEX): "hex digits",
    r"\bstr\b": "text",
    r"\bbool\b": "true or false",
    r"\bint\b": "whole number",
    r"\bfloat\b": "number",
    r"\bSetting\b": "value",
    r"Shape": "[height, width, channels]",
    r"MetricFunction": "function",
    r"tuple\[([a-z ]+), \1\]": r"two \1s",
    r"tuple\[([^\[\],]*), \.\.\.\]": r"list of \1",
    r"(?:Mapping|dict)\[([^\[\],]*), ([^\[\],]*)\]": r"table of \2, by \1",
    r"(?:Mapping|dict)\[([^\[\],]*), (.*)\]": r"table of \2, by \1",
    r" \| None\b": "",
    r" \| ": " or ",
}


def tables(plural: str) -> str:
    """The fields of a kind of entry, such as "tracks", and of the tables inside it, each as a table of Markdown."""
    found, seen = [], set()
    for title, kind in [("", KINDS[plural]), *_inside(KINDS[plural])]:
        if kind in seen:
            continue
        seen.add(kind)
        rows = [(f"`{name}`", *cells) for name, cells in described(kind).items() if name != "kind"]
        table = markdown_table(("field", "type", "default", "meaning"), rows)
        found.append(f"{title}\n\n{table}" if title else table)
    return "\n\n".join(found)


def described(kind: type) -> dict[str, tuple[str, str, str]]:
    """Type, default and meaning of each field of a model or a dataclass, by name, in the order of its source."""
    said = _said(kind)
    if is_dataclass(kind):
        defaults = {f.name: _default("" if f.default_factory is not MISSING else f.default) for f in fields(kind)}
    else:
        assert issubclass(kind, BaseModel)
        defaults = {name: _of_model(info) for name, info in kind.model_fields.items()}
    return {
        name: (said[name][0], default, (said[name][1].rstrip(".") or _PLAIN.get(name, "")).replace("<", r"\<"))
        for name, default in defaults.items()
    }


def _said(kind: type) -> dict[str, tuple[str, str]]:
    """What the source says of each field: its type, and a comment beside or above it, or a line of the docstring."""
    found: dict[str, tuple[str, str]] = {}
    for base in reversed(kind.__mro__[:-1]):
        if base.__module__.startswith("pydantic"):
            continue
        above: list[str] = []
        attributes = _attributes(base)
        for line in inspect.getsource(base).splitlines():
            if match := _FIELD.match(line):
                meaning = [*above, match["meaning"] or attributes.get(match["name"], "")]
                known = vars(sys.modules[base.__module__])
                found[match["name"]] = _words(match["type"], known), " ".join(filter(None, meaning))
            above = [*above, line.strip("# ")] if line.startswith("    # ") else []
    return found


def _attributes(kind: type) -> dict[str, str]:
    """The section `Attributes:` of a docstring, which other documents have too."""
    found: dict[str, str] = {}
    for line in (kind.__doc__ or "").splitlines():
        if match := _DESCRIBED.match(line):
            found[last := match["name"]] = match["meaning"]
        elif line.startswith("            ") and found:
            found[last] += " " + line.strip()
    return found


def _inside(kind: type) -> Iterator[tuple[str, type]]:
    """The models that fields of a kind are made of, each with a heading, once."""
    if is_dataclass(kind):
        return
    assert issubclass(kind, BaseModel)
    for name, info in kind.model_fields.items():
        for inner in _models(info.annotation):
            tag = inner.model_fields.get("kind")
            of = f" of kind `{get_args(tag.annotation)[0]}`" if tag else ""
            summary = " ".join((inner.__doc__ or "").partition("\n\n")[0].split())
            yield f"`{name}`{of}: {summary}", inner
            yield from _inside(inner)


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models(part)


def _of_model(info: FieldInfo) -> str:
    if info.is_required():
        return "needed"
    return _default(info.get_default(call_default_factory=True))


def _default(value: Any) -> str:
    if value is MISSING:
        return "needed"
    if isinstance(value, Mapping | tuple | list):
        value = list(value) or ""
    return "" if value in (None, "") else f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _words(annotation: str, known: Mapping[str, Any]) -> str:
    """A type in words; names that are not among `_WORDS` are looked up where the type stands."""
    annotation = re.sub(r"Literal\[([^\]]*)\]", lambda m: m[1].replace(", ", " | "), annotation)
    for name in re.findall(r"\b[A-Z]\w+\b", annotation):
        aliased = known.get(name)
        if list(_models(aliased)):
            annotation = re.sub(rf"\b{name}\b( \| [A-Z]\w+)*", "table", annotation)
        elif get_origin(aliased) is Annotated and get_args(aliased)[0] is str and name not in _HEX:
            annotation = re.sub(rf"\b{name}\b", "str", annotation)
        elif get_origin(aliased) is Literal:
            annotation = annotation.replace(name, " | ".join(f'"{value}"' for value in get_args(aliased)))
    for pattern, words in _WORDS.items():
        annotation = re.sub(pattern, words, annotation)
    return annotation
