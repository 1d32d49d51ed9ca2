"""Pure metric functions, one family a file. To add one: write it, then its row in a table of `registry/metrics/`."""
