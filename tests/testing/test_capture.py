"""`capture_reports`: whose reports it takes, how, and that nothing of it remains."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import logging.config
import logging.handlers
import multiprocessing
import os
import queue
import threading
import unittest.mock
import weakref
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rollbar_logging import Answer, RollbarError, RollbarHandler, SettingsError, context
from rollbar_logging.testing import Report, assert_reported, capture_reports
from rollbar_logging.testing import capture as capture_module
from tests.loopback import Loopback
from tests.pipelines import attached

EMIT = RollbarHandler.emit
SHOP = logging.getLogger("shop")


@pytest.fixture(autouse=True)
def _nothing_remains() -> Iterator[None]:
    """After each test `RollbarHandler` is what it was, and neither handlers nor threads are left."""
    handlers, threads = list(logging.getLogger().handlers), set(threading.enumerate())
    yield
    assert RollbarHandler.emit is EMIT
    assert logging.getLogger().handlers == handlers
    assert {t for t in threading.enumerate() if t.name.startswith("rollbar_logging")} <= threads


def messages(reports: Any) -> list[str | None]:
    """What was logged, in order."""
    return [report.message for report in reports]


def test_without_a_handler_the_root_logger_reports(logger: logging.Logger) -> None:
    """With no handler on any logger, errors of all loggers are reported and warnings are not."""
    with capture_reports() as reports:
        logger.warning("low stock")
        logger.error("sold %s", "out", extra={"order": 12, "password": "hunter2"})
        logging.getLogger("other").critical("down")

    assert [(report.level, report.message) for report in reports] == [("error", "sold out"), ("critical", "down")]
    assert reports[0].custom == {"order": 12, "password": "[scrubbed]"}
    assert (reports[0].logger, reports[0].record["template"]) == (logger.name, "sold %s")


def test_it_is_up_to_date_whenever_it_is_looked_at() -> None:
    """Each look has all that was logged before it, one after the other."""
    with capture_reports() as reports:
        for number in range(150):
            SHOP.error("number %d", number)
            assert len(reports) == number + 1

        assert messages(reports) == [f"number {number}" for number in range(150)]


def test_reports_stand_in_the_order_of_the_log_calls(logger: logging.Logger) -> None:
    """Delivery prefers what is severe; a test sees what came first first, of several handlers too."""
    logger.addHandler(RollbarHandler(level="DEBUG"))
    other = logging.getLogger(f"{logger.name}.below")
    other.addHandler(RollbarHandler(level="DEBUG"))
    other.propagate = False
    logger.setLevel("DEBUG")
    with capture_reports() as reports:
        for number in range(20):
            (logger, other)[number % 2].log(10 * (1 + number % 5), "number %d", number)

    other.handlers.clear()
    assert messages(reports) == [f"number {number}" for number in range(20)]


@pytest.mark.parametrize("options", [{}, {"enabled": False}, {"access_token": "t", "endpoint": "http://127.0.0.1:9/"}])
def test_a_configured_handler_is_taken_over(logger: logging.Logger, options: Any) -> None:
    """A handler reports with its own settings whether it is enabled and has a token, or not; and only it."""
    handler = RollbarHandler(**options, environment="staging", code_version="1.2", level="WARNING")
    logger.addHandler(handler)
    with capture_reports() as reports:
        logger.warning("low stock")
        logging.getLogger("other").error("not reported in production either")

    assert [(report.message, report.environment, report.code_version) for report in reports] == [
        ("low stock", "staging", "1.2")
    ]
    assert handler.stats().accepted == 0


def test_nothing_of_it_leaves_the_process(loopback: Loopback) -> None:
    """What a handler delivers over HTTP before and after a capture is not in it, and the other way round."""
    with attached(loopback) as (logger, handler):
        logger.error("before")
        with capture_reports() as reports:
            logger.error("during")
        logger.error("after")
        assert handler.flush(timeout=30)

        sent = [request.item["data"]["body"]["message"]["body"] for request in loopback.requests]
        assert (sent, messages(reports)) == (["before", "after"], ["during"])
        assert handler.stats().accepted == 2


def test_options_go_over_those_of_handlers(logger: logging.Logger) -> None:
    """An option given to the capture counts for a configured handler, the others stay; storms can be asked for."""
    logger.addHandler(RollbarHandler(environment="staging", code_version="1.2"))
    with capture_reports(environment="test", storm_limit=2) as reports:
        for _ in range(5):
            logger.error("again")

    assert [(report.environment, report.code_version) for report in reports] == [("test", "1.2")] * 3
    assert reports[2].custom["storm"]["suppressed"] == 3


def test_storms_and_bounds_of_production_are_out(logger: logging.Logger) -> None:
    """A thousand of the same reports are a thousand, whatever bounds the handler has."""
    logger.addHandler(RollbarHandler(storm_limit=1, queue_size=1, queue_bytes=65_536, max_age=1))
    with capture_reports() as reports:
        for _ in range(1000):
            logger.error("again")

        assert (len(reports), reports.dropped) == (1000, {})


def test_none_is_no_option(logger: logging.Logger) -> None:
    """As for the handler, ``None`` counts as not given, and leaves the handler's own."""
    logger.addHandler(RollbarHandler(code_version="1.2"))
    with capture_reports(code_version=None) as reports:
        logger.error("boom")

    assert reports[0].code_version == "1.2"


def test_bad_options_are_refused() -> None:
    """An option that cannot work raises at once, and so does a transport."""
    with pytest.raises(SettingsError, match="storm_limit"), capture_reports(storm_limit=-1):
        pass
    with pytest.raises(TypeError, match="a transport of its own"), capture_reports(transport=Answer):
        pass


def test_before_send_has_its_say(logger: logging.Logger) -> None:
    """What `before_send` changes is seen, what it drops is counted, and its own log records make no report."""

    def before_send(data: dict[str, Any]) -> dict[str, Any] | None:
        logging.getLogger("before_send").error("a record of the delivering thread")
        data["context"] = "changed"
        return None if data["level"] == "critical" else data

    logger.addHandler(RollbarHandler(before_send=before_send))
    with capture_reports() as reports:
        logger.error("kept")
        logger.critical("dropped")

        assert [(report.message, report.context) for report in reports] == [("kept", "changed")]
        assert reports.dropped == {"before_send": 1}


def test_what_hangs_is_told_of(logger: logging.Logger, monkeypatch: pytest.MonkeyPatch) -> None:
    """A `before_send` that does not return makes a look raise, not hang."""
    monkeypatch.setattr(capture_module, "PATIENCE", 0.05)
    go_on = threading.Event()
    logger.addHandler(RollbarHandler(before_send=lambda data: data if go_on.wait(60) else None))
    with capture_reports() as reports:
        logger.error("stuck")
        with pytest.raises(RollbarError, match=r"not built within 0\.05 s: does before_send hang\?"):
            len(reports)
        monkeypatch.setattr(capture_module, "PATIENCE", 30.0)
        go_on.set()

    assert messages(reports) == ["stuck"]


def test_configuring_logging_anew_meanwhile(logger: logging.Logger) -> None:
    """As Django does it: handlers that come and go during a test report to it, each while it is there."""

    def configure(environment: str) -> None:
        handlers = {
            "rollbar": {"class": "rollbar_logging.RollbarHandler", "environment": environment, "access_token": "t"}
        }
        loggers = {logger.name: {"handlers": ["rollbar"], "propagate": False}}
        logging.config.dictConfig(
            {"version": 1, "disable_existing_loggers": False, "handlers": handlers, "loggers": loggers}
        )

    with capture_reports() as reports:
        logger.error("by the capture's own")
        configure("first")
        logger.error("by the first")
        old = logger.handlers[0]
        configure("second")
        logger.error("by the second")
        old.emit(logger.makeRecord(logger.name, 40, __file__, 1, "the first is closed", (), None))

    assert [(report.message, report.environment) for report in reports] == [
        ("by the capture's own", "production"),
        ("by the first", "first"),
        ("by the second", "second"),
    ]


def test_one_logger_and_those_below(logger: logging.Logger, loopback: Loopback) -> None:
    """A capture of one logger takes what is below it, by name; other records go their usual way."""
    with attached(loopback) as (other, handler):
        logger.addHandler(handler)
        logging.getLogger(f"{logger.name}2").addHandler(handler)
        with capture_reports(logger) as reports, capture_reports("unheard") as none:
            logger.error("here")
            logging.getLogger(f"{logger.name}.below").error("below")
            logging.getLogger(f"{logger.name}2").error("beside")
            other.error("elsewhere")
        assert handler.flush(timeout=30)
        logging.getLogger(f"{logger.name}2").removeHandler(handler)
        logger.removeHandler(handler)

    assert messages(reports) == ["here", "below"]
    assert none == []
    assert [request.item["data"]["body"]["message"]["body"] for request in loopback.requests] == ["beside", "elsewhere"]


def test_a_logger_that_does_not_propagate(logger: logging.Logger) -> None:
    """Named, a logger is listened to also if its records do not reach the root logger."""
    logger.propagate = False
    with capture_reports() as none, capture_reports(logger) as reports:
        logger.error("heard")

    assert (len(none), messages(reports)) == (0, ["heard"])


@pytest.mark.parametrize("is_configured", [False, True])
def test_the_innermost_of_nested_captures_takes_it(logger: logging.Logger, is_configured: bool) -> None:
    """What is logged is in one capture, the innermost; in whatever order they end."""
    if is_configured:
        logger.addHandler(RollbarHandler())
    outer, inner = capture_reports(), capture_reports(logger)
    in_outer = outer.__enter__()
    logger.error("1")
    in_inner = inner.__enter__()
    logger.error("2")
    with capture_reports() as innermost:
        logger.error("3")
    outer.__exit__(None, None, None)
    logger.error("4")
    inner.__exit__(None, None, None)
    logger.error("5")

    assert (messages(in_outer), messages(in_inner), messages(innermost)) == (["1"], ["2", "4"], ["3"])


def test_handlers_behind_others(logger: logging.Logger) -> None:
    """A handler behind a `MemoryHandler` is found, and reports when the records get to it, once."""
    memory = logging.handlers.MemoryHandler(100, flushLevel=logging.CRITICAL, target=RollbarHandler(environment="e"))
    logger.addHandler(memory)
    with capture_reports() as reports:
        logger.error("kept")
        assert reports == []
        logger.critical("flushed")

        assert [(report.message, report.environment) for report in reports] == [("kept", "e"), ("flushed", "e")]


def test_a_queue_listener(logger: logging.Logger) -> None:
    """What passes through a queue and another thread is waited for."""
    records: queue.SimpleQueue[Any] = queue.SimpleQueue()
    logger.addHandler(logging.handlers.QueueHandler(records))
    logger.propagate = False
    listener = logging.handlers.QueueListener(records, RollbarHandler())
    listener.start()
    with capture_reports() as reports:
        logger.error("through the queue")
        assert messages(reports.wait_for(1, timeout=60, level="error")) == ["through the queue"]
        listener.stop()


def test_mocks_on_loggers_do_no_harm(logger: logging.Logger) -> None:
    """A mock that has every attribute is no configured handler."""
    logger.addHandler(unittest.mock.MagicMock(level=0))
    with capture_reports() as reports:
        logger.error("boom")

    assert messages(reports) == ["boom"]


def test_a_subclass_keeps_its_say(logger: logging.Logger) -> None:
    """A handler that looks at records before it passes them on goes on to do so."""

    class Picky(RollbarHandler):
        def emit(self, record: logging.LogRecord) -> None:
            if "dull" not in record.getMessage():
                super().emit(record)

    logger.addHandler(Picky())
    logger.handlers[0].addFilter(lambda record: record.name == logger.name)
    with capture_reports() as reports:
        logger.error("dull")
        logger.error("exciting")
        logger.getChild("below").error("filtered")

    assert messages(reports) == ["exciting"]


def test_left_alone(loopback: Loopback) -> None:
    """A handler of an endpoint that is to be left alone delivers, and no other reports in place of it."""
    with attached(loopback) as (logger, handler), capture_reports(leave=[loopback.endpoint]) as reports:
        logger.error("over HTTP")
        assert handler.flush(timeout=30)

        assert (len(loopback.requests), len(reports)) == (1, 0)


def test_threads_and_records_with_uuids() -> None:
    """Of many threads nothing is lost or doubled, and each record has the uuid of its report."""
    uuids: list[str] = []
    lock = threading.Lock()

    class Noting(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            with lock:
                uuids.append(record.__dict__["rollbar_uuid"])

    def log_many(thread: int) -> None:
        for number in range(50):
            logging.getLogger("threads").error("%d of %d", number, thread)

    with capture_reports() as reports:
        noting = Noting()
        logging.getLogger().addHandler(noting)
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(log_many, range(8)))
        logging.getLogger().removeHandler(noting)

    assert sorted(report.uuid for report in reports) == sorted(uuids)
    assert sorted(messages(reports)) == sorted(f"{n} of {t}" for n in range(50) for t in range(8))
    of_one = [report.record["args"][0] for report in reports if report.record["args"][1] == 3]
    assert of_one == list(range(50))


def test_asyncio_tasks_with_their_context() -> None:
    """Tasks report with what is bound in each, and looking does not need the loop."""

    async def buy(number: int) -> None:
        with context(person={"id": number}):
            await asyncio.sleep(0)
            logging.getLogger("shop").error("refused", extra={"order": number})

    async def main() -> None:
        await asyncio.gather(*(buy(number) for number in range(5)))
        assert len(reports) == 5

    with capture_reports() as reports:
        asyncio.run(main())

    assert {(report.person or {})["id"]: report.custom["order"] for report in reports} == {
        str(number): number for number in range(5)
    }


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
@pytest.mark.filterwarnings(
    "ignore:This process:DeprecationWarning"
)  # Python 3.12 and newer warn of forks with threads
def test_a_forked_child_reports_to_itself() -> None:
    """A child's reports are seen in the child, and neither lost nor doubled in the parent."""

    def child() -> None:
        SHOP.error("of the child")
        os._exit(messages(reports) != ["of the parent", "of the child"])

    with capture_reports() as reports:
        SHOP.error("of the parent")
        assert len(reports) == 1
        process = multiprocessing.get_context("fork").Process(target=child)
        process.start()
        process.join(60)

        assert process.exitcode == 0
        assert messages(reports) == ["of the parent"]


def test_what_is_logged_while_it_ends_is_kept_for_later() -> None:
    """The reports can be read when all is over, also if the test failed."""
    captured = []
    with contextlib.suppress(ZeroDivisionError), capture_reports() as reports:
        captured.append(reports)
        SHOP.error("before the end")
        _ = 1 / 0

    (reports,) = captured
    assert_reported(reports, message="before the end")
    assert isinstance(reports[0], Report)


def test_a_handler_does_not_live_on_for_its_reports(logger: logging.Logger) -> None:
    """Whoever has the reports has no handler, which others would go on reporting by."""
    handler = RollbarHandler()
    logger.addHandler(handler)
    with capture_reports() as reports:
        logger.error("boom")
    logger.removeHandler(handler)
    left = weakref.ref(handler)
    del handler
    gc.collect()

    assert left() is None
    assert messages(reports) == ["boom"]
    assert reports.dropped == {}


KEYS = st.text(min_size=1).map(lambda text: f"x_{text}")
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.dates() | st.uuids(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.sets(st.integers()) | st.tuples(inner),
    max_leaves=10,
)


@settings(max_examples=50, suppress_health_check=[HealthCheck.too_slow])
@given(extra=st.dictionaries(KEYS, VALUES, max_size=4))
def test_any_extra_can_be_read_and_expected(extra: dict[str, Any]) -> None:
    """Whatever travels along, the report can be read, and is found by what it says itself."""
    with capture_reports() as reports:
        logging.getLogger("shop").error("boom", extra=extra)

    (report,) = reports
    assert report.message == "boom"
    assert len(report.custom) == len(extra)
    assert_reported(reports, custom=report.custom, message="boom", count=1)
    repr(report)
