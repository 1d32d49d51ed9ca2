"""The site on disk: what changed is written, what an earlier build listed and this one lacks is deleted."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from ...core.errors import BadEntry, CannotWrite
from ...core.files import make_folder, read_json, remove, sha256, write_bytes

MARK = b'<meta name="generator" content="genboard">'
LISTING = "build.json"  # every other file of a build, with its SHA-256


def write_site(files: Mapping[str, bytes], out: Path) -> int:
    """Bring the folder up to date; the number of files that had to be written.

    Only a file that the earlier build listed, and that has not been changed since, is ever deleted.

    Raises:
        CannotWrite: a path is taken, the disk is full, permission is missing, or somebody else's site is there.
    """
    claim_folder(out)
    abandoned, changed = _abandoned(files, out), _changed(files, out)
    for name in abandoned:
        remove(out / name)
    # The listing comes last: a build that is cut short is still out of date, and is finished by the next.
    for name in sorted(changed, key=lambda name: (name == LISTING, name)):
        write_bytes(out / name, files[name])
    return len(changed)


def stale_files(files: Mapping[str, bytes], out: Path) -> list[str]:
    """The files that `write_site` would write or delete, sorted; none if the folder is up to date."""
    return sorted([*_changed(files, out), *_abandoned(files, out)])


def claim_folder(out: Path) -> None:
    """Make the folder, if a site may stand there: asked before a site is rendered, which takes longer.

    Raises:
        CannotWrite: the path is taken, permission is missing, or somebody else's site is there.
    """
    make_folder(out)
    # A build that was cut short has no listing yet, but its pages say who made them.
    index = _content(out / "index.html")
    if index is not None and MARK not in index and not (out / LISTING).is_file():
        raise CannotWrite(f"{out} holds an index.html that genboard did not write", "choose an empty folder")


def _changed(files: Mapping[str, bytes], out: Path) -> list[str]:
    return [name for name, data in files.items() if _content(out / name) != data]


def _abandoned(files: Mapping[str, bytes], out: Path) -> list[str]:
    """What the folder's listing names, still holds the listed content, and is no longer part of the site."""
    found = []
    for name, digest in sorted(_listed(out).items()):
        content = _content(out / name) if name not in files and _is_inside(name) else None
        if content is not None and sha256(content) == digest:
            found.append(name)
    return found


def _listed(out: Path) -> dict[str, str]:
    try:
        listing = read_json(out / LISTING)
    except BadEntry:
        return {}
    listed = listing.get("files") if isinstance(listing, dict) else None
    return listed if isinstance(listed, dict) else {}


def _is_inside(name: str) -> bool:
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts and "\\" not in name and ":" not in name


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None
