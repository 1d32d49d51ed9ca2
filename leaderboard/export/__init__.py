"""Boards outside the site: on a terminal, as tables in files, as a data frame and in a model card."""
