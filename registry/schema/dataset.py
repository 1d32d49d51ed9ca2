"""Data sets: where their images are, their parts, and their splits."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import ClassVar, Literal

from pydantic import Field, HttpUrl, model_validator

from ...core.files import problem_with_name
from ..fields import HubPath, Name, Repo, Sha256, Strict
from .entry import Entry, Shape


class Split(Strict):
    """Some of the images of a part; the splits of a part are disjoint and stratified, by content hash."""

    part: Name
    count: int = Field(ge=1)


class Embedded(Strict):
    """Images that come inside a library."""

    kind: Literal["embedded"]
    loader: str  # "digits:load", in the package `registry.datasets`: images of every part, by name


class Hub(Strict):
    """Parquet files of a data set repository on the Hugging Face Hub, at a pinned revision."""

    kind: Literal["hub"]
    repo: Repo
    files: dict[Name, tuple[HubPath, ...]]  # of each part, in order; `x-*-of-00294.parquet` is all 294 shards
    image: str = "image"
    label: str | None = None  # the column; without, the images are unlabelled
    caption: str | None = None  # the column of captions; without, the images have none

    @property
    def parts(self) -> set[str]:
        return set(self.files)


class Local(Strict):
    """Local files: whatever `registry.sources` opens, a path for each part."""

    kind: Literal["local"]
    paths: dict[Name, str]  # relative ones from the user's data folder
    skip: bool = False  # leave out image files of formats that are not read, which are an error otherwise

    @property
    def parts(self) -> set[str]:
        return set(self.paths)


class Torchvision(Strict):
    """A data set that torchvision downloads and checks."""

    kind: Literal["torchvision"]
    name: str  # the class in torchvision.datasets
    arguments: dict[Name, dict[str, bool | int | str]]  # of each part

    @property
    def parts(self) -> set[str]:
        return set(self.arguments)


ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")


class Archive(Strict):
    """A zip or tar at an address, with the images of each part in a folder, and those of each class in one below it."""

    kind: Literal["archive"]
    url: HttpUrl  # kept in the folder of archives, see `docs/datasets.md`
    file: str | None = None  # what it is called there; else the last part of its address
    sha256: Sha256 | None = None  # of the archive; none: its bytes may change, the content digest says what is in it
    folders: dict[Name, str]  # of each part; with classes, the folders below it are called as they are
    skip: bool = False  # leave out image files of formats that are not read, which are an error otherwise

    @property
    def parts(self) -> set[str]:
        return set(self.folders)

    @model_validator(mode="after")
    def _has_a_name(self) -> Archive:
        name = self.filename
        if set(name) & set("/\\\0:") or name.startswith(".") or problem_with_name(name):
            raise ValueError(f"{name!r} cannot be the name of a file: give another as `file`")
        if not name.lower().endswith(ARCHIVES):
            raise ValueError(f"{name!r} ends in none of {', '.join(ARCHIVES)}: give the archive's name as `file`")
        return self

    @property
    def filename(self) -> str:
        return self.file or PurePosixPath(self.url.path or "").name


class Stacked(Strict):
    """Three grey images of another data set, drawn by a seed, as the channels of each colour image."""

    kind: Literal["stacked"]
    dataset: Name
    splits: dict[Name, Name]  # whose images each part is made of: parts of different splits share no image
    seed: int = Field(ge=0, lt=2**63)

    @property
    def parts(self) -> set[str]:
        return set(self.splits)


class Groups(Strict):
    """An attribute whose value an image's class tells: which classes make up each group."""

    attribute: str = Field(min_length=1)  # in words: "grey levels"
    classes: dict[Name, tuple[str, ...]]  # of each group, by what the data set calls them
    # What the classes of each group show, in their order; without, those of different groups need not show the same.
    subjects: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _comparable(self) -> Groups:
        if len(self.classes) < 2:
            raise ValueError(f"groups are {list(self.classes)}: list the classes of at least 2")
        for group, classes in self.classes.items():
            if not classes:
                raise ValueError(f"group {group!r} has no classes")
            if self.subjects and len(classes) != len(self.subjects):
                raise ValueError(f"group {group!r} has {len(classes)} classes for {len(self.subjects)} subjects")
        if len(set(self.subjects)) < len(self.subjects):
            raise ValueError("a subject is listed twice")
        return self

    def of(self, classes: Sequence[str]) -> tuple[str, ...]:
        """The group of each class, in the order given.

        Raises:
            ValueError: a group lists what is no class, or a class is not in exactly one group.
        """
        listed = [(group, name) for group, names in self.classes.items() for name in names]
        stray = [(group, name) for group, name in listed if name not in classes]
        if stray:
            raise ValueError(f"group {stray[0][0]!r} lists {stray[0][1]!r}, which is not one of the classes")
        found = []
        for name in classes:
            groups = [group for group, other in listed if other == name]
            if len(groups) != 1:
                raise ValueError(f"class {name!r} is listed {len(groups)} times in the groups, once is needed")
            found += groups
        return tuple(found)


class Dataset(Entry):
    """Real images: where they are, what they are called, and a digest that knows them again."""

    kind: ClassVar[str] = "datasets"
    noun: ClassVar[str] = "data set"
    source: Embedded | Hub | Local | Torchvision | Archive | Stacked = Field(discriminator="kind")
    revision: str
    conversions: tuple[str, ...] = ()  # applied to every image as it is read, see `registry.conversions`
    shape: Shape  # after the conversions
    parts: dict[Name, int]  # as published, with the number of images in each
    splits: dict[Name, Split]  # see `registry.datasets.splits`
    alphabet: str = ""  # of texts, whose characters are the pixels: see `registry.texts`; without, images are pictures
    classes: tuple[str, ...] = ()  # what the labels 0, 1, ... are called; without, labels are ignored
    groups: Groups | None = None  # an attribute that divides the classes, for the metrics of fairness
    content_digest: Sha256 | None = None  # of all parts, see `registry.images.content_digest`; none: not yet recorded
    licence: str
    homepage: HttpUrl
    citation: str

    @model_validator(mode="after")
    def _splits_cover_their_parts(self) -> Dataset:
        for name, split in self.splits.items():
            if split.part not in self.parts:
                raise ValueError(f"split {name!r} is of part {split.part!r}, the parts are {', '.join(self.parts)}")
        for part, count in self.parts.items():
            used = sum(s.count for s in self.splits.values() if s.part == part)
            if used not in (0, count):
                raise ValueError(f"the splits of part {part!r} hold {used} images, the part {count}")
        return self

    @model_validator(mode="after")
    def _source_has_the_parts(self) -> Dataset:
        if not isinstance(self.source, Embedded) and self.source.parts != set(self.parts):
            found, wanted = sorted(self.source.parts), sorted(self.parts)
            raise ValueError(f"the source has the parts {', '.join(found)}, the entry {', '.join(wanted)}")
        if isinstance(self.source, Hub) and not re.fullmatch(r"[0-9a-f]{40}", self.revision):
            raise ValueError(f"revision = {self.revision!r} is not a commit; branches and tags can move")
        if isinstance(self.source, Hub) and bool(self.classes) != bool(self.source.label):
            raise ValueError("a column of labels needs classes, and classes need a column of labels")
        if isinstance(self.source, Archive) and not (self.source.sha256 or self.content_digest):
            raise ValueError("an archive is known by its sha256, by a content_digest, or by both: give one")
        return self

    @model_validator(mode="after")
    def _each_class_in_one_group(self) -> Dataset:
        if self.groups:
            self.groups.of(self.classes)
        return self

    @model_validator(mode="after")
    def _texts_are_rows(self) -> Dataset:
        strange = next((c for c in self.alphabet if not (c.isascii() and c.isprintable())), None)
        if strange is not None or len(set(self.alphabet)) < len(self.alphabet):
            problem = f"{strange!r} is no printable ASCII" if strange is not None else "a character is listed twice"
            raise ValueError(f"alphabet: {problem}")
        if self.alphabet and (self.shape[0], self.shape[2]) != (1, 1):
            raise ValueError(f"shape = {list(self.shape)}: a text is one row of one channel, [1, length, 1]")
        return self

    @property
    def count(self) -> int:
        return sum(self.parts.values())
