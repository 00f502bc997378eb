"""Spools for tests, and what is kept in them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rollbar_logging.delivery.spool import Kept, Spool

NOW = 1_800_000_000.0


class Clock:
    """Unix seconds that pass when told to."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        """As `time.time`."""
        return self.now


@contextmanager
def spools(folder: Path, clock: Clock) -> Iterator[Callable[..., Spool]]:
    """Make spools in one folder, each like another process's, and close them in the end."""
    made: list[Spool] = []

    def new(**options: Any) -> Spool:
        made.append(Spool(str(folder), **{"token": "t", "clock": clock, **options}))
        return made[-1]

    yield new
    for spool in made:
        spool.close()


def kept(uuid: str, rank: int = 3, age: float = 0.0, body: bytes = b"{}") -> Kept:
    """A report."""
    return Kept(uuid, rank, NOW - age, body)


def uuids(reports: Any) -> list[str]:
    """The uuids of reports, in order."""
    return [report.uuid for report in reports]


def file_of(spool: Spool) -> Path:
    """The spool's file."""
    return spool.file.path
