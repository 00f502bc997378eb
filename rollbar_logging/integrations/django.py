"""Django: what the handler in ``LOGGING`` cannot know by itself.

    INSTALLED_APPS = ["rollbar_logging.integrations.django.Config", ...]      # system checks
    MIDDLEWARE = ["rollbar_logging.integrations.django.Middleware", ...]      # first

Options are in the setting ``ROLLBAR_LOGGING``, a mapping; see `django_options.Options`.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextvars import Token
from typing import Any, NamedTuple

from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.apps import AppConfig
from django.conf import settings
from django.core import checks, management
from django.core.signals import got_request_exception
from django.http import HttpRequest, HttpResponse
from django.template import TemplateDoesNotExist, loader
from django.utils.html import escape
from django.utils.log import log_response

from rollbar_logging.capture import seen
from rollbar_logging.capture.context import current_person, restore_request, swap_person, swap_request
from rollbar_logging.integrations.django_checks import check_configuration
from rollbar_logging.integrations.django_lines import FIRST_FAULT, Lines, await_line, log_answer, reported_line
from rollbar_logging.integrations.django_options import options
from rollbar_logging.integrations.reporting import handlers, report
from rollbar_logging.integrations.unhandled import flush_all, report_unhandled, tell_trouble

_LOGGER = "django.request"
_NOT_FOUND = 404
_SERVER_ERROR = 500


class _Before(NamedTuple):
    """What the context had before a request."""

    request: Token[Any]
    person: dict[str, Any] | None


class Middleware:
    """Names the request, its person and its route to whatever is reported while it is answered; sync and async.

    A failure that nobody catches is reported before Django renders the page for it, so that the page can name the
    report: ``request.rollbar_uuid``. What Django logs of it afterwards is no second report.

    Args:
        get_response: What Django hands over.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self._get_response = get_response
        self._options = options()
        self._lines = Lines()
        self._is_async = iscoroutinefunction(get_response)
        if self._is_async:
            markcoroutinefunction(self)
        got_request_exception.connect(_report_unhandled, dispatch_uid=__name__)

    def __call__(self, request: HttpRequest) -> Any:
        """Answer a request, or return what is to be awaited for that."""
        if self._is_async:
            return self._answered_later(request)
        before = self._begin(request)
        try:
            response = self._get_response(request)
        finally:
            _leave(request, before)
        if self._is_to_log(response):
            log_answer(request, response)
        return self._finished(request, response)

    async def _answered_later(self, request: HttpRequest) -> Any:
        before = self._begin(request)
        try:
            response = await self._get_response(request)
        finally:
            _leave(request, before)
        if self._is_to_log(response):
            # In a thread, as Django itself does: another handler may mail it, and take its time.
            await sync_to_async(log_answer, thread_sensitive=False)(request, response)
        return self._finished(request, response)

    def _is_to_log(self, response: Any) -> bool:
        """Whether a report of Django's own line is to be named in a header, which it would come too late for."""
        return self._options.header is not None and getattr(response, "status_code", 0) >= FIRST_FAULT

    def _begin(self, request: HttpRequest) -> _Before:
        request.__dict__["rollbar_person_fields"] = self._options.person
        if self._options.header is not None:
            await_line(request)
        self._lines.heed()
        seen.begin()
        return _Before(swap_request(request), current_person())

    def _finished(self, request: HttpRequest, response: Any) -> Any:
        try:
            if response.status_code == _NOT_FOUND and self._options.not_found:
                _report_not_found(request)
            if self._options.header is not None:
                line = reported_line(request)
                uuid = request.__dict__.get("rollbar_uuid") or line
                if uuid is not None:
                    response[self._options.header] = request.rollbar_uuid = uuid
            if response.streaming:
                _watch_stream(request, response)
        except Exception as error:  # noqa: BLE001 - the application must not fail because a report did
            tell_trouble(error)
        return response


def _leave(request: HttpRequest, before: _Before) -> None:
    """Put back what was there before; whom a view has named goes along with the request, of which more may be said."""
    restore_request(before.request)
    person = current_person()
    if person is not before.person:
        if person is not None:
            request.__dict__["rollbar_person"] = person
        swap_person(before.person)


def _report_unhandled(request: Any = None, **_: object) -> None:
    """Report what Django is about to render a page for; it hands over a request, and the exception is being handled."""
    try:
        error = sys.exc_info()[1]
        if error is not None and request is not None:
            _report_of(request, error, f"Internal Server Error: {request.path}")
    except Exception as error:  # noqa: BLE001 - as above
        tell_trouble(error)


def _report_of(request: Any, error: BaseException, message: str) -> None:
    request.rollbar_uuid = report_unhandled(error, message, logger=_LOGGER, since=seen.scope(), request=request)


def _report_not_found(request: Any) -> None:
    """Report to those handlers whose level is above that of Django's own warning; the others get to know by that."""
    path = request.path
    if any(pattern.search(path) for pattern in settings.IGNORABLE_404_URLS):
        return
    extra = {"request": request, "status_code": _NOT_FOUND, "rollbar_level": "warning"}
    for handler in handlers():
        level = int(handler.level)
        if level > logging.WARNING:
            record = logging.getLogger(_LOGGER).makeRecord(
                _LOGGER, level, "", 0, "Not Found: %s", (path,), None, "", extra
            )
            handler.handle(record)


def _watch_stream(request: Any, response: Any) -> None:
    """See what fails after the headers are sent, which Django neither catches nor logs."""
    if getattr(response, "file_to_stream", None) is not None:
        return  # a file, which the server may send by itself
    content = response.streaming_content
    response.streaming_content = _later(request, content) if response.is_async else _lazily(request, content)


def _lazily(request: Any, content: Iterator[bytes]) -> Iterator[bytes]:
    try:
        yield from content
    except Exception as error:
        _report_stream(request, error)
        raise


async def _later(request: Any, content: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    try:
        async for part in content:
            yield part
    except Exception as error:
        _report_stream(request, error)
        raise


def _report_stream(request: Any, error: Exception) -> None:
    try:
        _report_of(request, error, f"Response broken off: {request.path}")
    except Exception as trouble:  # noqa: BLE001 - as above
        tell_trouble(trouble)


def context_processor(request: Any) -> dict[str, Any]:
    """Give templates ``rollbar_uuid``: that of the report of a request that failed, else ``None``."""
    return {"rollbar_uuid": getattr(request, "rollbar_uuid", None)}


def server_error(request: Any, template_name: str = "500.html") -> HttpResponse:
    """Render the page for a failure, as Django's own view does, with ``rollbar_uuid`` for the template.

        handler500 = "rollbar_logging.integrations.django.server_error"     # in the root URLconf

    Args:
        request: The request that failed.
        template_name: Without such a template, a short page names the report.
    """
    told = context_processor(request)
    try:
        page = loader.get_template(template_name).render(told)
    except TemplateDoesNotExist:
        uuid = escape(told["rollbar_uuid"] or "")
        named = f"<p>The report of it is <code>{uuid}</code>.</p>" if uuid else ""
        page = f"<!doctype html><title>Server Error (500)</title><h1>Server Error (500)</h1>{named}"
    return HttpResponse(page, status=500)


def rest_exception_handler(error: Exception, context: Mapping[str, Any]) -> Any:
    """Answer as Django REST framework does, and log an answer of 500 or above with its exception.

        REST_FRAMEWORK = {"EXCEPTION_HANDLER": "rollbar_logging.integrations.django.rest_exception_handler"}

    Without it, what is raised as an ``APIException`` of such a status is an answer like any other, of which Django logs
    the status alone.

    Args:
        error: What a view has raised.
        context: ``request`` and what else the framework hands over.

    Returns:
        The answer, or ``None`` where Django is to see to it.
    """
    from rest_framework.views import exception_handler  # noqa: PLC0415 - it is another package, which few have

    response = exception_handler(error, context)
    if response is not None and response.status_code >= _SERVER_ERROR:
        try:
            _log_answer(context["request"], error, response)
        except Exception as trouble:  # noqa: BLE001 - as above
            tell_trouble(trouble)
    return response


def _log_answer(request: Any, error: Exception, response: Any) -> None:
    request = getattr(request, "_request", request)
    log_response("%s: %s", response.reason_phrase, request.path, response=response, request=request, exception=error)
    noted = seen.reported_since(error, seen.scope())
    if noted is not None:
        request.rollbar_uuid = noted.uuid or None


def execute_from_command_line(argv: list[str] | None = None) -> None:
    """Run a management command as Django's function of this name does; report what it raises, and raise it.

    A ``CommandError`` is an answer to who has called the command, and not reported.

    Args:
        argv: By default that of the process.
    """
    began = seen.begin()
    try:
        management.execute_from_command_line(argv)
    except Exception as error:
        _report_command(error, sys.argv if argv is None else argv, began)
        raise


def _report_command(error: Exception, argv: list[str], began: float) -> None:
    try:
        if isinstance(error, management.CommandError):
            return
        name = argv[1] if len(argv) > 1 else "help"
        extra = {"rollbar_context": f"manage.py {name}"}
        report(error, f"manage.py {name}", logger="django.command", level=logging.CRITICAL, since=began, extra=extra)
        flush_all()
    except Exception as trouble:  # noqa: BLE001 - as above
        tell_trouble(trouble)


class Config(AppConfig):  # type: ignore[misc]  # Django has no types
    """An entry of ``INSTALLED_APPS``: has ``manage.py check`` look at how reports are configured."""

    name = "rollbar_logging.integrations.django"
    label = "rollbar_logging"
    verbose_name = "Rollbar"

    def ready(self) -> None:
        """Register the check."""
        checks.register(check_configuration, "rollbar")
