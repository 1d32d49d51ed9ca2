"""A second device for tests without one: tensors that say they are on `cuda:0`, and whose numbers lie elsewhere.

As on a real one, an operation on tensors of both devices is an error, but for single numbers and for indices.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

CUDA = torch.device("cuda:0")
FREE = 2**40  # bytes that the device says are free
_ATEN = torch.ops.aten
_INDEXED = (_ATEN.index.Tensor, _ATEN.index_put_.default)  # whose indices may lie on the host


class OnDevice(Tensor):
    """A tensor of the fake device."""

    numbers: Tensor
    __torch_function__ = torch._C._disabled_torch_function_impl

    @staticmethod
    def __new__(cls, numbers: Tensor) -> OnDevice:
        made: OnDevice = Tensor._make_wrapper_subclass(
            cls, numbers.shape, strides=numbers.stride(), dtype=numbers.dtype
        )
        made.numbers = numbers
        return made

    @property
    def device(self) -> torch.device:  # type: ignore[override]
        return CUDA

    @property
    def is_cuda(self) -> bool:  # type: ignore[override]
        return True

    def __repr__(self) -> str:  # type: ignore[override]
        return f"OnDevice({self.numbers!r})"

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return _run(func, args, kwargs or {})


class _Moves(TorchFunctionMode):
    """Makes and moves tensors, where torch would first look for a real device."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = {name: value for name, value in (kwargs or {}).items() if name != "pin_memory"}
        if func is Tensor.to:
            return _moved(*args, **kwargs)
        if func is Tensor.cpu:
            return _moved(*args, "cpu")
        if kwargs.get("device") is None:
            return func(*args, **kwargs)
        there = _there(kwargs["device"])
        made = func(*args, **{**kwargs, "device": "cpu"})
        return OnDevice(made) if there else made


def _there(device: Any) -> bool:
    return torch.device(device).type == "cuda"


def _moved(tensor: Tensor, *asked: Any, **kwargs: Any) -> Tensor:
    given = [*asked, *kwargs.values()]
    kwargs = {"copy": kwargs.get("copy", False)}
    device = next((x for x in given if isinstance(x, str | torch.device)), tensor.device)
    dtype = next((x for x in given if isinstance(x, torch.dtype)), tensor.dtype)
    if _there(device) == isinstance(tensor, OnDevice):
        return tensor.to(dtype, **kwargs)
    moved = _numbers(tensor).to(dtype, copy=True)
    return OnDevice(moved) if _there(device) else moved


def _run(func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    given = [*_tensors(args), *_tensors(kwargs.values())]
    there = any(isinstance(x, OnDevice) for x in given)
    if func is _ATEN.copy_.default:  # from anywhere to anywhere
        there = isinstance(args[0], OnDevice)
    else:
        free = [x for x in args[1] if not isinstance(x, OnDevice)] if func in _INDEXED else []
        bound = {isinstance(x, OnDevice) for x in given if x.dim() and not any(x is index for index in free)}
        if len(bound) > 1:
            raise RuntimeError(f"{func}: expected all tensors to be on the same device, but found cuda:0 and cpu")
    if func is _ATEN.mm.dtype:  # the host has none
        a, b, wide = args
        func, args = _ATEN.mm.default, (a.numbers.to(wide), b.numbers.to(wide))
    found = func(*_numbers(args), **{name: _numbers(x) for name, x in kwargs.items()})
    return _wrapped(found, {id(x.numbers): x for x in given if isinstance(x, OnDevice)}) if there else found


def _tensors(given: Iterable[Any]) -> Iterator[Tensor]:
    for x in given:
        if isinstance(x, list | tuple):
            yield from _tensors(x)
        elif isinstance(x, Tensor):
            yield x


def _numbers(x: Any) -> Any:
    if isinstance(x, list | tuple):
        return type(x)(map(_numbers, x))
    return x.numbers if isinstance(x, OnDevice) else x


def _wrapped(x: Any, known: dict[int, OnDevice]) -> Any:
    if isinstance(x, list | tuple):
        return type(x)(_wrapped(one, known) for one in x)
    if not isinstance(x, Tensor):
        return x
    return known[id(x)] if id(x) in known else OnDevice(x)


@contextmanager
def fake_cuda(free: int = FREE) -> Iterator[None]:
    """A CUDA device that obeys IEEE arithmetic and says that so many bytes are free."""
    with pytest.MonkeyPatch.context() as patch, _Moves():
        patch.setattr(torch.cuda, "is_available", lambda: True)
        patch.setattr(torch.cuda, "get_device_name", lambda device=None: "fake")
        patch.setattr(torch.cuda, "current_device", lambda: 0)
        patch.setattr(torch.cuda, "mem_get_info", lambda device=None: (free, 2 * free))
        patch.setattr(torch.cuda, "memory_reserved", lambda device=None: 0)
        patch.setattr(torch.cuda, "memory_allocated", lambda device=None: 0)
        patch.setattr(torch.cuda, "get_device_capability", lambda device=None: (9, 0))
        patch.setattr(torch.cuda, "empty_cache", lambda: None)
        yield
