"""People as judges: the page that asks them, and the files they send back, made into scores.

What is asked, and how answers are scored, stands in `benchmarks/human/`.
"""
