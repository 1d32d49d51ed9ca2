"""Bars appear on a terminal and nowhere else."""

from __future__ import annotations

import io
import sys

import pytest

from genboard.core.progress import bar


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("stderr", "shown"), [(Terminal(), True), (io.StringIO(), False)])
def test_a_bar_is_for_terminals(stderr, shown, monkeypatch, capsys):
    monkeypatch.setattr(sys, "stderr", stderr)
    with bar("samples of x", 10, "image") as progress:
        assert progress.disable is not shown
        if shown:
            progress.start_t -= 2  # as if two seconds had gone by
            progress.last_print_t -= 2
        progress.update(5)
    assert ("samples of x" in stderr.getvalue()) is shown
    assert capsys.readouterr().out == ""


def test_what_takes_less_than_a_second_shows_no_bar(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with bar("samples of x", 10, "image") as progress:
        progress.update(10)
    assert "samples of x" not in terminal.getvalue()
