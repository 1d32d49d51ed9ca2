"""Statistics that somebody else made, as the field shares them: checked as numbers, and marked as imported.

Known arrays: `mu` and `sigma` (pytorch-fid, clean-fid, EDM, guided-diffusion), `mu_s` and `sigma_s` (the spatial
features of guided-diffusion), `feats` (clean-fid), and images as `arr_0` (guided-diffusion). Nothing is unpickled, and
what nobody says about them stays unknown.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..core.errors import BadEntry, BadFeatures, CannotWrite, GenboardError
from ..core.files import problem_with_name
from ..registry.catalog import find
from ..registry.extractors import load_extractor
from ..registry.schema import Extractor
from ..registry.sources import open_images
from ..registry.sources.arrays import Header, headers
from ..registry.sources.damage import refusing, size_of
from ..registry.weights import digest_of_file
from .features import measure
from .moments import ROOT, Given, Moments, all_memory, refuse_unaffordable, symmetric_root
from .statistics import IMPORTED, ImportedStatistics, Origin
from .store import SUFFIX, built_by_user, read_card, save

Take = Literal["moments", "spatial", "features", "images"]
ARRAYS: dict[Take, tuple[str, ...]] = {
    "moments": ("mu", "sigma"),
    "spatial": ("mu_s", "sigma_s"),
    "features": ("feats",),
    "images": ("arr_0",),
}
_HINT = f"give an npz with {', or '.join(' and '.join(names) for names in ARRAYS.values())}"
_NAME = r"[a-z0-9][a-z0-9._-]{0,79}"
_AGAIN = "ask for the file again, or make your own: genboard reference build"


@dataclass(frozen=True)
class Said:
    """What whoever imports statistics says about them."""

    dataset: str | None = None
    split: str | None = None
    extractor: str | None = None
    count: int | None = None


def import_npz(path: Path, name: str | None, take: Take | None, said: Said, device: str = "cpu") -> Path:
    """Take statistics in, and return the file they are kept in.

    Args:
        name: what to call them; the file's name by default.
        take: which of the file's arrays; by default the first of `ARRAYS` that are there.

    Raises:
        BadEntry: no such file, pickled objects, or arrays that are no mean and covariance.
        UnknownName: no such extractor.
        CannotWrite: the name is taken.
    """
    identity = find(Extractor, said.extractor).identity() if said.extractor else None
    with _archive(path) as archive:
        there = headers(archive)
    take = _choose(path, take, there)
    called = _name(path, name)
    if take == "images":
        found = _of_images(path, said.extractor, device)
    elif take == "features":
        found = _of_features(path, there)
    else:
        found = _of_moments(path, there, ARRAYS[take])
    count = said.count if found.features is None else len(found.features)
    if said.count not in (None, count):
        raise BadEntry(path, "count", f"the file says {count}, but --count says {said.count}", "remove --count")
    origin = Origin(
        name=called,
        file=path.name,
        file_sha256=digest_of_file(path),
        taken=take,
        left=tuple(sorted(set(there) - set(ARRAYS[take]))),
        dataset=said.dataset,
        split=said.split,
        extractor=identity,
        count=count,
        unknown=_unknown(said, count, take),
    )
    return _kept(ImportedStatistics(origin, found.gaussian, found.features, found.logits, found.image_digest))


@dataclass(frozen=True)
class _Found:
    gaussian: Given
    features: Tensor | None = None
    logits: Tensor | None = None
    image_digest: str | None = None


@contextmanager
def _archive(path: Path) -> Iterator[zipfile.ZipFile]:
    if not path.exists() or path.is_dir():
        raise BadEntry(path, "", "no such file", "check the path")
    size_of(path, GenboardError)
    with refusing(GenboardError, f"{path}: cannot be read", _HINT), path.open("rb") as f, zipfile.ZipFile(f) as archive:
        yield archive


def _choose(path: Path, take: Take | None, there: Mapping[str, Header]) -> Take:
    whole: list[Take] = [kind for kind, names in ARRAYS.items() if set(names) <= set(there)]
    if (take is None and not whole) or (take is not None and take not in whole):
        wanted = "nothing to import" if take is None else f"no {' and '.join(ARRAYS[take])}"
        raise BadEntry(path, "", f"{wanted} among its arrays {sorted(there)}", _HINT)
    return take or whole[0]


def _array(path: Path, there: Mapping[str, Header], name: str) -> NDArray[Any]:
    """An array of floats, all of them finite."""
    header = there[name]
    if header.dtype.hasobject:
        raise BadEntry(path, name, "pickled objects are never opened", _AGAIN)
    if header.dtype.newbyteorder("=") not in (np.float32, np.float64):
        raise BadEntry(path, name, f"{header.dtype}, but float32 or float64 is needed", _AGAIN)
    if 2 * header.bytes > all_memory():
        raise BadEntry(path, name, f"shape {header.shape}, {header.bytes / 2**30:,.0f} GiB", "take another array")
    with _archive(path) as archive, archive.open(f"{name}.npy") as f:
        array: NDArray[Any] = np.lib.format.read_array(f, allow_pickle=False)
    if not np.isfinite(array).all():
        raise BadEntry(path, name, "holds NaN or infinity", _AGAIN)
    return array.astype(array.dtype.newbyteorder("="))


def _of_moments(path: Path, there: Mapping[str, Header], names: Sequence[str]) -> _Found:
    mean_name, cov_name = names
    of_mean, of_cov = there[mean_name].shape, there[cov_name].shape
    if len(of_mean) != 1 or of_mean[0] == 0:
        raise BadEntry(path, mean_name, f"shape {of_mean}, but (d,) is needed", _AGAIN)
    if of_cov != (*of_mean, *of_mean):
        raise BadEntry(path, cov_name, f"shape {of_cov}, but {mean_name} has {of_mean[0]} values", _AGAIN)
    refuse_unaffordable(of_mean[0], ROOT)
    mean, cov = (_array(path, there, name) for name in names)
    # Rounding that the matrix may carry: of its own type, over as many terms as it has rows.
    eps = float(np.finfo(cov.dtype).eps)
    apart, scale = float(np.abs(cov - cov.T).max()), float(np.abs(cov).max())
    if apart > len(cov) * eps * scale:
        raise BadEntry(
            path, cov_name, f"not symmetric: entries differ by {apart:.3g}, with a largest entry of {scale:.3g}", _AGAIN
        )
    exact = torch.from_numpy(cov.astype(np.float64))
    try:
        root = symmetric_root(exact, eps)
    except BadFeatures as e:
        raise BadEntry(path, cov_name, e.fact, _AGAIN) from e
    return _Found(Given(torch.from_numpy(mean.astype(np.float64)), exact, root))


def _of_features(path: Path, there: Mapping[str, Header]) -> _Found:
    name, header = ARRAYS["features"][0], there[ARRAYS["features"][0]]
    if len(header.shape) != 2 or header.shape[0] < 2 or header.shape[1] < 1 or header.dtype != np.float32:
        raise BadEntry(path, name, f"{header.dtype} of shape {header.shape}, but float32 (n, d) is needed", _AGAIN)
    features = torch.from_numpy(_array(path, there, name))
    return _Found(_given(Moments.of(features)), features)


def _of_images(path: Path, extractor: str | None, device: str) -> _Found:
    if extractor is None:
        raise BadEntry(path, "arr_0", "images need a feature space", "name one with --extractor")
    measured = measure(open_images(path), load_extractor(extractor, device))
    assert measured.moments is not None
    return _Found(_given(measured.moments), measured.features, measured.logits, measured.digest)


def _given(moments: Moments) -> Given:
    cov = moments.cov
    return Given(moments.mean, cov, symmetric_root(cov))


def _unknown(said: Said, count: int | None, take: Take) -> tuple[str, ...]:
    """What nobody said, and what nobody can know of an array."""
    known = {**asdict(said), "count": count}
    names = [name for name, value in known.items() if value is None]
    if take == "images":
        return (*names, "revision")
    divisor = ["divisor of the covariance"] if take != "features" else []
    return (*names, "revision", "images", "preprocessing", *divisor)


def _name(path: Path, name: str | None) -> str:
    found = re.sub(r"[^a-z0-9._-]+", "-", path.stem.lower()).strip("-._") if name is None else name
    if not re.fullmatch(_NAME, found):
        raise BadEntry(path, "name", f"{found!r} is none", "give --name: small letters, digits, and . _ - inside")
    problem = problem_with_name(found)
    if problem:
        raise BadEntry(path, "name", problem, "give another --name")
    return found


def _kept(statistics: ImportedStatistics) -> Path:
    path = built_by_user() / IMPORTED / (statistics.origin.name + SUFFIX)
    if path.is_file() and read_card(path).origin != statistics.origin:
        raise CannotWrite(f"{path} already exists with other contents", "choose another --name, or delete that file")
    return save(statistics, built_by_user())
