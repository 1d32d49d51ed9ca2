"""Results and study tables in folders: the committed ones and the user's own."""
