"""The trail: what was logged before, in the same request or task, and travels along with a report.

A trail belongs to a thread or an asyncio task, and there to a request, where an integration says that one begins.
A task begins with a copy of what its maker has seen. Nothing is kept but plain, bounded data.
"""

from __future__ import annotations

import logging
import sys
from collections import deque
from contextvars import ContextVar
from threading import get_ident
from typing import Any, NamedTuple

from rollbar_logging.capture.exceptions import exc_info_of, message_of_error
from rollbar_logging.capture.kinds import Kinds
from rollbar_logging.capture.occurrence import Occurrence, Plain
from rollbar_logging.capture.record import message_of
from rollbar_logging.capture.seen import scope
from rollbar_logging.capture.type_names import type_name
from rollbar_logging.capture.values import Bounds, Reading
from rollbar_logging.levels import LEVELS, level_of

_NAMES = {number: name for name, number in LEVELS.items()}
"""Of the levels that nearly all events have; the others are looked for."""

_BOUNDS = Bounds(max_string=64, max_items=8, max_depth=2, capture_budget=0.002)
"""Of one event, of which many travel along; smaller than a report's own."""

EVENT_BYTES = 1000
"""Estimate of the memory that an event takes, one of a request or a statement with its longer text."""

Event = dict[str, Plain]
"""Of Rollbar's ``body.telemetry``: ``level``, ``type``, ``source``, ``timestamp_ms`` and ``body``."""


def shortened(text: str, limit: int) -> str:
    """Cut *text* to *limit* characters, and note how many are missing."""
    return text if len(text) <= limit else text[:limit] + cut_note(len(text) - limit)


def cut_note(missing: int) -> str:
    """Return what stands at the end of a text of which so many characters are missing."""
    return f"… [+{missing} chars]"


class _Trail(NamedTuple):
    owner: int
    scope: float
    events: deque[Event]


class Telemetry:
    """Keeps the trail of each context.

    Args:
        size: Events that a trail keeps; the oldest goes.
        level: Of `logging`; records below it are not kept.
    """

    def __init__(self, size: int, level: int) -> None:
        self.level = level
        self._size = size
        self._kinds = Kinds()
        # One variable for each handler, which are few and live as long as the process.
        self._current: ContextVar[_Trail | None] = ContextVar("rollbar_logging_trail", default=None)

    def note(self, record: logging.LogRecord) -> None:
        """Keep a record of at least the level."""
        if record.levelno < self.level:
            return
        reading = Reading(_BOUNDS, self._kinds)
        body: dict[str, Plain] = {"message": message_of(record, reading), "logger": str(record.name)}
        exc_info = record.exc_info
        error = exc_info_of(exc_info) if exc_info is not None else None
        if error is not None:
            body["exception"] = reading.text(f"{type_name(type(error[0]))}: {message_of_error(error[0], reading)}")
        self.add(record.levelno, "log", record.created, body)

    def add(self, levelno: int, kind: str, unix_time: float, body: dict[str, Plain]) -> None:
        """Keep an event of at least the level. There are many for each report, so as little is done as can be.

        Args:
            levelno: Of `logging`.
            kind: ``log``, ``network``, ``manual`` …; see the API's description of telemetry.
            unix_time: Seconds.
            body: Plain values, bounded. It is kept as it is, and no longer the caller's to change.
        """
        if levelno < self.level:
            return
        event: Event = {
            "level": _NAMES.get(levelno) or level_of(levelno),
            "type": kind,
            "source": "server",
            "timestamp_ms": int(unix_time * 1000),
            "body": body,
        }
        self._trail().append(event)

    def attached(self, occurrence: Occurrence) -> Occurrence:
        """Return *occurrence* with the trail of the current context."""
        events = self.events()
        if not events:
            return occurrence
        return occurrence._replace(telemetry=events, size=occurrence.size + EVENT_BYTES * len(events))

    def events(self) -> tuple[Event, ...]:
        """Return the trail of the current context, the oldest first."""
        return tuple(self._trail())

    def _trail(self) -> deque[Event]:
        trail, owner, began = self._current.get(), _owner(), scope()
        if trail is not None and trail.owner == owner and trail.scope == began:
            return trail.events
        inherited = trail.events if trail is not None and trail.scope == began else ()
        events = deque(inherited, self._size)
        self._current.set(_Trail(owner, began, events))
        return events


def _owner() -> int:
    """Return what tells this task, or this thread, from those that run beside it."""
    asyncio: Any = sys.modules.get("asyncio")
    if asyncio is not None:
        try:
            # Where no loop runs, this answers; `current_task` would raise, which takes longer than all the rest.
            loop = asyncio._get_running_loop()  # noqa: SLF001 - what `asyncio` documents for frameworks
            task = None if loop is None else asyncio.current_task(loop)
        except (RuntimeError, AttributeError):  # asyncio is being imported
            task = None
        if task is not None:
            return id(task)
    return get_ident()
