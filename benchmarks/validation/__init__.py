"""Do the intervals hold their targets? Simulated for every metric of the table: `make validate`.

A draw is a fresh set of samples from a known distribution. The target of a `conditional` interval is the mean of the
statistic over all draws with the reference fixed, that of a `population` interval its limit in closed form. A second
table redraws the reference too, which those intervals do not claim to cover: what they miss there is the part of the
uncertainty that a fixed reference hides. To add a setting: one row in `settings.py`.
"""

from .distributions import FAMILIES, Distribution
from .settings import LEFT_OUT, REDRAWN, SETTINGS, Setting
from .simulation import (
    LIMITS,
    SIMULATED,
    TABLE,
    Drawn,
    Outcome,
    find_setting,
    kept,
    limit,
    outcome,
    read_table,
    simulate,
    write_table,
)

__all__ = [
    "FAMILIES",
    "LEFT_OUT",
    "LIMITS",
    "REDRAWN",
    "SETTINGS",
    "SIMULATED",
    "TABLE",
    "Distribution",
    "Drawn",
    "Outcome",
    "Setting",
    "find_setting",
    "kept",
    "limit",
    "outcome",
    "read_table",
    "simulate",
    "write_table",
]
