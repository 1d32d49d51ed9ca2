"""Floor 3: generator x track to samples, metrics, result."""
