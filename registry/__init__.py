"""Floor 1: names to live things. Nothing heavy is imported before it is used."""
