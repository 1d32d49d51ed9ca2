"""Studies of the metrics themselves: how reliable are the numbers, and above all the ranking?

A study is a module here and a row of `listing.STUDIES`; a figure of the same name in `leaderboard/study_figures` is
optional. It makes a tidy table; verdict and figure come from the table and from nothing else.
"""
