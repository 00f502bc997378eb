"""A WSGI application under gunicorn: what escapes it anywhere is one report, with the request."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Any

import pytest
import requests

from rollbar_logging.capture import seen
from rollbar_logging.capture.context import current_request, set_person
from rollbar_logging.integrations.wsgi import RollbarMiddleware
from rollbar_logging.testing import Reports
from tests.integrations.serving import HEADERS, QUERY, assert_no_secret, gunicorn
from tests.integrations.shop import Shop

pytest.importorskip("gunicorn")


@pytest.fixture(scope="module")
def site() -> Iterator[Shop]:
    """The application, whose server's logger reaches the handler too."""
    with gunicorn("tests.programs.wsgi_shop:application") as running:
        yield running


@pytest.fixture(autouse=True)
def _nothing(request: pytest.FixtureRequest) -> None:
    """Nothing was reported."""
    if "site" in request.fixturenames:
        request.getfixturevalue("site").rollbar.clear()


def test_what_escapes_the_call_is_one_report(site: Shop) -> None:
    """With method, URL, headers, person, level and locals, and no secret; gunicorn's line about it is none."""
    assert (
        site.ask(f"/call?{QUERY}", "POST", data={"password": "s3cret-of-the-form"}, headers=HEADERS).status_code == 500
    )
    report = site.only_report()

    assert report.exception is not None
    assert (report.exception.class_name, report.level, report.logger) == ("LookupError", "error", "wsgi")
    assert report.request is not None
    assert report.request["method"] == "POST"
    assert report.request["url"].startswith(f"{site.url}/call?page=2&api_key=")
    assert report.request["headers"]["X-Request-Id"] == "77"
    assert report.person == {"id": "17"}
    assert_no_secret(report)


@pytest.mark.parametrize(("path", "message"), [("/close", "in close"), ("/logged", "logged")])
def test_what_escapes_close_or_was_logged_is_one_report(site: Shop, path: str, message: str) -> None:
    """The application's own report of a failure that goes on is the only one."""
    with suppress(requests.ConnectionError):
        site.ask(path)
    report = site.only_report()

    assert report.exception is not None
    assert report.exception.message == message
    assert report.request is not None
    assert report.request["url"] == f"{site.url}{path}"


def test_what_escapes_the_iterator_is_one_report(site: Shop) -> None:
    """And what is logged while the answer is made knows the request too."""
    with suppress(requests.RequestException):
        site.ask("/pieces")
    logged, failed = site.rollbar.wait_for(2, timeout=60)

    assert logged.message == "half of it"
    assert failed.exception is not None
    assert failed.exception.message.startswith("in the iterator")
    assert [report.request and report.request["url"] for report in (logged, failed)] == [f"{site.url}/pieces"] * 2
    assert_no_secret(failed)
    site.ask("/told/99/")
    assert len(site.rollbar.wait_for(3, timeout=60)) == 3


def test_what_does_not_fail_is_no_report(site: Shop) -> None:
    """Neither an answer, nor a file that the server sends by itself."""
    assert site.ask("/").content == b"well"
    assert b"class Closing" in site.ask("/file").content
    site.no_report()


# What a server would see


def run(application: Callable[..., Iterable[bytes]], environ: dict[str, Any]) -> Iterable[bytes]:
    """Call an application as a server does."""
    return RollbarMiddleware(application)(environ, lambda *_: None)


def test_a_complete_answer_is_passed_on_as_it_is() -> None:
    """A list has a length that servers make use of; and the context is as it was before."""
    answer = [b"well"]
    scope = seen.scope()

    def application(environ: dict[str, Any], _start: Any) -> list[bytes]:
        assert current_request() is environ
        return answer

    assert run(application, {}) is answer
    assert (current_request(), seen.scope()) == (None, scope)


def test_the_context_ends_with_the_answer() -> None:
    """It lasts until the server closes it, and the application's own ``close`` is called."""
    ended: list[str] = []

    def application(environ: dict[str, Any], _start: Any) -> Iterator[bytes]:
        try:
            assert current_request() is environ
            yield b"well"
        finally:
            ended.append("closed")

    environ: dict[str, Any] = {}
    answer = run(application, environ)
    assert next(iter(answer)) == b"well"
    assert current_request() is environ
    answer.close()  # type: ignore[attr-defined]

    assert ended == ["closed"]
    assert current_request() is None


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_an_end_passes_and_is_not_reported(error: type[BaseException]) -> None:
    """What a server ends its workers by is no failure of the application."""

    def application(_environ: Any, _start: Any) -> list[bytes]:
        raise error

    with pytest.raises(error) as raised:
        run(application, {})
    assert seen.reported_since(raised.value, 0.0) is None
    assert current_request() is None


@pytest.mark.parametrize("is_lazy", [True, False])
def test_the_next_request_of_a_thread_concerns_nobody(reports: Reports, *, is_lazy: bool) -> None:
    """Whoever was named in the one before; the answer's pieces still know."""

    def application(environ: dict[str, Any], _start: Any) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/enter":
            set_person(17)

        def pieces() -> Iterator[bytes]:
            logging.error("asked")  # noqa: LOG015 - any logger
            yield b"well"

        return pieces() if is_lazy else list(pieces())

    for path in ("/enter", "/"):
        answer = run(application, {"PATH_INFO": path})
        assert list(answer) == [b"well"]
        if is_lazy:
            answer.close()  # type: ignore[attr-defined]

    assert [report.person for report in reports] == [{"id": "17"}, None]
