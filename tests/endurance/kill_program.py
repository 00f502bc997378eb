"""Logs numbered reports and writes down which; until it is killed, or until nothing is left to be delivered.

Its journal is only appended to, a line a write: ``B <number> <moment>`` before the log call, ``A ...`` after it, in
monotonic seconds, which all processes of a machine have in common.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import time
from pathlib import Path

from rollbar_logging import RollbarHandler
from rollbar_logging.delivery.spool import Spool
from tests.pipelines import TOKEN


def log(logger: logging.Logger, journal: int, first: int, rate: float, most: int) -> None:
    """Log at most so many reports, each with the next number."""
    began = time.monotonic()
    for i in range(most):
        time.sleep(max(0.0, began + i / rate - time.monotonic()))
        number = first + i
        os.write(journal, f"B {number} {time.monotonic()}\n".encode())
        logger.error("report %d", number, extra={"number": number})
        os.write(journal, f"A {number} {time.monotonic()}\n".encode())


def finish(handler: RollbarHandler, folder: str, patience: float) -> None:
    """Deliver until the spool is empty, at most *patience* seconds, and tell how that went."""
    began = time.monotonic()
    spool = Spool(folder, token=TOKEN)
    at_first = left = spool.contents().number
    while left and time.monotonic() < began + patience:
        time.sleep(0.2)
        left = spool.contents().number
    spool.close()
    handler.flush(10)
    took = time.monotonic() - began
    handler.close()
    told = {"at_first": at_first, "left": left, "took": took, "stats": handler.stats()._asdict()}
    sys.stdout.write(f"{json.dumps(told)}\n")


def main() -> None:
    """Run: the journal, the first number, reports per second, how many, and for the last one, its patience."""
    journal, first, rate, most, *patience = sys.argv[1:]
    handler = RollbarHandler()
    logger = logging.getLogger("application")
    logger.addHandler(handler)
    descriptor = os.open(Path(journal), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    log(logger, descriptor, int(first), float(rate), int(most))
    if patience:
        finish(handler, os.environ["ROLLBAR_SPOOL_DIR"], float(patience[0]))


if __name__ == "__main__":
    main()
