"""Floor 5, the command line: parse, call, print. No arithmetic here.

Data go to stdout, everything else to stderr. Exit code 0: success. 1: user error, with a message, a blank line and
`hint: ...`. 2: wrong usage. One group of commands a file; importing it registers them, in the order of the help.
"""

from importlib import import_module

from .app import app
from .output import settle_streams

__all__ = ["app", "main"]

# The order of `genboard --help`.
for _group in "measuring status submitting verifying registry ranking study human dataset reference site".split():
    import_module(f".{_group}", __name__)


def main() -> None:
    """Run the command line."""
    settle_streams()
    app()
