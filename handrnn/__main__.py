"""``python -m handrnn``: the command ``handrnn``."""

import sys

import handrnn.check.cli

if __name__ == "__main__":
    sys.exit(handrnn.check.cli.main())
