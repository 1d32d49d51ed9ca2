"""What entries of every kind are made of: strict models, names, digests, and weights by address."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, HttpUrl, StringConstraints, model_validator

from ..core.files import problem_with_name


def _usable(name: str) -> str:
    problem = problem_with_name(name)
    if problem:
        raise ValueError(problem)
    return name


Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]*$", max_length=80), AfterValidator(_usable)]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
# Of weights: the whole SHA-256, or its first digits where only those are published.
Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{8,64}$")]


def _is_repo(repo: str) -> str:
    if (
        not re.fullmatch(r"([A-Za-z0-9][\w.-]{0,95}/)?[A-Za-z0-9][\w.-]{0,95}", repo, re.ASCII)
        or ".." in repo
        or "--" in repo
    ):
        raise ValueError(f"{repo!r} is not the name of a repository on the Hub; write OWNER/NAME")
    return repo


def _is_inside(path: str) -> str:
    if path.startswith("/") or "\\" in path or ".." in path.split("/"):
        raise ValueError(f"{path!r} leads out of the repository or package")
    return path


Repo = Annotated[str, AfterValidator(_is_repo)]
# Of a package, as pip has it; nothing that could be a path.
Package = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$", max_length=100)]
HubPath = Annotated[str, AfterValidator(_is_inside)]  # of a file, or the name of a branch


class Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Weights(Strict):
    """Weights in one file, checked at every load: committed with the package, the user's own, at an address, in a
    Hub repository, or in an installed package. A committed file may have an address too: that of its copy, for an
    installation without the file.
    """

    sha256: Digest
    file: str | None = None  # committed, a safetensors file under `registry/`
    local: str | None = None  # the user's, relative to their data folder
    url: HttpUrl | None = None  # kept in the torch hub cache
    repo: Repo | None = None  # on the Hugging Face Hub, kept in its cache
    revision: HubPath | None = None
    package: Package | None = None  # as pip calls it: one of which nothing is imported, only `path` is read
    path: HubPath | None = None  # a file in the repository, or in the folder that packages are installed to
    wrapped: str | None = None  # the dictionary of a torch checkpoint that holds the weights: "state_dict"
    prefix: str | None = None  # only the weights whose names begin so are read, without it: "module.", "decoder."

    @model_validator(mode="after")
    def _one_place(self) -> Weights:
        hub = (self.repo, self.revision)
        if any(hub) != all(hub) or (self.repo and not self.path):
            raise ValueError("a Hub repository needs repo, revision and path")
        if bool(self.repo or self.package) != bool(self.path):
            raise ValueError("a package needs a path, and a path a package or a Hub repository")
        if sum(map(bool, (self.file or self.url, self.local, self.repo, self.package))) != 1:
            hub_or_package = "repo with revision and path, or package with path"
            raise ValueError(f"give exactly one source: file, local, url, {hub_or_package}")
        return self

    def identity(self) -> dict[str, Any]:
        """What decides which weights are read."""
        return {"weights": self.sha256, **self.model_dump(include={"wrapped", "prefix"}, exclude_none=True)}


def _whole(file: Weights) -> Weights:
    if file.wrapped or file.prefix:
        raise ValueError("wrapped and prefix are for weights by name, and this file is read as a whole")
    return file


WholeFile = Annotated[Weights, AfterValidator(_whole)]
