"""Commands that regenerate the committed results, tables and documents; and the demo.

Each runs as `python -m genboard.leaderboard.maintenance.NAME`; the Makefile calls them.
"""
