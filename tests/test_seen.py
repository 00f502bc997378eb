"""A failure that several see is reported once, and two failures are two."""

from __future__ import annotations

import contextvars
import json
import logging
import pickle
from collections.abc import Iterator
from time import monotonic
from typing import Any, Literal

import pytest

from rollbar_logging.capture import seen
from rollbar_logging.delivery.answer import Answer
from rollbar_logging.handler import RollbarHandler
from rollbar_logging.integrations.reporting import report
from tests.pipelines import TOKEN, Scripted


class Reports:
    """A logger with a handler, and what was sent."""

    def __init__(self) -> None:
        self._transport = Scripted(lambda: Answer(200))
        self.handler = RollbarHandler(access_token=TOKEN, transport=self._transport, storm_limit=2)
        self.logger = logging.Logger("app")  # noqa: LOG001 - in no tree
        self.logger.addHandler(self.handler)

    def sent(self) -> list[dict[str, Any]]:
        """The ``data`` of each report."""
        assert self.handler.flush(60)
        return [json.loads(body)["data"] for body in self._transport.bodies]


@pytest.fixture
def reports() -> Iterator[Reports]:
    """A handler in use."""
    made = Reports()
    yield made
    made.handler.close()


def failure(message: str = "boom") -> ValueError:
    """Return an exception that was raised."""
    try:
        raise ValueError(message)  # noqa: TRY301 - to have been raised
    except ValueError as error:
        return error


def tell(error: BaseException, since: float = 0.0) -> str | None:
    """Report as an integration does."""
    return report(error, "unhandled", logger="framework", since=since)


def test_what_was_logged_is_not_reported_again(reports: Reports) -> None:
    """An integration that sees an exception which the application has logged gives the uuid of that report."""
    error = failure()
    began = monotonic()
    reports.logger.error("logged", exc_info=error)

    (sent,) = reports.sent()
    assert tell(error, began) == sent["uuid"]
    assert len(reports.sent()) == 1


def test_what_was_reported_at_the_end_is_not_logged_again(reports: Reports) -> None:
    """The framework's own line about it is no second report, and its record carries the uuid all the same."""
    error = failure()

    def request() -> logging.LogRecord:
        uuid = tell(error, seen.begin())
        record = reports.logger.makeRecord("uvicorn.error", 40, "", 0, "Exception", (), (type(error), error, None))
        reports.logger.handle(record)
        assert record.__dict__["rollbar_uuid"] == uuid
        return record

    contextvars.Context().run(request)
    assert [each["uuid"] for each in reports.sent()] == [reports.sent()[0]["uuid"]]
    assert reports.handler.stats().accepted == 1


def test_logging_twice_is_two_reports(reports: Reports) -> None:
    """Without an integration each log call is reported: what each says is of interest."""
    error = failure()
    reports.logger.error("one", exc_info=error)
    reports.logger.error("two", exc_info=error)

    assert len(reports.sent()) == 2


def test_one_instance_raised_by_two_requests_is_two_failures(reports: Reports) -> None:
    """What was noted in a request before does not count in this one."""
    error = failure()
    contextvars.Context().run(lambda: tell(error, seen.begin()))
    contextvars.Context().run(lambda: tell(error, seen.begin()))

    assert len(reports.sent()) == 2


def test_outside_of_a_request_a_log_call_is_reported(reports: Reports) -> None:
    """That an integration has reported an exception counts in its own request or task only."""
    error = failure()
    contextvars.Context().run(lambda: tell(error, seen.begin()))
    contextvars.Context().run(lambda: reports.logger.error("later", exc_info=error))

    assert len(reports.sent()) == 2


def test_what_goes_on_to_a_server_is_late_outside_of_the_request_too(
    reports: Reports, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server in another context logs it at once; who raises that instance later raises it anew."""
    error = failure()
    now = monotonic()
    monkeypatch.setattr(seen, "monotonic", lambda: now)
    seen.note(error, "u", is_final=True, is_leaving=True)
    contextvars.Context().run(lambda: reports.logger.error("at once", exc_info=error))
    assert reports.sent() == []

    now += 2
    contextvars.Context().run(lambda: reports.logger.error("later", exc_info=error))
    assert len(reports.sent()) == 1


def test_a_failure_that_is_reported_and_logged_by_the_framework_is_the_applications_line(reports: Reports) -> None:
    """Where the application has logged it, the integration makes no second report, and neither does the framework."""
    error = failure()

    def request() -> None:
        began = seen.begin()
        reports.logger.error("logged", exc_info=error)
        tell(error, began)
        reports.logger.error("the framework", exc_info=error)

    contextvars.Context().run(request)
    assert [each["body"]["trace"]["exception"]["description"] for each in reports.sent()] == ["logged"]


def test_another_exception_is_another_failure(reports: Reports) -> None:
    """Equal exceptions are not the same."""
    began = monotonic()
    reports.logger.error("logged", exc_info=failure())

    assert tell(failure(), began) is not None
    assert len(reports.sent()) == 2


def test_one_of_a_storm_counts_as_reported(reports: Reports) -> None:
    """What was counted and not sent is not sent by the integration either."""
    began = monotonic()
    for _ in range(3):
        error = failure()
        reports.logger.error("logged", exc_info=error)
    suppressed = reports.handler.stats().suppressed

    assert tell(error, began) is None
    assert suppressed == reports.handler.stats().suppressed == 1


def test_a_handler_takes_what_its_level_lets_through(reports: Reports) -> None:
    """As with any record, and its filters are asked."""
    reports.handler.setLevel(logging.CRITICAL)
    assert tell(failure()) is None
    reports.handler.setLevel(logging.ERROR)
    reports.handler.addFilter(lambda record: "quiet" not in str(record.exc_info[1]))  # type: ignore[index]
    assert tell(failure("quiet")) is None
    assert tell(failure("loud")) is not None
    assert len(reports.sent()) == 1


@pytest.mark.parametrize("protocol", [0, 2, pickle.HIGHEST_PROTOCOL])
def test_a_noted_exception_can_be_pickled(reports: Reports, protocol: Literal[0, 2, 5]) -> None:
    """Its note is of plain values, so that a process without this package can read it."""
    error = failure()
    reports.logger.error("logged", exc_info=error)
    pickled = pickle.dumps(error, protocol)

    assert b"rollbar_logging.capture" not in pickled
    assert str(pickle.loads(pickled)) == "boom"  # noqa: S301 - our own


def odd() -> ValueError:
    """Return an exception that refuses everything."""

    class OddError(ValueError):
        def __getattribute__(self, name: str) -> Any:
            raise RuntimeError(name)

        def __setattr__(self, name: str, value: object) -> None:
            raise RuntimeError(name)

    return OddError()


@pytest.mark.parametrize(
    "exc_info", [None, (), (None,), (None, None, None), "text", 7, odd, lambda: (int, odd(), None)]
)
def test_any_exc_info_is_taken(exc_info: object) -> None:
    """Whatever a record carries, nothing is raised."""
    given = exc_info() if callable(exc_info) else exc_info
    seen.note(given, "u", is_final=True)
    contextvars.Context().run(lambda: (seen.begin(), seen.reported_finally(given)))


def test_notes_do_not_come_into_reports(reports: Reports) -> None:
    """What is noted on an exception is not captured with it."""
    error = failure()
    reports.logger.error("one", exc_info=error)
    reports.logger.error("two", extra={"error": error}, exc_info=error)

    assert "__rollbar_logging__" not in json.dumps(reports.sent())
