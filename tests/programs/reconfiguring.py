"""Replaces the handler by `dictConfig` while threads log, and looks at what is left of the old ones."""

from __future__ import annotations

import logging
import logging.config
import sys
import threading
from pathlib import Path

from rollbar_logging import RollbarHandler

made: list[RollbarHandler] = []
FILES = Path("/proc/self/fd")


class Remembered(RollbarHandler):
    """A handler that is looked at when it is closed."""

    def __init__(self, **options: object) -> None:
        """Be remembered."""
        super().__init__(**options)  # type: ignore[arg-type]
        made.append(self)


def configure(interval: float) -> None:
    """Give the root logger a new handler."""
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "handlers": {"rollbar": {"()": Remembered, "flush_interval": interval}},
            "root": {"level": "DEBUG", "handlers": ["rollbar"]},
        }
    )


def open_files() -> int:
    """How many files and sockets this process has open."""
    return len(list(FILES.iterdir())) if FILES.exists() else 0


def log_on(number: int, end: threading.Event) -> None:
    """Log as a thread that knows nothing of any configuration."""
    i = 0
    while not end.wait(0.001):
        logging.getLogger().error("thread %d %d", number, i)
        i += 1


def turns(numbers: range) -> None:
    """Log, and replace the handler, whose senders have not asked their loggers anything yet."""
    for i in numbers:
        logging.getLogger().error("main %d", i)
        logging.getLogger().manager._clear_cache()  # type: ignore[attr-defined]
        configure(interval=(0, 3600)[i % 2])


def main(count: int) -> None:
    """Do it without other threads, and then with some."""
    configure(interval=3600)
    turns(range(count // 2))
    files = open_files()
    end = threading.Event()
    threads = [threading.Thread(target=log_on, args=(number, end)) for number in range(3)]
    for thread in threads:
        thread.start()
    turns(range(count // 2, count))
    end.set()
    for thread in threads:
        thread.join()
    logging.shutdown()
    for thread in threading.enumerate():
        if thread is not threading.main_thread():
            thread.join(10)
    assert threading.active_count() == 1, threading.enumerate()
    assert open_files() <= files, (open_files(), files)
    for handler in made:
        stats = handler.stats()
        assert stats.accepted == stats.sent + sum(stats.dropped.values()), stats
        assert set(stats.dropped) <= {"shutdown"}, stats
    sys.stdout.write("done\n")


if __name__ == "__main__":
    main(int(sys.argv[1]))
