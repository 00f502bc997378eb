"""What the product has to say of itself: to the log, seldom, and never to Rollbar."""

from __future__ import annotations

import contextlib
import logging
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from time import monotonic

from rollbar_logging.delivery.processes import speaking

INTERVAL = 60.0
"""Seconds in which the log hears a reason once."""

ADVICE = {
    "queue_full": "they came faster than they could be sent; with the option spool_dir they are kept on disk",
    "spool_full": "there was no room on disk; the option spool_bytes allows more",
    "expired": "they could not be sent before they were too old",
    "shutdown": "the process ended first; shutdown_timeout gives more time, and spool_dir keeps them on disk",
}
"""What to say of a reason when nothing better is known."""

_logger = logging.getLogger("rollbar_logging")


class Notices:
    """Tells the application's log what happened to reports, once per reason and minute.

    Used by the sending threads and, at the end, by the one that closes; a message too few or too many
    in a race between them would harm nobody, so there is no lock.

    Args:
        timer: Monotonic seconds.
    """

    def __init__(self, timer: Callable[[], float] = monotonic) -> None:
        self._timer = timer
        self._told_at: dict[str, float] = {}
        self._told: Counter[str] = Counter()
        self._why: dict[str, str] = {}
        self.is_silent = False
        """While a handler is closed: the closing thread may hold locks of `logging` that a message needs."""

    def happened(self, reason: str, message: str) -> None:
        """Tell of something that has not cost a report, if the log has not heard of it lately."""
        if self._is_news(reason):
            tell(message)

    def explain(self, reason: str, message: str) -> None:
        """Keep the words to use when `dropped` tells of this reason."""
        if message:
            self._why[reason] = message

    def dropped(self, counts: Mapping[str, int], *, is_last: bool = False) -> None:
        """Tell how many reports were dropped since the last time, by reason.

        Args:
            counts: All dropped reports so far, by reason.
            is_last: Tell all now.
        """
        for reason, count in list(counts.items()):
            new = count - self._told[reason]
            if new and (is_last or self._is_news(f"dropped {reason}")):
                self._told[reason] = count
                why = self._why.get(reason) or ADVICE.get(reason)
                reports = "1 report was" if new == 1 else f"{new} reports were"
                tell(f"{reports} dropped: {reason}{f' ({why})' if why else ''}")

    def _is_news(self, what: str) -> bool:
        now = self._timer()
        if self.is_silent or now - self._told_at.get(what, -INTERVAL) < INTERVAL:
            return False
        self._told_at[what] = now
        return True


def tell(message: str) -> None:
    """Warn the log; the standard error stream if nothing but handlers of ours would hear it. Never raises."""
    # A handler of the application's that fails must not end a sender's thread.
    with contextlib.suppress(Exception), speaking():
        if not _is_heard():
            if sys.stderr is not None:
                print(f"rollbar_logging: {message}", file=sys.stderr)  # noqa: T201 - nobody else listens
        elif _logger.disabled:
            # logging.config disables loggers that it does not know, unless told otherwise; it has not meant this one.
            _logger.callHandlers(_logger.makeRecord(_logger.name, logging.WARNING, __file__, 0, message, (), None))
        else:
            _logger.warning(message)


def _is_heard() -> bool:
    logger: logging.Logger | None = _logger
    heard_by = 0
    while logger is not None:
        for handler in logger.handlers:
            if not type(handler).__module__.startswith("rollbar_logging."):
                return True
            heard_by += 1
        logger = logger.parent if logger.propagate else None
    # With nobody at all logging's handler of last resort would not say whose message it is.
    return not heard_by and logging.lastResort is None
