"""The command `keystead`, also as `python -m keystead`."""

from keystead.cli import main

if __name__ == "__main__":
    main()
