"""The Django integration's parts in this process: checks, options, persons, and that its faults stay its own."""

from __future__ import annotations

import asyncio
import logging
import logging.handlers
import queue
import re
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from django.db import models
from django.http import FileResponse, HttpRequest, HttpResponse, StreamingHttpResponse
from django.test import AsyncRequestFactory, RequestFactory, override_settings
from django.utils.functional import SimpleLazyObject
from django.utils.log import RequireDebugFalse, RequireDebugTrue

from rollbar_logging import RollbarHandler
from rollbar_logging.capture.context import current_request
from rollbar_logging.capture.person import person_of
from rollbar_logging.integrations import django as integration
from rollbar_logging.integrations import unhandled
from rollbar_logging.integrations.django import Middleware, server_error
from rollbar_logging.integrations.django_checks import MIDDLEWARE, check_configuration
from rollbar_logging.integrations.django_options import Options, options
from rollbar_logging.testing import Reports
from tests.capture import django_site
from tests.pipelines import TOKEN, Scripted

SITE = django_site  # Django is set up


class Customer(models.Model):
    """A user of an application's own, with names of its own."""

    number = models.IntegerField(primary_key=True)
    nick = models.CharField(max_length=50)
    mail = models.CharField(max_length=50)
    USERNAME_FIELD = "nick"
    EMAIL_FIELD = "mail"

    class Meta:
        """It is of no installed application."""

        app_label = "library"

    def __str__(self) -> str:
        return self.nick


class Anonymous:
    """As Django's own, which cannot be imported where its application is not installed."""

    id = pk = None
    username = ""


# Checks


class Logging:
    """Handlers on loggers, put there for a test."""

    def __init__(self) -> None:
        self._undo: list[Callable[[], None]] = []

    def add(self, name: str, handler: logging.Handler) -> None:
        """Add to a logger."""
        logger = logging.getLogger(name)
        logger.addHandler(handler)
        self._undo += [lambda: logger.removeHandler(handler), handler.close]

    def end(self) -> None:
        """Put everything back."""
        for undo in self._undo:
            undo()


@pytest.fixture
def loggers() -> Iterator[Logging]:
    """Where handlers can be added."""
    made = Logging()
    with override_settings(MIDDLEWARE=[MIDDLEWARE], DEBUG=False):
        yield made
    made.end()


def handler(**given: Any) -> RollbarHandler:
    """A handler that sends nothing."""
    return RollbarHandler(**{"access_token": TOKEN, "level": "ERROR", "transport": Scripted(), **given})


def warned() -> list[str]:
    """The numbers of the warnings."""
    return [str(each.id).removeprefix("rollbar_logging.") for each in check_configuration()]


def test_nothing_is_said_of_a_good_configuration(loggers: Logging) -> None:
    """A handler on the root logger, and the middleware."""
    loggers.add("", handler())
    assert warned() == []


def test_no_handler_is_told(loggers: Logging) -> None:
    """Nothing is reported then."""
    assert warned() == ["W001"]


def test_a_handler_without_a_token_is_told(loggers: Logging) -> None:
    """Unless it is switched off."""
    loggers.add("", handler(access_token=None, transport=None))
    assert warned() == ["W002"]


def test_a_handler_that_is_switched_off_is_not_told(loggers: Logging) -> None:
    """It is meant so."""
    loggers.add("", handler(enabled=False, access_token=None, transport=None))
    assert warned() == []


def test_a_handler_that_failing_requests_do_not_reach_is_told(loggers: Logging) -> None:
    """Unless the middleware is there, which does not depend on loggers."""
    loggers.add("shop", handler())
    assert warned() == []
    with override_settings(MIDDLEWARE=[]):
        assert warned() == ["W003"]


def test_a_handler_behind_a_queue_or_memory_is_found(loggers: Logging) -> None:
    """What other handlers pass on to."""
    queued = logging.handlers.QueueHandler(queue.SimpleQueue())
    queued.listener = logging.handlers.QueueListener(queue.SimpleQueue(), handler())  # type: ignore[assignment]
    loggers.add("", logging.handlers.MemoryHandler(10, target=queued))
    assert warned() == []
    queued.listener.handlers[0].close()  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("kind", "is_debug", "found"),
    [
        (RequireDebugTrue, False, ["W004"]),
        (RequireDebugFalse, False, []),
        (RequireDebugFalse, True, ["W004"]),
        (RequireDebugTrue, True, []),
    ],
)
def test_a_filter_on_debug_is_told_when_it_holds_all_back(
    loggers: Logging, kind: type[logging.Filter], is_debug: bool, found: list[str]
) -> None:
    """And not otherwise."""
    made = handler()
    made.addFilter(kind())
    loggers.add("", made)
    with override_settings(DEBUG=is_debug):
        assert warned() == found


def test_a_level_above_error_is_told(loggers: Logging) -> None:
    """Requests that fail are errors."""
    loggers.add("", handler(level="CRITICAL"))
    assert warned() == ["W005"]


def test_a_middleware_that_is_not_the_first_is_told(loggers: Logging) -> None:
    """Those before it know no request."""
    loggers.add("", handler())
    with override_settings(MIDDLEWARE=["django.middleware.common.CommonMiddleware", MIDDLEWARE]):
        assert warned() == ["W006"]


@pytest.mark.parametrize(
    "given",
    [7, {"headers": "X"}, {"header": "X: Y"}, {"header": 7}, {"person": "id"}, {"person": ["age"]}, {"not_found": 1}],
)
def test_options_that_cannot_work_are_told_and_have_their_defaults(loggers: Logging, given: Any) -> None:
    """The site runs all the same."""
    loggers.add("", handler())
    with override_settings(ROLLBAR_LOGGING=given):
        assert warned() == ["W007"]
        assert options() == Options()


# Persons


def request_of(user: Any, **held: Any) -> HttpRequest:
    """Return a request with a user."""
    request = RequestFactory().get("/")
    request.user = user
    vars(request).update(held)
    return request


ALL = ("id", "username", "email")


def test_a_user_is_told_by_what_the_model_names() -> None:
    """The id; of the others, what the integration asks for."""
    user = Customer(number=7, nick="ursula", mail="ursula@shop.example")

    assert person_of(request_of(user)) == {"id": "7"}
    assert person_of(request_of(user, rollbar_person_fields=ALL)) == {
        "id": "7",
        "username": "ursula",
        "email": "ursula@shop.example",
    }


def test_a_user_that_is_not_loaded_stays_so() -> None:
    """Nobody is told, until the application has looked at it."""
    user = SimpleLazyObject(lambda: Customer(number=7))
    request = request_of(user)

    assert person_of(request) is None
    assert user.number == 7
    assert person_of(request) == {"id": "7"}


def test_a_user_that_was_loaded_in_a_coroutine_is_told() -> None:
    """`request.auser` leaves it beside `request.user`."""
    request = request_of(SimpleLazyObject(lambda: pytest.fail("loaded")), _acached_user=Customer(number=7))

    assert person_of(request) == {"id": "7"}


def test_a_field_that_was_deferred_is_left_out() -> None:
    """It would take a query."""
    user = Customer.from_db("default", ["number"], [7])

    assert user.get_deferred_fields() >= {"nick", "mail"}
    with django_site.no_queries():
        assert person_of(request_of(user, rollbar_person_fields=ALL)) == {"id": "7"}


@pytest.mark.parametrize("user", [None, Anonymous(), Customer(), 7, "ursula", object()])
def test_nobody_is_told_as_nobody(user: Any) -> None:
    """Also where something else stands in the user's place."""
    assert person_of(request_of(user)) is None


@pytest.mark.parametrize("asked", [{"id": 9}, lambda: {"id": 9}])
def test_an_application_may_name_the_person(asked: Any) -> None:
    """It goes before Django's user."""
    assert person_of(request_of(Customer(number=7), rollbar_person=asked)) == {"id": 9}


def fail() -> Any:
    """Fail, as an application's function may."""
    raise RuntimeError


@pytest.mark.parametrize("asked", [fail, 7, lambda: 7])
def test_a_person_that_cannot_be_told_is_nobody(asked: Any) -> None:
    """The report is made all the same."""
    assert person_of(request_of(None, rollbar_person=asked)) is None


# The middleware


def test_the_request_is_known_while_it_is_answered() -> None:
    """And not before or after, whatever happens."""
    seen: list[object] = []

    def answer(request: HttpRequest) -> HttpResponse:
        seen.append(current_request())
        if "fail" in request.GET:
            raise KeyError
        return HttpResponse("well")

    middleware = Middleware(answer)
    good, bad = RequestFactory().get("/"), RequestFactory().get("/?fail=1")
    assert middleware(good).content == b"well"
    with pytest.raises(KeyError):
        middleware(bad)
    assert seen == [good, bad]
    assert current_request() is None


def test_a_file_that_the_server_may_send_by_itself_stays_so(tmp_path: Path) -> None:
    """It is not turned into a stream, which would be slower."""
    path = tmp_path / "price list.txt"
    path.write_text("tea")
    with closing(FileResponse(path.open("rb"))) as answer:
        assert Middleware(lambda _request: answer)(RequestFactory().get("/")).file_to_stream is not None


def test_a_stream_that_is_abandoned_is_no_failure(rollbar: Reports, loggers: Logging) -> None:
    """A client has gone away, and the server closes what it no longer needs."""

    def parts() -> Iterator[bytes]:
        while True:
            yield b"more"

    answer = Middleware(lambda _request: StreamingHttpResponse(parts()))(RequestFactory().get("/"))
    loggers.add("shop", handler())
    assert next(iter(answer)) == b"more"
    answer.close()

    assert list(rollbar) == []


def test_requests_side_by_side_are_told_apart() -> None:
    """Each coroutine knows its own."""

    async def answer(request: HttpRequest) -> HttpResponse:
        await asyncio.sleep(0)
        assert current_request() is request
        return HttpResponse(request.path)

    async def main() -> list[HttpResponse]:
        middleware = Middleware(answer)
        make = AsyncRequestFactory()
        return await asyncio.gather(*(middleware(make.get(f"/{number}/")) for number in range(5)))

    assert [answer.content for answer in asyncio.run(main())] == [b"/0/", b"/1/", b"/2/", b"/3/", b"/4/"]


def test_a_fault_of_the_integration_is_not_the_applications(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It is told to the log, and the answer goes out."""
    monkeypatch.setattr(integration, "handlers", fail)
    monkeypatch.setattr(unhandled, "report", lambda *_, **__: fail())
    with override_settings(ROLLBAR_LOGGING={"not_found": True}):
        answer = Middleware(lambda _request: HttpResponse("gone", status=404))(RequestFactory().get("/"))
    try:
        fail()
    except RuntimeError:
        integration._report_unhandled(request=RequestFactory().get("/"))

    assert answer.status_code == 404
    assert caplog.text.count("an integration failed") == 2


@pytest.mark.parametrize(("level", "count"), [("ERROR", 1), ("WARNING", 0)])
def test_a_page_that_is_not_found_is_left_to_django_where_that_is_heard(
    rollbar: Reports, loggers: Logging, level: str, count: int
) -> None:
    """A handler that takes warnings gets Django's own; those that are to be ignored are nobody's."""
    loggers.add("shop", handler(level=level))
    with override_settings(ROLLBAR_LOGGING={"not_found": True}, IGNORABLE_404_URLS=[re.compile("icon")]):
        middleware = Middleware(lambda _request: HttpResponse("gone", status=404))
        middleware(RequestFactory().get("/favicon.ico"))
        middleware(RequestFactory().get("/nowhere/"))

    assert [(each.message, each.level) for each in rollbar] == [("Not Found: /nowhere/", "warning")] * count


@pytest.mark.parametrize("uuid", ["1-2-3<b>", None])
def test_a_page_without_a_template_names_the_report(uuid: str | None) -> None:
    """If there is one."""
    request = RequestFactory().get("/")
    request.rollbar_uuid = uuid
    with override_settings(TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}]):
        answer = server_error(request)

    assert answer.status_code == 500
    assert (b"1-2-3&lt;b&gt;" in answer.content) is (uuid is not None)
    assert b"Server Error (500)" in answer.content
    assert b"None" not in answer.content
