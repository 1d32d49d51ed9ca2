"""A figure for each study, drawn from its table alone: a module of the study's name with `figure(table)`.

It gives a `charts.theme.Figure`: a drawing in the page's colours, and the same in words for who cannot see it.
"""
