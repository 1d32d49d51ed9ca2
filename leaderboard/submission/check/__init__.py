"""What contradicts itself in a result: the same checks on a submitter's machine and in CI.

A check is a pure function of files that have been read; its row in `table.py` gives it a code that stays. A check
cannot prove a value: a number that was made up with care passes. Only `genboard verify` measures again.
"""

from .finding import Finding
from .run import check
from .table import CHECKS
from .tree import rooted

__all__ = ["CHECKS", "Finding", "check", "rooted"]
