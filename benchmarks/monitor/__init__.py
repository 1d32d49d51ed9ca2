"""Measuring a generator while it is trained: the track's numbers, at every evaluation, on any number of ranks."""
