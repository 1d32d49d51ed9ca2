"""Floor 4: results to rankings and a static site."""
