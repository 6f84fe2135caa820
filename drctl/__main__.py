"""``python -m drctl``: the command line, without the console script."""

from drctl.cli import main

if __name__ == "__main__":
    main()
