"""Logs from many greenlets, after gevent has patched the standard library at one moment or another."""

# ruff: noqa: E402, PLC0415 - when to patch is what this is about
from __future__ import annotations

import sys


def patch_if(moment: str) -> None:
    """Patch the library, if this is the moment to do it."""
    if sys.argv[1] == moment:
        from gevent import monkey  # type: ignore[import-untyped]

        monkey.patch_all()


patch_if("first")

import logging
import os

from rollbar_logging import RollbarHandler

patch_if("imported")

logger = logging.getLogger("application")
handler = RollbarHandler()
logger.addHandler(handler)

patch_if("made")

logger.error("hello")

patch_if("logged")

assert handler.flush(60), handler.stats()

patch_if("sent")

import gevent  # type: ignore[import-untyped]


class Slow:
    """What lets others have their turn while it is captured."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __str__(self) -> str:
        gevent.sleep(0)
        return self._text


def log(number: int) -> None:
    """Log, and let others have their turn."""
    for i in range(4):
        logger.error("greenlet %d %s", number, Slow(str(i)))
        gevent.sleep(0)


def everybody(numbers: range) -> None:
    """Run so many greenlets."""
    gevent.joinall([gevent.spawn(log, number) for number in numbers], raise_error=True)


if __name__ == "__main__":
    everybody(range(20))
    assert handler.flush(60), handler.stats()
    pid = os.fork()
    if not pid:
        everybody(range(100, 120))
        sys.exit(0 if handler.flush(60) else 1)
    assert os.waitpid(pid, 0)[1] == 0
    everybody(range(20, 40))
