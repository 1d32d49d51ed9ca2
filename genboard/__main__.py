"""`python -m genboard`, the same as the `genboard` command."""

from .cli import main

if __name__ == "__main__":
    main()
