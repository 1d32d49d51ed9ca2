"""One track's board: comparable results ranked, grouped and compared; and several tracks side by side."""
