"""Logs from many greenlets, after gevent has patched the standard library."""

from __future__ import annotations

import sys

if sys.argv[1] == "early":
    from gevent import monkey  # type: ignore[import-untyped]

    monkey.patch_all()

import logging
import os

from rollbar_logging import RollbarHandler

logger = logging.getLogger("application")
handler = RollbarHandler()
logger.addHandler(handler)

if sys.argv[1] == "late":
    from gevent import monkey

    monkey.patch_all()

import gevent  # type: ignore[import-untyped]  # noqa: E402 - when to patch is what this is about


def log(number: int) -> None:
    """Log, and let others have their turn."""
    for i in range(4):
        logger.error("greenlet %d %d", number, i)
        gevent.sleep(0)


def everybody(numbers: range) -> None:
    """Run so many greenlets."""
    gevent.joinall([gevent.spawn(log, number) for number in numbers], raise_error=True)


if __name__ == "__main__":
    everybody(range(20))
    assert handler.flush(5), handler.stats()
    pid = os.fork()
    if not pid:
        everybody(range(100, 120))
        sys.exit(0 if handler.flush(5) else 1)
    assert os.waitpid(pid, 0)[1] == 0
    everybody(range(20, 40))
