"""`capture_reports`: what this process reports stays in memory, where a test can look at it.

A handler's records go to one that stands in for it, with the same settings and a transport into memory: so a report is
captured, built, scrubbed and cut as it would be for Rollbar, and yet nothing of the handler's own state (what waits
in its queue, its counts of storms, its spool) gets into the test, or remains of it.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import logging
import os
import threading
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from rollbar_logging.delivery.answer import Answer
from rollbar_logging.errors import RollbarError
from rollbar_logging.handler import RollbarHandler
from rollbar_logging.settings import Settings
from rollbar_logging.testing.present import TooLow, rollbar_handlers
from rollbar_logging.testing.report import Report
from rollbar_logging.testing.reports import Reports

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from rollbar_logging.settings import Options

PATIENCE = 30.0
"""Seconds that building what was logged may take."""

UNHURRIED: dict[str, Any] = {"flush_interval": 0.0, "storm_limit": 0, "capture_budget": 10.0}
"""Options of a handler whose reports do not depend on how busy the machine is, or on what was logged before."""

_ROOMY = {**UNHURRIED, "max_connections": 1, "max_age": float("inf"), "queue_size": 10**9, "queue_bytes": 10**12}
_emit = RollbarHandler.emit


@contextlib.contextmanager
def capture_reports(
    logger: str | logging.Logger | None = None, *, leave: Collection[str] = (), **options: Unpack[Options]
) -> Iterator[Reports]:
    """Take what this process reports, for as long as ``with`` lasts; nothing of it leaves the process.

    The reports of every `RollbarHandler` are taken, whether it is configured already or only meanwhile, has an access
    token or none, is enabled or not. If none is on any logger, one that is made of *options* and of the
    environment variables listens on *logger*. ``record.rollbar_uuid`` is set as ever.

    What depends on time or load is left out, unless *options* say otherwise: storms are not counted
    (``storm_limit=0``), ``capture_budget`` is 10 seconds, the queue has no bounds.

    Captures may be nested: the innermost takes what is logged.

    Args:
        logger: Whose records are taken, with those of the loggers below it; by default all. Other records go their
            usual way.
        leave: Endpoints of handlers that are left alone, such as ``LocalRollbar.endpoint``.
        options: Options of `RollbarHandler`, over those of the handlers that are there; ``level`` is theirs, though.

    Returns:
        The reports, also when ``with`` is over.

    Raises:
        SettingsError: An option has a value that cannot work.
        RollbarError: What was logged was not built in 30 seconds, as by a ``before_send`` that hangs.
    """
    if "transport" in options:
        raise TypeError("capture_reports has a transport of its own")
    capture = _Capture(logging.getLogger(logger) if isinstance(logger, str) else logger, leave, options)
    capture.open()
    try:
        yield capture.reports
    finally:
        capture.close()


class _Memory:
    """A `Transport` that keeps what it is given. Without a lock, since a forked child might find that taken."""

    def __init__(self) -> None:
        self.reports: list[Report] = []

    def send(self, body: bytes, timeout: float) -> Answer:  # noqa: ARG002 - a transport's
        self.reports.append(Report(json.loads(body)["data"], len(body)))
        return Answer(200)

    def close(self) -> None:
        """Nothing to give back: the test may still look."""


class _StandIn(RollbarHandler):
    """Takes the records of a handler, with that one's settings."""

    def __init__(self, settings: Settings) -> None:
        self._given = settings
        super().__init__()

    def _resolved(self, options: Options) -> Settings:  # noqa: ARG002 - there are none
        return self._given

    def handle(self, record: logging.LogRecord) -> bool:  # noqa: ARG002 - a handler's
        """Take nothing from an integration that gives its reports to every handler there is: one is in for many."""
        return False

    def emit(self, record: logging.LogRecord) -> None:
        _emit(self, record)

    def close(self) -> None:
        """Do nothing: to configure logging anew closes every handler there is, and the test goes on."""

    def end(self) -> None:
        """Close, really."""
        super().close()


class _Listener(logging.Handler):
    """Where no `RollbarHandler` is on any logger, reports in place of one."""

    def __init__(self, capture: _Capture, settings: Settings) -> None:
        super().__init__(settings.level)
        self._usual_level = self.level
        self.setLevel(logging.NOTSET)
        self._capture = capture
        self._settings = settings

    def emit(self, record: logging.LogRecord) -> None:
        too_low = self._capture.too_low
        if (record.levelno < self._usual_level and too_low.is_full) or _taker(record) is not self._capture:
            return
        levels = [handler.level for handler in rollbar_handlers()]
        lowest = min(levels, default=self._usual_level)
        if record.levelno < lowest:
            too_low.note(record, lowest)
        elif not levels:
            self._capture.take(self, self._settings, record)


class _Capture:
    """What goes on between the begin and the end of one ``with``."""

    open_ones: ClassVar[list[_Capture]] = []
    """The innermost last. Kept here, since it is a class whose method they replace: there is one for all."""

    _opening = threading.Lock()
    usual: ClassVar[Any] = _emit

    def __init__(self, logger: logging.Logger | None, leave: Collection[str], options: Options) -> None:
        settings = Settings.resolve(options, os.environ)
        self._memory = _Memory()
        changes = {**_ROOMY, **{name: getattr(settings, name) for name, value in options.items() if value is not None}}
        self._changes = {**changes, "enabled": True, "transport": self._memory, "spool_dir": None}
        self._leave = leave
        self._logger = logger or logging.getLogger()
        self._listener = _Listener(self, settings)
        self._stand_ins: dict[logging.Handler, _StandIn] = {}
        self._made: list[_StandIn] = []
        self._numbers = itertools.count()
        self._order: dict[str, int] = {}
        self.too_low = TooLow()
        self.reports = Reports(self.look, self.count_dropped, self.too_low.told)

    def open(self) -> None:
        with self._opening:
            if not self.open_ones:
                _Capture.usual = RollbarHandler.emit
                RollbarHandler.emit = _diverted  # type: ignore[method-assign]
            self.open_ones.append(self)
        self._logger.addHandler(self._listener)

    def close(self) -> None:
        self._logger.removeHandler(self._listener)
        self._listener.close()
        with self._opening:
            self.open_ones.remove(self)
            if not self.open_ones:
                RollbarHandler.emit = _Capture.usual  # type: ignore[method-assign]
        try:
            self.look()
        finally:
            self._stand_ins.clear()  # else a handler lives, and reports, for as long as somebody has the reports
            for stand_in in self._made:
                stand_in.end()

    def takes(self, record: logging.LogRecord, endpoint: str | None) -> bool:
        name = self._logger.name
        is_below = self._logger.parent is None or f"{record.name}.".startswith(f"{name}.")
        return is_below and endpoint not in self._leave

    def take(self, handler: logging.Handler, settings: Settings, record: logging.LogRecord) -> None:
        """Report a record as *handler* would."""
        stand_in = self._stand_ins.get(handler)
        if stand_in is None:
            made = _StandIn(settings._replace(**self._changes))
            stand_in = self._stand_ins.setdefault(handler, made)  # another thread may have been faster
            if stand_in is made:
                self._made.append(made)
        number = next(self._numbers)
        stand_in.emit(record)
        uuid = record.__dict__.get("rollbar_uuid")
        if uuid is not None:
            self._order.setdefault(uuid, number)

    def look(self) -> list[Report]:
        for stand_in in list(self._made):
            if not stand_in.flush(PATIENCE):
                raise RollbarError(f"what was logged was not built within {PATIENCE:g} s: does before_send hang?")
        return sorted(self._memory.reports, key=lambda report: self._order.get(report.uuid, len(self._order)))

    def count_dropped(self) -> Mapping[str, int]:
        self.look()
        counts: Counter[str] = Counter()
        for stand_in in list(self._made):
            counts.update(stand_in.stats().dropped)
        return counts


def _diverted(self: RollbarHandler, record: logging.LogRecord) -> None:
    """Replaces `RollbarHandler.emit` while there is a capture."""
    settings = self._settings
    capture = _taker(record, settings.endpoint)
    if capture is None:
        _Capture.usual(self, record)
    elif not getattr(self, "_closed", self._is_closed):  # as it would not report then
        capture.take(self, settings, record)


def _taker(record: logging.LogRecord, endpoint: str | None = None) -> _Capture | None:
    captures = reversed(_Capture.open_ones)
    return next((capture for capture in captures if capture.takes(record, endpoint)), None)
