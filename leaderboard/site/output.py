"""The site on disk: what changed is written, what an earlier build listed and this one lacks is deleted.

A folder is taken where it is empty, or where its `build.json` says that a site of genboard stands there. Nothing else
in it is ever overwritten or deleted, and no link in it is followed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath

from ...core.errors import BadEntry, CannotWrite
from ...core.files import make_folder, remove, sha256, write_bytes
from ...core.serialization import canonical_json, read_json

LISTING = "build.json"  # every other file of a build, with its SHA-256
LONGEST = 200  # letters of a path in it; a generator's name and an id take half
_BESIDE = {".git"}  # what may be in an empty folder


def write_site(files: Mapping[str, bytes], out: Path) -> int:
    """Bring the folder up to date; the number of files that had to be written.

    Only a file that the earlier build listed, and that has not been changed since, is ever deleted.

    Raises:
        CannotWrite: somebody else's files are there, a path is taken or a link, the disk is full, or permission is
            missing.
    """
    claim_folder(out)
    listed = _listed(out) or {}
    _refuse_links([*files, *listed], out)
    changed = _changed(files, out)
    for name in changed:
        if name not in listed and name != LISTING and (out / name).exists():
            raise CannotWrite(f"{out / name} is not of an earlier build", "move it, or choose an empty folder")
    abandoned = _abandoned(files, listed, out)
    if not changed and not abandoned:
        return 0
    # First the claim to all that will be there, last what is: a build that is cut short is finished by the next.
    digests = {name: sha256(data) for name, data in files.items() if name != LISTING}
    write_bytes(out / LISTING, canonical_json({"files": {**listed, **digests}}))
    for name in abandoned:
        remove(out / name)
    for name in changed:
        if name != LISTING:
            write_bytes(out / name, files[name])
    if LISTING in files:
        write_bytes(out / LISTING, files[LISTING])
    return len(changed)


def stale_files(files: Mapping[str, bytes], out: Path) -> list[str]:
    """The files that `write_site` would write or delete, sorted; none if the folder is up to date."""
    listed = _listed(out) or {}
    _refuse_links([*files, *listed], out)
    return sorted([*_changed(files, out), *_abandoned(files, listed, out)])


def claim_folder(out: Path) -> None:
    """Make the folder, if a site may stand there: asked before a site is rendered, which takes longer.

    Raises:
        CannotWrite: the path is taken, permission is missing, or somebody else's files are there.
    """
    make_folder(out)
    _refuse_links([LISTING], out)
    try:
        found = sorted(path.name for path in out.iterdir() if path.name not in _BESIDE)
    except OSError as e:
        raise CannotWrite(f"cannot list {out}: {e.strerror}", "choose a folder that you may read and write") from e
    if found and _listed(out) is None:
        raise CannotWrite(
            f"{out} holds {found[0]!r} and no {LISTING} of genboard, so it is not a site of an earlier build",
            "choose an empty folder",
        )


def _refuse_links(names: Iterable[str], out: Path) -> None:
    """Raises CannotWrite where a file, or a folder that it is in, is a link."""
    paths = {PurePosixPath(name) for name in names}
    for path in sorted({*paths, *(parent for child in paths for parent in child.parents)}):
        if path.parts and (out / path).is_symlink():
            raise CannotWrite(f"{out / path} is a link", "remove it, or choose an empty folder: no link is followed")


def _changed(files: Mapping[str, bytes], out: Path) -> list[str]:
    return [name for name, data in files.items() if _content(out / name) != data]


def _abandoned(files: Mapping[str, bytes], listed: Mapping[str, str], out: Path) -> list[str]:
    """What the folder's listing names, still holds the listed content, and is no longer part of the site."""
    found = []
    for name, digest in sorted(listed.items()):
        content = _content(out / name) if name not in files else None
        if content is not None and sha256(content) == digest:
            found.append(name)
    return found


def _listed(out: Path) -> dict[str, str] | None:
    """The files of an earlier build with their digests; none where there was none."""
    try:
        listing = read_json(out / LISTING)
    except BadEntry:
        return None
    files = listing.get("files") if isinstance(listing, dict) else None
    if not isinstance(files, dict):
        return None
    # Other tools call files of theirs so too.
    whole = all(isinstance(digest, str) and re.fullmatch("[0-9a-f]{64}", digest) for digest in files.values())
    return {name: digest for name, digest in files.items() if _is_inside(name)} if whole else None


def _is_inside(name: str) -> bool:
    path = PurePosixPath(name)
    plain = len(name) <= LONGEST and name.isprintable() and not {"\\", ":"} & set(name)
    return plain and bool(path.parts) and not path.is_absolute() and ".." not in path.parts


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None
