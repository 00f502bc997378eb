"""loguru: a sink that reports.

    from loguru import logger
    from rollbar_logging.integrations.loguru import RollbarSink

    logger.add(RollbarSink(), level="ERROR")

What is bound (``logger.bind``, ``contextualize``, ``extra``) is custom data, but for the names that a log call's
``extra`` may have for a `RollbarHandler`, such as ``rollbar_person``, which mean the same.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rollbar_logging.delivery.notices import tell
from rollbar_logging.errors import in_words
from rollbar_logging.handler import RollbarHandler
from rollbar_logging.integrations.heard import is_heard
from rollbar_logging.integrations.reporting import Roster, handlers

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from rollbar_logging.settings import Options

_CALL_HANDLERS = logging.Logger.callHandlers.__code__


class RollbarSink:
    """Gives each message of loguru to the handlers, as a record.

    A line of `logging` that an ``InterceptHandler`` passes on to loguru is left out where a `RollbarHandler` gets it
    from `logging` as well.

    Args:
        handler: By default every handler of the process; if there is none, or options are given, a new one.
        options: Of the new handler. loguru's ``level`` decides before the handler's own does.

    Raises:
        SettingsError: An option has a value that cannot work.
    """

    def __init__(self, handler: RollbarHandler | None = None, **options: Unpack[Options]) -> None:
        if handler is None and (options or not handlers()):
            handler = RollbarHandler(**options)
        self._handler = handler
        self._roster = Roster()

    def __call__(self, message: Any) -> None:
        """Report a message, as loguru hands it over."""
        try:
            held = message.record
            level = int(held["level"].no)
            taking = [each for each in self._handlers() if level >= each.level]
            if taking and not _is_reported_by_logging():
                record = _record(held, level)
                for handler in taking:
                    handler.handle(record)
        except Exception as error:  # noqa: BLE001 - the application must not fail because a report did
            tell(f"a message of loguru could not be reported: {in_words(error)}")

    def _handlers(self) -> list[RollbarHandler]:
        return [self._handler] if self._handler is not None else self._roster.handlers()


def _record(held: Mapping[str, Any], level: int) -> logging.LogRecord:
    exception = held["exception"]
    extra = dict(held["extra"])
    understood = {name: extra.pop(name) for name in list(extra) if name.startswith("rollbar_")}
    return logging.makeLogRecord(
        {
            **understood,
            "name": held["name"] or "loguru",
            "msg": held["message"],
            "levelno": level,
            "levelname": held["level"].name,
            "created": held["time"].timestamp(),
            "pathname": held["file"].path,
            "lineno": held["line"],
            "funcName": held["function"],
            "process": held["process"].id,
            "processName": held["process"].name,
            "thread": held["thread"].id,
            "threadName": held["thread"].name,
            "exc_info": None if exception is None else (exception.type, exception.value, exception.traceback),
            "extra_data": extra or None,
        }
    )


def _is_reported_by_logging() -> bool:
    """Whether this message began as a line of `logging` that goes to a handler of ours by itself."""
    frame = sys._getframe(1)  # noqa: SLF001 - as `logging` itself looks for its caller
    while frame is not None:
        if frame.f_code is _CALL_HANDLERS:
            record = frame.f_locals["record"]
            return is_heard(record.name, record.levelno)
        if frame.f_back is None:
            break
        frame = frame.f_back
    return False
