"""The embedded data set: 1,797 scanned digits, 8x8, that come inside scikit-learn. No download."""

from __future__ import annotations

import numpy as np
from sklearn.datasets import load_digits

from ..images import Images


def load() -> dict[str, Images]:
    """The one part, `all`: scans with their labels; grey levels 0..16 become uint8 by floor(v * 255 / 16 + 1/2)."""
    scans, labels = load_digits(return_X_y=True)
    pixels = np.floor(scans * 255 / 16 + 0.5).astype(np.uint8)
    return {"all": Images(pixels.reshape(-1, 8, 8, 1), labels.astype(np.int64))}
