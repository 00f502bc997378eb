"""Becomes a daemon as old books have it: two forks, a session of its own, every file closed."""

from __future__ import annotations

import gc
import logging
import os
import sys

from rollbar_logging import RollbarHandler

RECORDS = 5
logger = logging.getLogger("application")
handler = RollbarHandler()
logger.addHandler(handler)


def log(who: str) -> None:
    """Log so many records as somebody."""
    for i in range(RECORDS):
        logger.error("%s %d", who, i)


def become_daemon() -> None:
    """Leave the parent, the session, the terminal and every open file."""
    if os.fork():
        sys.exit()
    os.setsid()
    if os.fork():
        os._exit(0)
    os.chdir("/")
    os.closerange(0, 1024)
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)


def main() -> None:
    """Log before and after, with a connection that is kept, and what waits while the files are closed."""
    log("before")
    assert handler.flush(60)
    if sys.argv[1] == "busy":
        log("waiting")
    become_daemon()
    log("daemon")
    assert handler.flush(60)
    gc.collect()  # what is left of the parent's connections must not close what has their numbers now
    log("daemon again")


if __name__ == "__main__":
    main()
