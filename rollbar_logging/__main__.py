"""``python -m rollbar_logging``: the same as the command ``rollbar-logging``."""

import sys

from rollbar_logging.cli import main

if __name__ == "__main__":
    sys.exit(main())
