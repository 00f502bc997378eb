"""structlog without `logging`."""

from __future__ import annotations

import logging
from io import StringIO
from typing import Any

import pytest
import structlog

from rollbar_logging.integrations.structlog import RollbarProcessor
from rollbar_logging.testing import Reports


@pytest.fixture
def rendered() -> list[dict[str, Any]]:
    """Events as they come out at the end."""
    return []


@pytest.fixture
def log(rendered: list[dict[str, Any]]) -> Any:
    """A logger that prints into `rendered`."""

    def render(_logger: Any, _method: str, event_dict: Any) -> str:
        rendered.append(dict(event_dict))
        return ""

    return structlog.wrap_logger(
        structlog.ReturnLogger(),
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            RollbarProcessor(),
            render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG),
        cache_logger_on_first_use=False,
    )


def test_an_event_is_reported_with_what_it_holds(reports: Reports, log: Any, rendered: list[dict[str, Any]]) -> None:
    """The event is the message and its grouping, the rest custom; it is passed on with the uuid of its report."""
    log.info("below the level", order=1)
    log.error("order failed", order=7, password="hunter2")
    (report,) = reports

    assert (report.message, report.level) == ("order failed", "error")
    assert report.custom["order"] == 7
    assert "hunter2" not in str(report.raw)
    assert rendered[1]["rollbar_uuid"] == report.uuid
    assert {**rendered[1], "rollbar_uuid": 0} == {
        "event": "order failed",
        "order": 7,
        "password": "hunter2",
        "level": "error",
        "rollbar_uuid": 0,
    }
    assert "rollbar_uuid" not in rendered[0]


def test_an_exception_is_reported(reports: Reports, log: Any) -> None:
    """By `exception`, and by ``exc_info`` in each of its forms."""
    try:
        _ = 1 / 0
    except ZeroDivisionError as error:
        log.exception("by method")
        log.error("by instance", exc_info=error)  # noqa: TRY400 - another form of it
        log.critical("by truth", exc_info=True)

    assert [report.exception and report.exception.class_name for report in reports] == ["ZeroDivisionError"] * 3
    assert [report.level for report in reports] == ["error", "error", "critical"]


def test_an_exception_is_reported_where_only_the_method_names_it(reports: Reports) -> None:
    """A plain logger says no more than that; to say otherwise is left to who calls it."""
    logger = structlog.PrintLogger(StringIO())
    log = structlog.wrap_logger(logger, [RollbarProcessor(), lambda *_: ""], wrapper_class=structlog.BoundLogger)
    try:
        _ = 1 / 0
    except ZeroDivisionError:
        log.exception("by method")
        log.exception("by method, without it", exc_info=False)  # noqa: LOG007 - that is what it is about

    assert [report.exception and report.exception.class_name for report in reports] == ["ZeroDivisionError", None]


def test_bound_variables_travel_along(reports: Reports, log: Any) -> None:
    """Those of the context and those of the logger."""
    with structlog.contextvars.bound_contextvars(request_id="r-1"):
        log.bind(user="u-1").error("boom")

    assert reports[0].custom["request_id"] == "r-1"
    assert reports[0].custom["user"] == "u-1"


def test_names_that_an_extra_may_have_mean_the_same(reports: Reports, log: Any) -> None:
    """They are no custom data."""
    log.error(
        "boom",
        rollbar_person={"id": 7},
        rollbar_context="checkout",
        rollbar_fingerprint="x",
        rollbar_level="critical",
        rollbar_title="Boom",
        rollbar_request={"url": "https://shop.example/"},
        order=7,
    )
    (report,) = reports

    assert (report.person, report.context, report.level) == ({"id": "7"}, "checkout", "critical")
    assert (report.title, report.fingerprint) == ("Boom", "x")
    assert report.request == {"url": "https://shop.example/"}
    assert [name for name in report.custom if name != "record"] == ["order", "level"]


def test_an_event_that_goes_on_to_logging_is_the_same_report(reports: Reports) -> None:
    """Both have its uuid, and the server drops the second."""
    log = structlog.wrap_logger(
        logging.getLogger("shop"),
        processors=[
            structlog.stdlib.add_log_level,
            RollbarProcessor(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    log.error("boom")
    first, second = reports

    assert first.uuid == second.uuid
    assert "rollbar_uuid" not in second.custom


def test_a_trouble_of_ours_does_not_reach_the_application(log: Any, rendered: list[dict[str, Any]]) -> None:
    """The event is passed on all the same."""

    class Raising:
        def __str__(self) -> str:
            raise RuntimeError

    log.error("boom", level=Raising())
    assert rendered[0]["event"] == "boom"
