"""Studies of the metrics themselves: how far can the numbers, and above all the ranking, be believed?

A study is a module here with `run`, `verdict` and `cells`, a row of `listing.STUDIES`, and a figure of the same name in
`leaderboard/study_figures`. It makes a tidy table; verdict and figure come from the table and from nothing else.
"""
