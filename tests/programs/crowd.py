"""Logs from many threads at once, and tells the handler's counts."""

from __future__ import annotations

import json
import logging
import sys
import threading

from rollbar_logging import RollbarHandler

logger = logging.getLogger("application")
handler = RollbarHandler()
logger.addHandler(handler)


def main(threads: int, records: int) -> None:
    """Let so many threads log so many records each, all at the same time."""
    together = threading.Barrier(threads)

    def log(number: int) -> None:
        together.wait()
        for i in range(records):
            logger.error("thread %d %d", number, i)

    crowd = [threading.Thread(target=log, args=(number,)) for number in range(threads)]
    for thread in crowd:
        thread.start()
    for thread in crowd:
        thread.join()
    handler.flush(60)
    print(json.dumps(handler.stats()._asdict()))  # noqa: T201 - for the test


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
