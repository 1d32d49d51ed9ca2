"""How many digits a number deserves: those its standard error supports."""

from __future__ import annotations

from math import floor, log10

NOISE = 1e-9  # a smaller standard error, against the value, is the rounding of a sum over equal samples


def plus_minus(value: float | None, se: float | None) -> tuple[str, str]:
    """A value and its standard error as text: two significant digits of the error decide how many are shown.

    Without an error, or with one that is rounding noise, four significant digits; without a value a dash.

    >>> plus_minus(5.749023, 0.4359545)
    ('5.75', '0.44')
    >>> plus_minus(1234.5, 210.0)
    ('1234', '210')
    >>> plus_minus(0.5, None)
    ('0.5', '')
    """
    if value is None:
        return "-", ""
    if se is None:
        return f"{value:.4g}", ""
    if se <= NOISE * max(1.0, abs(value)):
        return f"{value:.4g}", "0"
    decimals = max(0, 1 - floor(log10(se)))
    return f"{value:.{decimals}f}", f"{se:.{decimals}f}"
