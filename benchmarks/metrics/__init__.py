"""Pure metric functions, one family a file. To add one: write it, then add its row to `registry/metrics.py`."""
