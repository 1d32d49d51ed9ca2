"""Reference statistics shared in a data set repository: the file, and beside it a card with its SHA-256.

`references/<name>.safetensors` and `references/<name>.json`. The digest shows that the file arrived as it was pushed;
whether it was made of what it says, only `genboard reference verify` shows, which builds it again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from ...core.errors import CannotWrite, GenboardError, ReferenceMismatch
from ...core.files import problem_with_name, read_bytes, sha256, write_bytes
from ...core.newer import refuse_newer
from ...core.serialization import canonical_json, read_json
from ...core.validation import bad_entry
from ...reference_stats.store import SUFFIX, built_by_user, find_stored, load_any, read_card
from ...registry.schema import Sha256, Strict
from .reach import check_repo, client, commit, reaching

FOLDER = "references"
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._+-]*")


class Shared(Strict):
    """What stands beside a file of reference statistics on the Hub."""

    schema_: Literal[1] = Field(1, alias="schema")
    name: str
    sha256: Sha256
    bytes: Annotated[int, Field(ge=1)]
    genboard: str


@dataclass(frozen=True)
class Pulled:
    """A file of reference statistics from the Hub.

    Attributes:
        kept: whether it was there already.
    """

    path: Path
    sha256: str
    kept: bool


def push_reference(name: str, repo: str, pull_request: bool = False) -> str:
    """Share a file of reference statistics, and return the address of the commit or of the pull request.

    Raises:
        UnknownName: no statistics of that name.
        GenboardError: no network, no such repository, or no leave.
    """
    check_repo(repo)
    stored = find_stored(name)[0]
    load_any(stored.path)  # its arrays are the ones its card was written for
    data = read_bytes(stored.path)
    about = Shared(name=name, sha256=sha256(data), bytes=len(data), genboard=stored.card.code_version)
    files: dict[str, Path | bytes] = {
        f"{FOLDER}/{name}{SUFFIX}": stored.path,
        f"{FOLDER}/{name}.json": canonical_json(about.model_dump(by_alias=True)),
    }
    made = commit(repo, files, f"Add reference statistics {name}", "", create_pr=pull_request)
    return str(made.pr_url or made.commit_url)


def pull_reference(
    repo: str, name: str, revision: str | None = None, digest: str | None = None, again: bool = False
) -> Pulled:
    """Fetch shared statistics into the user's data folder, where measurements find them.

    The Hub's own cache keeps the download, so that a second pull needs no transfer, nor a network.

    Args:
        digest: the SHA-256 the file must have, from a place you trust; by default what stands beside it is believed.
        again: replace a file of that name that differs.

    Raises:
        ReferenceMismatch: the file is not the one its digest is of, or says of itself to be another.
        CannotWrite: another file of that name is there.
        GenboardError: no network, no such file, or no leave.
    """
    check_repo(repo)
    if not _NAME.fullmatch(name) or ".." in name or any(map(problem_with_name, name.split("/"))):
        raise GenboardError(f"{name!r} is not the name of reference statistics", "see: genboard reference list")
    about = _shared(_fetch(repo, f"{name}.json", revision), name)
    if digest is not None and about.sha256 != digest.lower():
        raise ReferenceMismatch(
            f"{repo} offers {name} with SHA-256 {about.sha256}, but you asked for {digest}", "pull another revision"
        )
    target = built_by_user() / f"{name}{SUFFIX}"
    if target.is_file() and not again:
        found = sha256(read_bytes(target))
        if found == about.sha256:
            return Pulled(target, found, kept=True)
        raise CannotWrite(
            f"{target} is there and differs: SHA-256 {found[:12]}, {repo} has {about.sha256[:12]}",
            "replace it with --again, or keep it",
        )
    data = _checked(_fetch(repo, f"{name}{SUFFIX}", revision), about, repo)
    write_bytes(target, data)
    return Pulled(target, about.sha256, kept=False)


def _fetch(repo: str, place: str, revision: str | None) -> Path:
    with reaching(repo, f"fetch {place} from"):
        path = client().hf_hub_download(repo, f"{FOLDER}/{place}", repo_type="dataset", revision=revision)
    return Path(path)


def _shared(path: Path, name: str) -> Shared:
    value = read_json(path)
    refuse_newer(value, path, 1)
    try:
        about = Shared.model_validate(value)
    except ValidationError as e:
        raise bad_entry(path, e, "ask whoever shares it") from e
    if about.name != name:
        raise ReferenceMismatch(f"{path}: is about {about.name!r}, not {name!r}", "ask whoever shares it")
    return about


def _checked(path: Path, about: Shared, repo: str) -> bytes:
    """The bytes of a downloaded file, once everything that can be checked of it was checked."""
    hint = "nothing was kept; try again, or ask whoever shares it"
    data = read_bytes(path)
    found = sha256(data)
    if len(data) != about.bytes or found != about.sha256:
        raise ReferenceMismatch(
            f"{repo} gave {about.name} with SHA-256 {found}, but the digest beside it is {about.sha256}", hint
        )
    if (said := read_card(path).name) != about.name:
        raise ReferenceMismatch(f"{repo} gave {about.name}, but the file describes itself as {said}", hint)
    load_any(path)
    return data
