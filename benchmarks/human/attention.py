"""Who is left out: raters who fail attention checks, which are separate from every scored question."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Attention:
    """How many attention checks a rater was given, and how many were answered as asked."""

    given: int
    passed: int

    def enough(self, passes: float) -> bool:
        """
        >>> Attention(5, 4).enough(0.8), Attention(5, 3).enough(0.8)
        (True, False)
        """
        return self.passed >= passes * self.given
