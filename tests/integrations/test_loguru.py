"""loguru: messages, exceptions, and what else is set up around it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import loguru
import pytest

from rollbar_logging import RollbarHandler, SettingsError
from rollbar_logging.integrations.loguru import RollbarSink
from rollbar_logging.testing import LocalRollbar, Reports, capture_reports

TOKEN = "0123456789abcdef"


@pytest.fixture
def logger() -> Iterator[Any]:
    """Loguru's logger, without sinks."""
    loguru.logger.remove()
    yield loguru.logger
    loguru.logger.remove()


@pytest.fixture
def reports(logger: Any) -> Iterator[Reports]:
    """What is reported by way of a sink of a handler's own."""
    handler = RollbarHandler(access_token=TOKEN)
    logger.add(RollbarSink(handler), level="ERROR")
    with capture_reports() as captured:
        yield captured
    handler.close()


class InterceptHandler(logging.Handler):
    """Passes lines of `logging` on to loguru, as loguru's documentation has it."""

    def emit(self, record: logging.LogRecord) -> None:
        """Pass one on."""
        loguru.logger.opt(depth=6, exception=record.exc_info).log(record.levelname, record.getMessage())


@pytest.fixture
def intercepted() -> Iterator[logging.Logger]:
    """A logger whose lines loguru gets as well."""
    found, handler = logging.getLogger("tests.intercepted"), InterceptHandler()
    found.addHandler(handler)
    yield found
    found.removeHandler(handler)


def test_a_message_is_reported_with_what_is_bound(logger: Any, reports: Reports) -> None:
    """Only from the sink's level on; with the place of the call; no secret."""
    logger.warning("below the level")
    with logger.contextualize(request="r-1"):
        logger.bind(order=7, name="clash", password="hunter2").error("order {} failed", 7)
    (report,) = reports

    assert (report.message, report.level, report.logger) == ("order 7 failed", "error", __name__)
    assert (report.custom["order"], report.custom["name"], report.custom["request"]) == (7, "clash", "r-1")
    place = report.raw["custom"]["record"]
    assert place["function"] == "test_a_message_is_reported_with_what_is_bound"
    assert place["pathname"] == __file__
    assert place["lineno"] > 0
    assert "hunter2" not in str(report.raw)


def test_an_exception_is_reported(logger: Any, reports: Reports) -> None:
    """By `exception`, by ``opt``, and by ``catch``; with its frames and their locals."""

    @logger.catch
    def divide(by: int) -> float:
        return 1 / by

    divide(0)
    try:
        _ = 1 / 0
    except ZeroDivisionError as error:
        logger.exception("by method")
        logger.opt(exception=error).critical("by option")

    assert [report.exception and report.exception.class_name for report in reports] == ["ZeroDivisionError"] * 3
    assert [report.level for report in reports] == ["error", "error", "critical"]
    assert reports[0].raw["body"]["trace"]["frames"][-1]["locals"] == {"by": 0}


def test_names_that_the_handler_understands_mean_the_same(logger: Any, reports: Reports) -> None:
    """Person, context, title and fingerprint."""
    logger.bind(rollbar_person={"id": 17}, rollbar_context="checkout").error("boom")

    assert (reports[0].raw["person"], reports[0].raw["context"]) == ({"id": "17"}, "checkout")
    assert "rollbar_person" not in reports[0].custom


def test_levels_of_loguru_and_own_ones_are_the_nearest(logger: Any, reports: Reports) -> None:
    """SUCCESS is information, where a sink and a handler take it."""
    handler = RollbarHandler(access_token=TOKEN, level="DEBUG")
    logger.add(RollbarSink(handler), level="SUCCESS")
    logger.success("done")
    handler.close()

    assert [report.level for report in reports] == ["info"]


@pytest.mark.parametrize("is_first", [True, False])
def test_an_intercepted_line_is_reported_once(logger: Any, intercepted: logging.Logger, *, is_first: bool) -> None:
    """Whichever handler comes first; where only loguru gets it, by the sink."""
    with LocalRollbar() as rollbar:
        handler = rollbar.handler()
        logger.add(RollbarSink(handler), level="ERROR")
        intercepted.error("only over loguru")
        intercepted.handlers.insert(0 if is_first else 1, handler)
        try:
            intercepted.error("both ways")
            try:
                _ = 1 / 0
            except ZeroDivisionError:
                intercepted.exception("with an exception")
            logger.error("directly")
        finally:
            intercepted.removeHandler(handler)
        titles = sorted(report.title for report in rollbar.reports)

    assert titles == ["ZeroDivisionError: division by zero", "both ways", "directly", "only over loguru"]


def test_without_a_handler_there_is_a_new_one(logger: Any) -> None:
    """It has the options that are given, which are checked at once."""
    logger.add(RollbarSink(access_token=TOKEN, environment="loguru"), level="ERROR")
    with capture_reports() as reports:
        logger.error("boom")
    logger.remove()

    assert [report.raw["environment"] for report in reports] == ["loguru"]
    with pytest.raises(SettingsError):
        RollbarSink(queue_size=-1)


def test_a_trouble_of_ours_does_not_reach_the_application() -> None:
    """A message without a record is told of, and that is all."""
    RollbarSink(RollbarHandler(access_token=TOKEN))(object())
