"""Submissions: what they say of a generator, what they consist of, and the checks they pass before they are ranked."""
