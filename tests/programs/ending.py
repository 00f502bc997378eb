"""Logs until a signal comes, and tells how many reports were accepted."""

from __future__ import annotations

import logging
import signal
import sys
import time

from rollbar_logging import RollbarHandler

logger = logging.getLogger("application")
handler = RollbarHandler()
logger.addHandler(handler)


def main() -> None:
    """Log faster than reports are sent, without end."""
    if sys.argv[1] == "handled":
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        i = 0
        while True:
            logger.error("record %d", i)
            i += 1
            if i == 20:
                print("logging", flush=True)  # noqa: T201 - for the test
            time.sleep(0.001)
    finally:
        print("accepted", handler.stats().accepted, flush=True)  # noqa: T201 - for the test


if __name__ == "__main__":
    main()
