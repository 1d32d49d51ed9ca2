"""People as judges: protocols as data, what a rater is asked and in which order, and scores from their answers.

Pure functions: pages and files are the business of `leaderboard/human/`. `docs/human.md` says it in words.
"""
