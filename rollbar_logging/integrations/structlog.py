"""structlog without `logging`: a processor that reports, and passes the event on as it is.

    import structlog
    from rollbar_logging.integrations.structlog import RollbarProcessor

    structlog.configure(processors=[
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        RollbarProcessor(),
        structlog.dev.ConsoleRenderer(),
    ])

Where structlog hands its events to `logging`, the handler alone understands them, and this is not needed.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

from rollbar_logging.delivery.notices import tell
from rollbar_logging.errors import in_words
from rollbar_logging.handler import RollbarHandler
from rollbar_logging.integrations.reporting import Roster

_LEVELS = {"exception": logging.ERROR, "warn": logging.WARNING, "fatal": logging.CRITICAL, "notset": logging.NOTSET}
_NAMES = ("logger", "logger_name")


class RollbarProcessor:
    """Gives each event that is severe enough to the handlers, as a record whose extras are what the event holds.

    Put it before the processors that render, and before `format_exc_info`, which turns the exception into text.

    Args:
        handler: By default every handler of the process.
    """

    def __init__(self, handler: RollbarHandler | None = None) -> None:
        self._handler = handler
        self._roster = Roster()

    def __call__(self, logger: Any, method_name: str, event_dict: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        """Report the event, if a handler takes its level; return it unchanged, but for ``rollbar_uuid``."""
        try:
            level = _level(method_name, event_dict)
            taking = [each for each in self._handlers() if level >= each.level]
            if taking:
                record = _record(logger, method_name, level, event_dict)
                for handler in taking:
                    handler.handle(record)
                if hasattr(record, "rollbar_uuid"):
                    event_dict["rollbar_uuid"] = record.rollbar_uuid
        except Exception as error:  # noqa: BLE001 - the application must not fail because a report did
            tell(f"an event of structlog could not be reported: {in_words(error)}")
        return event_dict

    def _handlers(self) -> list[RollbarHandler]:
        return [self._handler] if self._handler is not None else self._roster.handlers()


def _level(method_name: str, event_dict: MutableMapping[str, Any]) -> int:
    name = str(event_dict.get("level") or method_name).lower()
    known = _LEVELS.get(name)
    level = known if known is not None else logging.getLevelName(name.upper())
    return level if isinstance(level, int) else logging.ERROR


def _record(logger: Any, method: str, level: int, event_dict: MutableMapping[str, Any]) -> logging.LogRecord:
    held = dict(event_dict)
    # By its name alone, a plain `structlog.BoundLogger` says that there is an exception.
    exc_info = held.pop("exc_info", method == "exception")
    if exc_info is True:
        exc_info = sys.exc_info()
    elif isinstance(exc_info, BaseException):
        exc_info = (type(exc_info), exc_info, exc_info.__traceback__)
    name = next((str(held[key]) for key in _NAMES if held.get(key)), None) or str(getattr(logger, "name", "structlog"))
    record = logging.makeLogRecord(
        {
            "name": name,
            "levelno": level,
            "levelname": logging.getLevelName(level),
            # An event dict for a message is understood by the handler as structlog's.
            "msg": held,
            "exc_info": exc_info or None,
        }
    )
    record.pathname = str(held.get("pathname", ""))
    record.lineno = held["lineno"] if isinstance(held.get("lineno"), int) else 0
    record.funcName = str(held.get("func_name", ""))
    return record
