"""Whether an error says that memory ran out, on whatever device it was."""

from __future__ import annotations

from ..core.errors import GenboardError


def out_of_memory(error: BaseException) -> bool:
    """Whether memory ran out: in NumPy or Python, in torch on a GPU or on the CPU, or in a user's function.

    >>> out_of_memory(MemoryError()), out_of_memory(ValueError("memory"))
    (True, False)
    """
    if isinstance(error, GenboardError):  # what wraps a stranger's error
        return error.__cause__ is not None and out_of_memory(error.__cause__)
    # By name, as torch need not be here; of a CPU torch raises a plain RuntimeError.
    of_torch = type(error).__name__ == "OutOfMemoryError" or "DefaultCPUAllocator" in str(error)
    return isinstance(error, MemoryError) or (isinstance(error, RuntimeError) and of_torch)
