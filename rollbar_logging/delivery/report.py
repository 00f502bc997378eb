"""One accepted report on its way."""

from __future__ import annotations

import math
import time
from time import monotonic

from rollbar_logging.capture.occurrence import Occurrence
from rollbar_logging.levels import LEVELS

_OLDEST = 31 * 86_400
"""Seconds: as old as a report may be by any setting."""


class Report:
    """A report between its capture and its end; owned by the queue or by the one thread that sends it.

    Attributes:
        uuid: The item's uuid.
        occurrence: What was captured; gone once ``body`` is made of it.
        body: The bytes to post, made at the first attempt and kept for the next.
        created: Unix seconds of the log call.
        born: Monotonic seconds of the log call: the machine's clock may be set while the report waits.
        rank: Severity, 0 (debug) to 4 (critical).
        size: Bytes that it takes in memory, by estimate.
        serial: Its place in the order of acceptance; given by the queue.
        attempts: How often it was tried.
        is_shrunk: Whether it was made smaller for a server that refused it as too large.
        is_kept: Whether the spool has it, with a claim of this process.
    """

    __slots__ = (
        "attempts",
        "body",
        "born",
        "created",
        "is_kept",
        "is_shrunk",
        "occurrence",
        "rank",
        "serial",
        "size",
        "uuid",
    )

    def __init__(self, occurrence: Occurrence) -> None:
        self.uuid = occurrence.uuid
        self.occurrence: Occurrence | None = occurrence
        self.body: bytes | None = None
        self.created = occurrence.created
        # A record made by hand may carry any time; it is not dropped for it as too old.
        self.born = _born(self.created, _OLDEST)
        self.rank = LEVELS[occurrence.level] // 10 - 1
        self.size = occurrence.size
        self.serial = 0
        self.attempts = 0
        self.is_shrunk = self.is_kept = False

    @classmethod
    def from_spool(cls, uuid: str, rank: int, created: float, body: bytes) -> Report:
        """Make a report of what the spool has, claimed by this process."""
        report = cls.__new__(cls)
        report.uuid, report.rank, report.created = uuid, rank, created
        report.born = _born(created)
        report.serial = report.attempts = 0
        report.is_shrunk, report.is_kept = False, True
        report.become(body)
        return report

    def become(self, body: bytes) -> None:
        """Keep the bytes and let go of what they were made of."""
        self.body = body
        self.occurrence = None
        self.size = len(body)


def _born(created: float, oldest: float = math.inf) -> float:
    age = time.time() - created
    return monotonic() - age if 0 < age <= oldest else monotonic()
