"""Logs, forks in every way and ends, with every warning an error."""

from __future__ import annotations

import gc
import logging
import multiprocessing
import os
import sys

from rollbar_logging import RollbarHandler

logger = logging.getLogger("application")
handler = RollbarHandler()
logger.addHandler(handler)


def work(who: str) -> None:
    """Log an exception."""
    try:
        int(who)
    except ValueError:
        logger.exception("%s failed", who)
    gc.collect()


def forked(who: str, *, hard: bool) -> None:
    """Do it in a forked child, which leaves with or without exit functions."""
    pid = os.fork()
    if not pid:
        work(who)
        if hard:
            os._exit(0 if handler.flush(60) else 1)
        sys.exit()
    assert os.waitpid(pid, 0)[1] == 0


if __name__ == "__main__":
    work("parent")
    handler.flush(60)  # a connection is kept while the forks come
    forked("soft child", hard=False)
    forked("hard child", hard=True)
    process = multiprocessing.get_context("fork").Process(target=work, args=("process",))
    process.start()
    process.join()
    work("parent again")
