"""Forks with `os.fork` while other threads log and the worker is busy."""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Callable

from rollbar_logging import RollbarHandler

RECORDS = 10
logger = logging.getLogger("application")
handler = RollbarHandler()


def log(who: str) -> None:
    """Log so many records as somebody."""
    for i in range(RECORDS):
        logger.error("%s %d", who, i)


def child(task: Callable[[], None]) -> int:
    """Fork, and do *task* in the child, which then ends as a program does."""
    pid = os.fork()
    if pid:
        return pid
    task()
    sys.exit()


def flush_and_leave(who: str) -> None:
    """Log, and leave without any exit function."""
    log(who)
    os._exit(0 if handler.flush() else 1)


def fork_again() -> None:
    """Log in a child, and in a child of it."""
    log("child")
    wait_for([child(lambda: log("grandchild"))])
    log("child again")


def wait_for(pids: list[int]) -> None:
    """Wait for children, which must end well."""
    for pid in pids:
        _, status = os.waitpid(pid, 0)
        assert os.waitstatus_to_exitcode(status) == 0, status


def busy() -> None:
    """Fork several times while three threads log."""
    threads = [threading.Thread(target=log, args=(f"thread {number}",)) for number in range(3)]
    for thread in threads:
        thread.start()
    log("parent")
    wait_for([child(lambda: log("child 1")), child(lambda: flush_and_leave("child 2")), child(lambda: None)])
    for thread in threads:
        thread.join()
    log("parent again")


def nested() -> None:
    """Fork in a child."""
    log("parent")
    wait_for([child(fork_again)])


def in_thread() -> None:
    """Fork in a thread, which is the main one in the child."""
    log("parent")
    pids: list[int] = []
    thread = threading.Thread(target=lambda: pids.append(child(lambda: flush_and_leave("child"))))
    thread.start()
    thread.join()
    wait_for(pids)


def dropping() -> None:
    """Drop in the parent and fork at once, while the worker may tell of it on the error stream, again and again."""
    for i in range(20):
        logger.error("rejected in the parent %d", i)
        handler.flush()
        wait_for([child(sys.stderr.flush)])
    wait_for([child(lambda: logger.error("rejected in the child"))])


if __name__ == "__main__":
    logger.addHandler(handler)
    {"busy": busy, "nested": nested, "in thread": in_thread, "dropping": dropping}[sys.argv[1]]()
