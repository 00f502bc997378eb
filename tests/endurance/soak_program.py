"""Logs steadily, counts and measures itself, and when it is told to, delivers the rest and tells all in one line."""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

from rollbar_logging import RollbarHandler
from tests.pipelines import adds_up

_INTERVAL = 0.2
_PAGE = os.sysconf("SC_PAGE_SIZE")


class Sampler(threading.Thread):
    """Looks at the handler and the process five times a second.

    Attributes:
        samples: Seconds, resident bytes, threads (but for this one), open files, reports queued, spooled.
        wrong: Counts that did not add up.
    """

    def __init__(self, handler: RollbarHandler) -> None:
        super().__init__(daemon=True)
        self.samples: list[tuple[float, int, int, int, int, int]] = []
        self.wrong: list[dict[str, Any]] = []
        self.ended = threading.Event()
        self._handler = handler

    def run(self) -> None:
        """Sample until it is ended."""
        began = time.monotonic()
        while not self.ended.wait(_INTERVAL):
            stats = self._handler.stats()
            if not adds_up(stats):
                self.wrong.append(stats._asdict())
            resident = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * _PAGE
            files = sum(1 for _ in Path("/proc/self/fd").iterdir()) - 1
            moment = round(time.monotonic() - began, 1)
            self.samples.append((moment, resident, threading.active_count() - 1, files, stats.queued, stats.spooled))


def fail(rows: dict[str, Any]) -> None:
    """Fail, as applications do."""
    raise LookupError(rows)


def log(logger: logging.Logger, seconds: float, rate: float, journal: Path) -> int:
    """Log numbered reports, every fifth with an exception, and write down their uuids; returns how many."""
    began, number = time.monotonic(), 0
    with journal.open("w", encoding="ascii") as file:
        while (now := time.monotonic()) < began + seconds:
            if now < began + number / rate:
                time.sleep(began + number / rate - now)
            number += 1
            error = None
            if number % 5 == 0:
                try:
                    fail({"number": number, "rows": list(range(number % 20))})
                except LookupError:
                    error = sys.exc_info()
            level = logging.CRITICAL if number % 500 == 0 else logging.ERROR
            extra = {"number": number}
            record = logger.makeRecord(logger.name, level, __file__, 1, "report %d", (number,), error, extra=extra)
            logger.handle(record)
            file.write(f"{record.rollbar_uuid}\n")  # type: ignore[attr-defined]
    return number


def drain(handler: RollbarHandler, patience: float) -> float:
    """Wait until nothing is queued or spooled, at most *patience* seconds; returns how long it took."""
    began = time.monotonic()
    handler.flush(patience)
    while time.monotonic() < began + patience:
        stats = handler.stats()
        if not stats.queued and not stats.spooled:
            break
        time.sleep(0.1)
    return time.monotonic() - began


def main() -> None:
    """Run: seconds, reports per second, the file for the uuids, and the patience in the end."""
    seconds, rate, journal, patience = sys.argv[1:]
    handler = RollbarHandler()
    logger = logging.getLogger("application")
    logger.addHandler(handler)
    sampler = Sampler(handler)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sampler.start()
    logged = log(logger, float(seconds), float(rate), Path(journal))
    sys.stdin.readline()
    took = drain(handler, float(patience))
    sampler.ended.set()
    sampler.join()
    began = time.monotonic()
    handler.close()
    told = {
        "logged": logged,
        "drained": took,
        "closed": time.monotonic() - began,
        "stats": handler.stats()._asdict(),
        "samples": sampler.samples,
        "wrong": sampler.wrong,
    }
    sys.stdout.write(f"{json.dumps(told)}\n")


if __name__ == "__main__":
    main()
