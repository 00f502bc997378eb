"""Logs in children of `multiprocessing`, which end without running exit functions."""

from __future__ import annotations

import logging
import multiprocessing
import sys
from concurrent.futures import ProcessPoolExecutor

from rollbar_logging import RollbarHandler

logger = logging.getLogger("application")
logger.addHandler(RollbarHandler())


def work(who: str) -> None:
    """Log as somebody; what is logged last must arrive as well."""
    logger.error("%s first", who)
    logger.error("%s last", who)


def fail() -> None:
    """End by an exception."""
    logger.error("failing last")
    sys.exit(7)


if __name__ == "__main__":
    multiprocessing.set_start_method(sys.argv[1])
    work("parent")
    children = [multiprocessing.Process(target=work, args=(f"child {number}",)) for number in range(2)]
    children.append(multiprocessing.Process(target=fail))
    for process in children:
        process.start()
    with ProcessPoolExecutor(2) as pool:
        list(pool.map(work, ["task 0", "task 1"]))
    for process in children:
        process.join()
    assert [process.exitcode for process in children] == [0, 0, 7]
