"""Floor 2: the real side. Data set x extractor to statistics on disk, built once and verified."""
