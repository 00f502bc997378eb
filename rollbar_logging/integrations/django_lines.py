"""What Django logs of a request that fails: no second report of an exception, and the answer can name the report."""

from __future__ import annotations

import logging
from typing import Any

from django.utils.log import log_response

from rollbar_logging.delivery import processes
from rollbar_logging.integrations.reporting import handlers
from rollbar_logging.integrations.unhandled import settle, tell_trouble

FIRST_FAULT = 400
"""Status from which on Django logs an answer."""

_NAME = "rollbar_line"


class Lines:
    """What the handlers of this process are given by Django's loggers."""

    def __init__(self) -> None:
        self._joining: object = None

    def heed(self) -> None:
        """Look at what each handler is given from now on, if there are new ones. Never raises."""
        if self._joining is processes.joining:
            return
        try:
            self._joining = processes.joining
            for handler in handlers():
                handler.addFilter(_heard)  # one that is there already is not added again
        except Exception as error:  # noqa: BLE001 - the application must not fail because a report would
            tell_trouble(error)


def await_line(request: Any) -> None:
    """Keep what is logged of a request from now on, until `reported_line` asks for it."""
    vars(request)[_NAME] = []


def reported_line(request: Any) -> str | None:
    """Return the uuid of the last report that was made of a line on this request, and forget the lines."""
    # Not of the last line, which another handler may have been given, and not have reported.
    uuids = [getattr(record, "rollbar_uuid", None) for record in vars(request).pop(_NAME, ())]
    return next((uuid for uuid in reversed(uuids) if uuid), None)


def log_answer(request: Any, response: Any) -> None:
    """Log an answer as Django will, which then does not: it would when the headers are complete. Never raises."""
    try:
        log_response("%s: %s", response.reason_phrase, request.path, response=response, request=request)
    except Exception as error:  # noqa: BLE001 - as above
        tell_trouble(error)


def _heard(record: logging.LogRecord) -> bool:
    """Let every record pass; a filter, since each handler asks its own before it reports."""
    try:
        if record.name == "django.request" or record.name.startswith("django.security."):
            _keep(record)
    except Exception as error:  # noqa: BLE001 - as above
        tell_trouble(error)
    return True


def _keep(record: logging.LogRecord) -> None:
    error = record.exc_info[1] if record.exc_info else None
    if error is not None:
        settle(error)  # the application may have logged it before it raised it
    lines = getattr(getattr(record, "request", None), "__dict__", {}).get(_NAME)
    if lines is not None:
        lines.append(record)
