"""A system check of Django's: says what of a project's configuration keeps failures from being reported."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage
from django.core.checks import Warning as Found
from django.utils.log import RequireDebugFalse, RequireDebugTrue

from rollbar_logging.handler import RollbarHandler
from rollbar_logging.integrations.django_options import faults

MIDDLEWARE = "rollbar_logging.integrations.django.Middleware"
_HOW = 'give "root" in LOGGING a handler with "class": "rollbar_logging.RollbarHandler"'


def check_configuration(**_: object) -> list[CheckMessage]:
    """Return what keeps failures from being reported, for ``manage.py check``."""
    attached = list(_attached(_loggers()))
    found = [*_of_handlers(attached), *_of_middleware()]
    if attached and MIDDLEWARE not in settings.MIDDLEWARE and not any(_attached(_chain("django.request"))):
        hint = f'remove "propagate": False, give it the handler too, or add {MIDDLEWARE}'
        found.append(_found("W003", "No RollbarHandler gets what is logged by django.request: failing requests.", hint))
    return found


def _of_handlers(attached: list[RollbarHandler]) -> Iterator[CheckMessage]:
    if not attached:
        yield _found("W001", "No logger has a RollbarHandler: nothing is reported.", _HOW)
    for handler in dict.fromkeys(attached):
        if handler._settings.enabled and handler._settings.is_inert:  # noqa: SLF001 - it is ours
            hint = "set ROLLBAR_ACCESS_TOKEN, the option access_token, or enabled to False where it is meant so"
            yield _found("W002", "A RollbarHandler has no access token, and reports nothing.", hint)
        for item in handler.filters:
            if isinstance(item, RequireDebugTrue if not settings.DEBUG else RequireDebugFalse):
                text = (
                    f"The filter {type(item).__name__} lets a RollbarHandler report nothing: DEBUG is {settings.DEBUG}."
                )
                yield _found("W004", text, "remove it from the handler's filters, if it is not meant so")
        if int(handler.level) > logging.ERROR:
            text = "A RollbarHandler has a level above ERROR, which is that of requests that fail."
            yield _found("W005", text, 'set its "level" to "ERROR" or below')


def _of_middleware() -> Iterator[CheckMessage]:
    if MIDDLEWARE in settings.MIDDLEWARE[1:]:
        text = "The middleware of rollbar_logging is not the first: reports of those before it know no request."
        yield _found("W006", text, "put it at the top of MIDDLEWARE")
    for fault in faults():
        yield _found("W007", f"{fault}.", "it has its default now")


def _found(number: str, text: str, hint: str) -> CheckMessage:
    return Found(text, hint=hint, id=f"rollbar_logging.{number}")


def _loggers() -> Iterator[logging.Logger]:
    yield logging.root
    for each in list(logging.root.manager.loggerDict.values()):
        if isinstance(each, logging.Logger):
            yield each


def _chain(name: str) -> Iterator[logging.Logger]:
    """Walk from a logger up to the last one whose handlers get its records."""
    here: logging.Logger | None = logging.getLogger(name)
    while here is not None:
        yield here
        here = here.parent if here.propagate else None


def _attached(loggers: Iterator[logging.Logger]) -> Iterator[RollbarHandler]:
    """Walk through the handlers of these loggers, and those that they hand records on to."""
    waiting: list[Any] = [handler for each in loggers for handler in each.handlers]
    known: set[int] = set()
    while waiting:
        handler = waiting.pop(0)
        if id(handler) in known:
            continue
        known.add(id(handler))
        if isinstance(handler, RollbarHandler):
            yield handler
        waiting += getattr(getattr(handler, "listener", None), "handlers", None) or ()  # QueueHandler
        target = getattr(handler, "target", None)  # MemoryHandler
        waiting += [target] if isinstance(target, logging.Handler) else []
