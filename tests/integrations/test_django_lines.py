"""What Django's own loggers say of a request: it is no second report, and the answer names the report."""

from __future__ import annotations

import asyncio
import gc
import logging
import threading
import weakref
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.test import AsyncClient, Client, RequestFactory, override_settings
from django.urls import path

from rollbar_logging import RollbarHandler, set_person
from rollbar_logging.integrations import django_lines
from rollbar_logging.integrations.django import Middleware
from rollbar_logging.integrations.django_checks import MIDDLEWARE
from rollbar_logging.testing import Reports
from tests.capture import django_site

SITE = django_site  # Django is set up
logger = logging.getLogger("warehouse")


def known(_request: HttpRequest) -> HttpResponse:
    """Log what is suspicious, and leave it to Django."""
    try:
        raise SuspiciousOperation("known")  # noqa: TRY301 - to be logged here
    except SuspiciousOperation:
        logger.exception("somebody is up to something")
        raise


def closed(_request: HttpRequest) -> HttpResponse:
    """Answer with an error, without an exception."""
    return HttpResponse("closed", status=503)


def gone(_request: HttpRequest) -> HttpResponse:
    """Answer with a warning."""
    return HttpResponse("gone", status=410)


def told(request: HttpRequest) -> HttpResponse:
    """Log an error with the request, and go on."""
    logger.error("told", extra={"request": request})
    return HttpResponse("told")


def named(_request: HttpRequest) -> HttpResponse:
    """Name the person, and answer with an error."""
    set_person(17)
    return HttpResponse("closed", status=503)


urlpatterns = [
    path("named/", named),
    path("known/", known),
    path("closed/", closed),
    path("gone/", gone),
    path("told/", told),
]


@pytest.fixture(autouse=True)
def _site() -> Iterator[None]:
    """The middleware, and a header that names the report."""
    with override_settings(ROOT_URLCONF=__name__, MIDDLEWARE=[MIDDLEWARE], ROLLBAR_LOGGING={"header": "X-Report"}):
        yield


def asked(kind: str, address: str) -> Any:
    """Return the answer that Django gives."""
    if kind == "wsgi":
        return Client().get(address)

    async def ask() -> Any:
        return await AsyncClient().get(address)

    return asyncio.run(ask())


@pytest.mark.parametrize("kind", ["wsgi", "asgi"])
def test_what_was_logged_before_it_was_raised_is_one_report(reports: Reports, kind: str) -> None:
    """Although Django logs it on a logger for what is suspicious; the answer names the application's line."""
    answer = asked(kind, "/known/")
    (report,) = reports

    assert report.message == "somebody is up to something"
    assert (answer.status_code, answer["X-Report"]) == (400, report.uuid)


@pytest.mark.parametrize("kind", ["wsgi", "asgi"])
def test_a_warning_names_its_report_where_a_handler_takes_it(reports: Reports, kind: str) -> None:
    """And only there."""
    first = asked(kind, "/gone/")
    handler = RollbarHandler(access_token="0123456789abcdef", level="WARNING")
    logging.getLogger("django.request").addHandler(handler)
    try:
        second = asked(kind, "/gone/")
    finally:
        logging.getLogger("django.request").removeHandler(handler)
        handler.close()
    (report,) = reports

    assert (first.status_code, second.status_code) == (410, 410)
    assert not first.has_header("X-Report")
    assert second["X-Report"] == report.uuid


@pytest.mark.parametrize("kind", ["wsgi", "asgi"])
def test_a_page_that_is_not_found_names_its_report(reports: Reports, kind: str) -> None:
    """Also where handlers that do not report are given the line, as those that `logging.config` has closed."""
    closed = [RollbarHandler(access_token="0123456789abcdef") for _ in range(6)]
    for handler in closed:
        handler.close()
    with override_settings(ROLLBAR_LOGGING={"header": "X-Report", "not_found": True}):
        answer = asked(kind, "/nowhere/")
    (report,) = reports

    assert (answer.status_code, answer["X-Report"]) == (404, report.uuid)
    assert (report.message, report.level) == ("Not Found: /nowhere/", "warning")


@pytest.mark.parametrize("options", [{}, {"header": "X-Report"}])
def test_a_person_is_named_for_one_request(reports: Reports, options: dict[str, str]) -> None:
    """Also in what Django says of it at the end, and not in what the thread does next."""
    with override_settings(ROLLBAR_LOGGING=options):
        client = Client()
        client.get("/named/")
        client.get("/closed/")

    assert [(report.message, report.person) for report in reports] == [
        ("Service Unavailable: /named/", {"id": "17"}),
        ("Service Unavailable: /closed/", None),
    ]


def test_a_line_of_the_applications_is_not_named(reports: Reports) -> None:
    """The request has not failed."""
    answer = asked("wsgi", "/told/")

    assert [report.message for report in reports] == ["told"]
    assert not answer.has_header("X-Report")


def test_other_handlers_take_their_time_outside_of_the_loop(reports: Reports) -> None:
    """As with Django alone: what is logged of an answer is logged in a thread."""
    seen: list[int] = []

    class Slow(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            seen.append(threading.get_ident())

    slow = Slow()
    logging.getLogger("django.request").addHandler(slow)
    try:
        asked("asgi", "/closed/")
    finally:
        logging.getLogger("django.request").removeHandler(slow)

    assert len(seen) == len(reports) == 1
    assert seen != [threading.get_ident()]


def test_a_request_is_not_kept_alive_by_what_was_logged_of_it(
    reports: Reports, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its line is forgotten when it is answered: nothing waits for the garbage collector."""
    ours = [each for each in logging.getLogger().handlers if isinstance(each, RollbarHandler)]
    django_logger = logging.getLogger("django.request")
    monkeypatch.setattr(django_logger, "propagate", False)  # else pytest keeps the record
    monkeypatch.setattr(django_logger, "handlers", ours)
    request = RequestFactory().get("/closed/")
    gc.disable()
    try:
        assert Middleware(closed)(request).has_header("X-Report")
        left = weakref.ref(request)
        del request
        assert left() is None
    finally:
        gc.enable()


def test_trouble_with_a_line_is_not_the_applications(
    reports: Reports, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It is told to the log, the answer goes out, and the line is reported."""
    monkeypatch.setattr(django_lines, "_keep", lambda _record: 1 / 0)
    answer = asked("wsgi", "/closed/")

    assert answer.status_code == 503
    assert [report.message for report in reports] == ["Service Unavailable: /closed/"]
    assert "an integration failed" in caplog.text
