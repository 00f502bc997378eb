"""Flask: reports know the request, its endpoint and the user of flask-login.

    from rollbar_logging.integrations import flask as rollbar_flask

    rollbar_flask.init_app(app)

Flask logs what nobody catches on ``app.logger``, and that record is the report. What it does not log, or where nobody
hears it, is reported as well: in debug mode, in a streamed answer, in a teardown function.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from functools import partial, wraps
from traceback import walk_tb
from types import CodeType
from typing import Any

from flask import Flask, g, request

from rollbar_logging.capture import seen
from rollbar_logging.capture.context import current_request, set_request
from rollbar_logging.capture.person import FIELDS, describe_user
from rollbar_logging.integrations.unhandled import report_unhandled, settle, tell_trouble
from rollbar_logging.integrations.wsgi import RollbarMiddleware

_EXTENSION = "rollbar_logging"

_FAILURE: ContextVar[BaseException | None] = ContextVar("rollbar_logging_flask_failure", default=None)
"""What an answer is being made to."""


def init_app(app: Flask, *, person_fields: Sequence[str] = FIELDS) -> None:
    """Watch an application; a second call changes nothing.

    Args:
        app: The application.
        person_fields: What is told of flask-login's user, if the application has loaded it: of ``id``, ``username``
            and ``email``. Nothing is loaded for that.
    """
    if _EXTENSION in app.extensions:
        return
    app.extensions[_EXTENSION] = True
    app.wsgi_app = RollbarMiddleware(app.wsgi_app, logger=app.logger.name)  # type: ignore[method-assign]
    app.handle_exception = _handling(app.logger.name, app.handle_exception)  # type: ignore[method-assign]
    app.process_response = _answering(app.logger.name, app.process_response)  # type: ignore[method-assign]
    # The one function, so that a logger of many applications has it once.
    logging.getLogger(app.logger.name).addFilter(_seeing)
    # Neither by Flask's signals nor its functions before a request: those would cost more than all the rest.
    app.preprocess_request = _beginning(tuple(person_fields), app.preprocess_request)  # type: ignore[method-assign]


def _beginning(fields: tuple[str, ...], preprocess: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(preprocess)
    def preprocess_request(*args: Any) -> Any:
        _begin(fields)
        return preprocess(*args)

    return preprocess_request


def _begin(fields: tuple[str, ...]) -> None:
    try:
        current = request._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001 - public in werkzeug
        held = g._get_current_object()  # noqa: SLF001
        # Flask's own object, which an error outlives: when it is reported, the proxies may lead nowhere.
        current.__dict__.setdefault("rollbar_person", partial(_person, held, fields))
        set_request(current)
    except Exception as error:  # noqa: BLE001 - the application must not fail because a report would
        tell_trouble(error)


def _person(held: Any, fields: tuple[str, ...]) -> dict[str, Any] | None:
    return describe_user(vars(held).get("_login_user"), fields)


def _handling(logger: str, handle: Callable[..., Any]) -> Callable[..., Any]:
    """Return *handle*, after which a failure is reported if no log line of Flask's has reached a handler."""

    @wraps(handle)
    def handle_exception(*args: Any) -> Any:  # of which the last is the exception, in each version of Flask
        error = args[-1]
        outer = _FAILURE.set(error)
        settle(error)  # the application may have logged it before it raised it
        try:
            return handle(*args)
        finally:
            _FAILURE.reset(outer)
            _report(logger, error, "Exception")

    return handle_exception


def _answering(logger: str, process: Callable[..., Any]) -> Callable[..., Any]:
    """Return *process*, by which the answer to a failure goes as well, and may fail a second time."""

    @wraps(process)
    def process_response(*args: Any) -> Any:
        try:
            return process(*args)
        except Exception as error:
            _report_second(logger, error)
            raise

    return process_response


def _seeing(record: logging.LogRecord) -> bool:
    """Let every record pass; see what Flask says of a second failure that none but its own code gets to know.

    That is what a receiver of ``request_finished`` raises, which is called when the answer has been processed.
    """
    if record.funcName == "finalize_request" and type(record.exc_info) is tuple and record.exc_info[1] is not None:
        _report_second(record.name, record.exc_info[1])
    return True


def _report_second(logger: str, second: BaseException) -> None:
    """Report what the answer to a failure has failed with, unless that is the same failure again."""
    try:
        first = _FAILURE.get()
        if first is None:
            return  # what is answered is none
        uuid = _report(logger, first, "Exception")
        if _is_again(first, second):
            seen.note(second, uuid or "", is_final=True)  # Flask is about to log it
        else:
            _report(logger, second, "Exception while handling an exception")
    except Exception as trouble:  # noqa: BLE001 - as above
        tell_trouble(trouble)


def _is_again(first: BaseException, second: BaseException) -> bool:
    """Whether an exception is of the same class and place as the one before; how that place was reached may differ."""
    places = _places(second)
    return type(first) is type(second) and _places(first)[-len(places) :] == places


def _places(error: BaseException) -> list[tuple[CodeType, int]]:
    return [(frame.f_code, line) for frame, line in walk_tb(error.__traceback__)]


def _report(logger: str, error: BaseException, what: str) -> str | None:
    try:
        message = f"{what} on {request.path} [{request.method}]"
        return report_unhandled(error, message, logger=logger, since=seen.scope(), request=current_request())
    except Exception as trouble:  # noqa: BLE001 - as above
        tell_trouble(trouble)
        return None
