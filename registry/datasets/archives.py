"""Kind `archive`: archives of images by address, in a folder of their own, downloaded where they are missing."""

from __future__ import annotations

import os
from pathlib import Path

from ...core.errors import BadImages
from ...core.files import home, sha256
from .. import limits
from ..download import keep
from ..images import ImageSource
from ..schema import Archive, Dataset
from ..sources.archive import is_archive, open_archive
from ..weights import digest_of_file


def open_part(entry: Dataset, source: Archive, part: str) -> ImageSource:
    """The images in the folder of a part.

    Raises:
        BadImages, GenboardError: as `fetch_archive`; or no such folder, or images that cannot be measured as they are.
    """
    path = fetch_archive(source)
    return open_archive(path, source.folders[part], entry.classes, entry.conversions, skip=source.skip)


def archive_folder() -> Path:
    """Where archives are kept: `GENBOARD_ARCHIVES`, or `archives` in the user's data folder."""
    override = os.environ.get("GENBOARD_ARCHIVES")
    return Path(override).expanduser() if override else home() / "archives"


def place_of_archive(source: Archive) -> Path:
    """Where the archive of a data set lies, or belongs."""
    return archive_folder() / source.filename


def fetch_archive(source: Archive) -> Path:
    """The archive of a data set as a local file, downloaded if there is none, its SHA-256 checked if it is known.

    Raises:
        BadImages: the file, or the download, is not the one the entry names, or no archive.
        GenboardError: there is no file, and it cannot be had.
    """
    path = place_of_archive(source)
    if not path.is_file():
        _download(source, path)
    if source.sha256 is not None and (found := digest_of_file(path)) != source.sha256:
        raise BadImages(
            f"{path} has SHA-256 {found}, but its entry says {source.sha256}",
            "delete the file, and it is downloaded again",
        )
    return path


def _download(source: Archive, path: Path) -> None:
    def check(data: bytes) -> None:
        found = sha256(data)
        if source.sha256 not in (None, found):
            problem, hint = f"a file with SHA-256 {found}, but its entry says {source.sha256}", "has changed"
        elif not is_archive(path.name, data):
            # A page that asks for a login comes like a file, and would stand in the way from then on.
            problem, hint = f"{len(data):,} bytes that are no {''.join(path.suffixes[-1:])} archive", "is another"
        else:
            return
        raise BadImages(
            f"{source.url} sent {problem}; it was discarded",
            f"the file at this address {hint}; put the right one at {path}",
        )

    proof = f" (SHA-256 {source.sha256})" if source.sha256 else ""
    keep(str(source.url), path, limits.DOWNLOAD, check, "GENBOARD_ARCHIVES", proof)
