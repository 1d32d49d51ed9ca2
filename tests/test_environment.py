"""What a result records of the machine it was measured on."""

from __future__ import annotations

import getpass
import platform

import pytest
from genboard.benchmarks.environment import environment, parsed, windows
from genboard.benchmarks.result import Environment

X86 = "processor\t: 0\nvendor_id\t: AuthenticAMD\ncpu family\t: 25\nmodel\t\t: 17\n\nprocessor\t: 1\n"
ARM = "processor\t: 0\nCPU implementer\t: 0x41\nCPU architecture: 8\nCPU part\t: 0xd0c\n\nSerial\t\t: 0123\n"


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (parsed(X86), ("AuthenticAMD", "family 25 model 17")),
        (parsed(ARM), ("Arm", "part 0xd0c")),
        (parsed(""), (None, None)),
        (windows("Intel64 Family 6 Model 85 Stepping 7, GenuineIntel"), ("GenuineIntel", "family 6 model 85")),
        (windows(""), (None, None)),
    ],
)
def test_a_processor_is_named_by_vendor_and_family(
    found: tuple[str | None, str | None], expected: tuple[str | None, str | None]
) -> None:
    assert found == expected


def test_an_environment_names_libraries_and_kernels_and_neither_host_nor_user(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MKL_CBWR", "COMPATIBLE")
    here = environment("cpu")
    assert here.kernels is not None
    assert "MKL_CBWR=COMPATIBLE" in here.kernels
    assert here.blas
    assert here.numpy_blas
    assert here.threads >= 1
    text = here.model_dump_json()
    assert Environment.model_validate_json(text) == here
    words = set(text.replace('"', " ").split())
    assert platform.node() not in words
    assert getpass.getuser() not in words


def test_a_record_from_before_keeps_its_fields() -> None:
    old = environment("cpu").model_dump(mode="json")
    for field in ("vendor", "family", "blas", "numpy_blas", "kernels"):
        old.pop(field, None)
    assert Environment.model_validate(old).model_dump(mode="json") == old
