"""A figure for each study, drawn from its table alone: a module of the study's name with `figure` and `words`.

`figure(table)` gives inline SVG that follows the page's colours, `words(table)` the same for who cannot see it.
"""
