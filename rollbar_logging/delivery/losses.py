"""What was dropped, and the one report that tells Rollbar of it."""

from __future__ import annotations

import logging
import os
import threading
from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import NamedTuple

from rollbar_logging.capture.occurrence import Occurrence, Plain
from rollbar_logging.capture.record import uuid4

_WANTED = frozenset({"before_send"})
"""Reasons that are no loss: somebody asked for it."""

_TITLE = "rollbar_logging dropped reports"


class Loss(NamedTuple):
    """Reports dropped for one reason.

    Attributes:
        number: How many.
        first: Unix seconds of the first.
        last: Unix seconds of the last.
    """

    number: int
    first: float
    last: float


class Losses:
    """Counts dropped reports by reason. Not for several threads at once: it belongs to the queue.

    Attributes:
        counts: All so far, by reason; not to be changed.
    """

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._untold: dict[str, Loss] = {}

    def add(self, reason: str, number: int, now: float) -> None:
        """Count *number* reports, dropped at *now* (Unix seconds)."""
        self.counts[reason] += number
        if reason not in _WANTED:
            before, first, _ = self._untold.get(reason, Loss(0, now, now))
            self._untold[reason] = Loss(before + number, first, now)

    def take_untold(self) -> dict[str, Loss]:
        """Return what was added since the last call, by reason."""
        untold, self._untold = self._untold, {}
        return untold

    def restore(self, untold: Mapping[str, Loss]) -> None:
        """Take back what could not be told."""
        for reason, loss in untold.items():
            later = self._untold.get(reason, Loss(0, loss.first, loss.last))
            self._untold[reason] = Loss(loss.number + later.number, loss.first, later.last)


def as_occurrence(losses: Mapping[str, Loss], now: float) -> Occurrence:
    """Make the report, at level warning, that tells how many reports were dropped, why, and between when.

    Args:
        losses: By reason; at least one.
        now: Unix seconds.
    """
    total = sum(loss.number for loss in losses.values())
    reasons = ", ".join(f"{reason} {loss.number}" for reason, loss in losses.items())
    thread = threading.current_thread()
    dropped: dict[str, Plain] = {
        reason: {"number": loss.number, "first": _moment(loss.first), "last": _moment(loss.last)}
        for reason, loss in losses.items()
    }
    return Occurrence(
        uuid4(),
        now,
        "warning",
        logging.WARNING,
        "rollbar_logging",
        f"{_TITLE}: {total} ({reasons})",
        _TITLE,
        (None, None, None, os.getpid(), None, thread.ident, thread.name),
        extras={"dropped": dropped},
    )


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec="milliseconds")
