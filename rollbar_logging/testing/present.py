"""Which handlers are there to report a record, and which records were too low for all of them."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

from rollbar_logging.handler import RollbarHandler

_OURS = "rollbar_logging"
"""Name of the logger that tells of the reports themselves: its records are none that a test looks for."""
_KEPT = 3
"""Records that are told of; a program may log any number below the level."""


def rollbar_handlers() -> Iterator[RollbarHandler]:
    """Yield those that are on any logger, perhaps behind a handler that passes records on."""
    root = logging.getLogger()
    for logger in [root, *list(root.manager.loggerDict.values())]:
        if isinstance(logger, logging.Logger):
            yield from _among(logger.handlers)


def _among(handlers: Any, depth: int = 3) -> Iterator[RollbarHandler]:
    # Whatever a test may have put there, such as a mock, which has every attribute.
    if depth < 0 or not isinstance(handlers, (list, tuple)):
        return
    for handler in list(handlers):
        if isinstance(handler, RollbarHandler):
            yield handler
            continue
        listener = getattr(handler, "listener", None)  # of a QueueHandler that was configured with Python 3.12 or newer
        for behind in ([getattr(handler, "target", None)], getattr(listener, "handlers", None)):
            yield from _among(behind, depth - 1)


class TooLow:
    """The first records that were logged below the level of every handler: often those that a test looks for."""

    def __init__(self) -> None:
        self._noted: list[str] = []
        self._level = logging.NOTSET

    @property
    def is_full(self) -> bool:
        """Whether no more are kept."""
        return len(self._noted) >= _KEPT

    def note(self, record: logging.LogRecord, level: int) -> None:
        """Keep what a record says, if there is room; *level* is the lowest that would have been reported."""
        if self.is_full or str(record.name).partition(".")[0] == _OURS:
            return
        try:
            text = record.getMessage()
        except Exception:  # noqa: BLE001 - arguments that do not fit, which nobody has formatted yet
            text = str(record.msg)
        self._level = level
        self._noted.append(f"{record.levelname} {text!r}")

    def told(self) -> str:
        """Return a line about them for the message of a failed assertion, or nothing."""
        if not self._noted:
            return ""
        more = ", …" if self.is_full else ""
        return f"\nlogged below the level {logging.getLevelName(self._level)}: {', '.join(self._noted)}{more}"
