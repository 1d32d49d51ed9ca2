"""Data sets of the Hugging Face Hub: Parquet files at a pinned revision, from the cache or over the network.

A file name may stand for all its shards: `data/train-*-of-00294.parquet` is `data/train-00000-of-00294.parquet` and the
293 after it. No other pattern is read, so that what belongs to a part never depends on what happens to be in a cache.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from ...core.errors import BadImages
from ...core.progress import bar
from ..extras import need
from ..schema import Hub
from ..sources.damage import first_line

_SHARDS = re.compile(r"^(?P<stem>[^*]*-)\*-of-(?P<total>\d{5})(?P<end>[^*]*)$")


def shards(pattern: str) -> list[str]:
    """The names that a name of the entry stands for.

    >>> shards("data/test-*-of-00002.parquet")
    ['data/test-00000-of-00002.parquet', 'data/test-00001-of-00002.parquet']

    Raises:
        BadImages: another pattern.
    """
    if "*" not in pattern:
        return [pattern]
    found = _SHARDS.match(pattern)
    if found is None:
        raise BadImages(
            f"{pattern!r} names no files", "name every file, or all shards of one: train-*-of-00294.parquet"
        )
    total = int(found["total"])
    return [f"{found['stem']}{i:05d}-of-{total:05d}{found['end']}" for i in range(total)]


def hub_files(source: Hub, revision: str, patterns: Sequence[str]) -> list[Path]:
    """Local paths of a part's files, downloaded into the Hub's own cache where they are not there yet.

    Raises:
        GenboardError: huggingface-hub is not installed.
        BadImages: no leave to read, no such file, or no network.
    """
    names = [name for pattern in patterns for name in shards(pattern)]
    with bar(f"files of {source.repo}", len(names), "file") as progress:
        found = []
        for name in names:
            found.append(_file(source.repo, revision, name))
            progress.update(1)
    return found


def _file(repo: str, revision: str, name: str) -> Path:
    need("huggingface_hub", extra="hub")
    from huggingface_hub import constants, errors, hf_hub_download

    what = f"{repo} at {revision[:12]}: {name}"
    page = f"{constants.ENDPOINT}/datasets/{repo}"
    try:
        return Path(hf_hub_download(repo, name, repo_type="dataset", revision=revision))
    except errors.GatedRepoError as e:
        raise BadImages(
            f"{what}: the repository is gated",
            f"accept its terms at {page}, then log in with `hf auth login` or set HF_TOKEN",
        ) from e
    except errors.RevisionNotFoundError as e:
        raise BadImages(f"{what}: the revision does not exist", f"pin a commit of {page}/commits/main") from e
    except errors.RepositoryNotFoundError as e:
        raise BadImages(
            f"{what}: the repository does not exist, or you may not read it", f"check {page}, or set HF_TOKEN"
        ) from e
    except errors.LocalEntryNotFoundError as e:
        folder = repo.replace("/", "--")
        place = Path(constants.HF_HUB_CACHE) / f"datasets--{folder}" / "snapshots" / revision / name
        offline = "HF_HUB_OFFLINE is set" if constants.is_offline_mode() else "there is no way to the Hub"
        raise BadImages(
            f"{what}: it is not in the cache, and {offline}",
            f"run the command once with a network, or put the file at {place}",
        ) from e
    except errors.EntryNotFoundError as e:
        raise BadImages(
            f"{what}: no such file at this revision", f"the files are listed at {page}/tree/{revision}"
        ) from e
    except Exception as e:
        # What is left are the network's own errors, whose types are those of the HTTP library.
        raise BadImages(f"{what}: the download failed: {first_line(e)}", "try again; downloaded files are kept") from e
