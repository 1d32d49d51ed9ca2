"""The key of a study: what the ids on its page stand for. It is kept by whoever runs the study, and never sent out.

On the page every image and every generator has an id, an HMAC under the secret of the key: its source tells nobody
which images are real, or which two are of one generator's name.
"""

from __future__ import annotations

import hmac
from pathlib import Path
from typing import Annotated

from pydantic import Field, StringConstraints, ValidationError

from ...benchmarks.human.protocol import Protocol, ProtocolName, find_protocol
from ...benchmarks.human.session import Plan
from ...core.errors import BadEntry
from ...core.newer import refuse_newer
from ...core.serialization import canonical_json, digest_of, read_json
from ...registry.fields import Name, Sha256, Strict

SCHEMA = 1
REAL = "real"  # what stands for real images where a generator's name does
ENDING = ".key.json"

Opaque = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{16}$")]


class Contestant(Strict):
    """A generator, or real images, by its id on the page.

    Attributes:
        digest: of the samples that its images were taken from; none of real images.
    """

    id: Opaque
    name: Name
    digest: Sha256 | None


class Item(Strict):
    """An image: whose, and the how manieth of its samples, or of the held-out split."""

    source: Name
    index: int = Field(ge=0)


class StudyKey(Strict):
    """All of a study but its pixels."""

    schema_: int = Field(SCHEMA, alias="schema", ge=SCHEMA, le=SCHEMA)
    study: Opaque
    track: Name
    track_version: int
    protocol: ProtocolName
    protocol_version: int
    trials: int = Field(ge=1)
    secret: Sha256
    contestants: tuple[Contestant, ...] = Field(min_length=1)
    sets: tuple[tuple[Opaque, ...], ...]
    items: dict[Opaque, Item]

    @property
    def rules(self) -> Protocol:
        return find_protocol(self.protocol)

    @property
    def plan(self) -> Plan:
        return Plan(self.study, self.rules, self.sets, self.trials)

    def right(self, image: str, answer: str) -> bool:
        """Whether an image was taken for what it is."""
        return (self.items[image].source == REAL) == (answer == "real")

    def to_json(self) -> dict[str, object]:
        return self.model_dump(mode="json", by_alias=True)


def opaque(secret: str, *words: str) -> str:
    """The id on the page of what the words say.

    >>> len(opaque("ab" * 32, "generator", "vae"))
    16
    """
    return hmac.digest(bytes.fromhex(secret), "|".join(words).encode(), "sha256").hex()[:16]


def study_id(secret: str, content: object) -> str:
    """A study of the same page under the same secret has the same id, and no other has."""
    return opaque(secret, "study", digest_of(content))


def key_path(page: Path) -> Path:
    """Where the key of a page stands: beside it."""
    return page.with_name(page.stem + ENDING)


def encode_key(key: StudyKey) -> bytes:
    return canonical_json(key.to_json())


def read_key(path: Path) -> StudyKey:
    """Raises TooNew, or BadEntry: `path: field: problem`."""
    value = read_json(path)
    refuse_newer(value, path, SCHEMA)
    hint = "restore the key that `genboard human make` wrote beside the page"
    try:
        key = StudyKey.model_validate(value)
    except ValidationError as e:
        first = e.errors()[0]
        raise BadEntry(path, ".".join(map(str, first["loc"])), first["msg"], hint) from e
    if key.protocol_version != key.rules.version:
        now = f"version {key.protocol_version} of {key.protocol}, this is {key.rules.version}"
        raise BadEntry(path, "protocol_version", now, "score it with the version of genboard that made the page")
    if {i for images in key.sets for i in images} != set(key.items) or len(key.sets) != len(key.contestants):
        raise BadEntry(path, "sets", "not the images that it lists", hint)
    return key


def find_key(ratings: Path) -> Path:
    """The key beside a ratings file.

    Raises:
        BadEntry: there is none, or more than one.
    """
    found = sorted(ratings.parent.glob(f"*{ENDING}"))
    if len(found) != 1:
        raise BadEntry(
            ratings.parent, "", f"{len(found)} keys (*{ENDING}) in it", "name the key of the study with --key"
        )
    return found[0]
