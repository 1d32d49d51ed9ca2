"""What pages say of the software that made them. `CITATION.cff` says the same, and a test compares the two."""

from __future__ import annotations

from importlib.metadata import version

TITLE = "genboard: benchmarks and leaderboards for generative image models"
AUTHORS = "The genboard authors"
LICENCE = "Apache-2.0"
REPOSITORY = "https://github.com/genboard/genboard"
VERSION = version("genboard")
RELEASED = "2026-11-20"  # the day of that version
