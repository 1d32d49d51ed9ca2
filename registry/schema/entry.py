"""What entries of every kind have, and the words that several kinds share."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import SerializerFunctionWrapHandler, model_serializer

from ..fields import Name, Strict

Shape = tuple[int, int, int]  # height, width, channels
Against = Literal["reference", "train"]
Precision = Literal["float32", "bf16"]
Task = Literal["unconditional", "class", "text", "image"]


class Entry(Strict):
    kind: ClassVar[str]
    noun: ClassVar[str]
    name: Name
    title: str
    aliases: tuple[Name, ...] = ()  # names it had before: results under them are its own

    @model_serializer(mode="wrap")
    def _without_no_aliases(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        # What is kept of tracks by a digest of all their fields was kept before there were aliases.
        return {key: value for key, value in serialize(self).items() if key != "aliases" or value}
