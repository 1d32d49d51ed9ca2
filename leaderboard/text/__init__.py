"""How numbers and tables are written, and which words of strangers may be shown."""
