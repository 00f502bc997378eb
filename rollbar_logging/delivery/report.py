"""One accepted report on its way."""

from __future__ import annotations

from rollbar_logging.capture.occurrence import Occurrence
from rollbar_logging.levels import LEVELS


class Report:
    """A report between its capture and its end; owned by the queue or by the one thread that sends it.

    Attributes:
        occurrence: What was captured; gone once ``body`` is made of it.
        body: The bytes to post, made at the first attempt and kept for the next.
        created: Unix seconds of the log call.
        rank: Severity, 0 (debug) to 4 (critical).
        size: Bytes that it takes in memory, by estimate.
        serial: Its place in the order of acceptance; given by the queue.
        attempts: How often it was tried.
        is_shrunk: Whether it was made smaller for a server that refused it as too large.
    """

    __slots__ = ("attempts", "body", "created", "is_shrunk", "occurrence", "rank", "serial", "size")

    def __init__(self, occurrence: Occurrence) -> None:
        self.occurrence: Occurrence | None = occurrence
        self.body: bytes | None = None
        self.created = occurrence.created
        self.rank = LEVELS[occurrence.level] // 10 - 1
        self.size = occurrence.size
        self.serial = 0
        self.attempts = 0
        self.is_shrunk = False

    def become(self, body: bytes) -> None:
        """Keep the bytes and let go of what they were made of."""
        self.body = body
        self.occurrence = None
        self.size = len(body)
