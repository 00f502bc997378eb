"""Flask: reports know the request, its endpoint and the user of flask-login.

    from rollbar_logging.integrations import flask as rollbar_flask

    rollbar_flask.init_app(app)

Flask logs what nobody catches on ``app.logger``, and that record is the report. What it does not log, or where nobody
hears it, is reported as well: in debug mode, in a streamed answer, in a teardown function.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial, wraps
from typing import Any

from flask import Flask, g, request

from rollbar_logging.capture import seen
from rollbar_logging.capture.context import current_request, set_request
from rollbar_logging.capture.person import FIELDS, describe_user
from rollbar_logging.integrations.unhandled import report_unhandled, tell_trouble
from rollbar_logging.integrations.wsgi import RollbarMiddleware

_EXTENSION = "rollbar_logging"


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
    app.handle_exception = _handling(app, app.handle_exception)  # type: ignore[method-assign]
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


def _handling(app: Flask, handle: Callable[..., Any]) -> Callable[..., Any]:
    """Return *handle*, after which a failure is reported if no log line of Flask's has reached a handler."""

    @wraps(handle)
    def handle_exception(*args: Any) -> Any:  # of which the last is the exception, in each version of Flask
        try:
            return handle(*args)
        finally:
            current = current_request()
            message = f"Exception on {request.path} [{request.method}]"
            report_unhandled(args[-1], message, logger=app.logger.name, since=seen.scope(), request=current)

    return handle_exception
