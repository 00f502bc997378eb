"""A machine that refuses threads: reports wait for one, and without any the application's own thread delivers."""

from __future__ import annotations

import threading

import pytest

from tests.faults.accounts import all_arrived, wait_until
from tests.loopback import Loopback, Reply
from tests.pipelines import attached, run, texts

RECORDS = 5


@pytest.fixture
def refused(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """While it is set the system has no more threads for the product."""
    real, refused = threading.Thread.start, threading.Event()

    def start(thread: threading.Thread) -> None:
        if refused.is_set() and thread.name.startswith("rollbar_logging"):
            raise RuntimeError("can't start new thread")
        real(thread)

    monkeypatch.setattr(threading.Thread, "start", start)
    return refused


def test_a_thread_that_cannot_start_is_started_later(loopback: Loopback, refused: threading.Event) -> None:
    """Logging raises nothing meanwhile; the next record has its thread, which takes along what waited."""
    with attached(loopback, storm_limit=0) as (logger, handler):
        refused.set()
        for i in range(RECORDS):
            logger.error("record %d", i)
        assert handler.stats().queued == RECORDS
        refused.clear()
        logger.error("afterwards")
        wait_until(lambda: handler.stats().sent == RECORDS + 1)

        assert all_arrived(handler, loopback, RECORDS + 1)


def test_without_any_thread_a_flush_delivers(loopback: Loopback, refused: threading.Event) -> None:
    """The caller of `flush` and of `close` then delivers by itself, through failures as well."""
    refused.set()
    loopback.script = [Reply(), Reply(503), Reply(429), Reply(fault="close")]
    with attached(loopback, storm_limit=0) as (logger, handler):
        for i in range(RECORDS):
            logger.error("record %d", i)
        assert all_arrived(handler, loopback, RECORDS)
        logger.error("last")
        handler.close()
        assert handler.stats().sent == RECORDS + 1
    assert texts(loopback)[-1] == "last"


def test_without_helpers_one_thread_delivers_all(loopback: Loopback, refused: threading.Event) -> None:
    """A backlog that finds no further threads is delivered by the first."""
    with attached(loopback, storm_limit=0, flush_interval=3600, batch_size=1000) as (logger, handler):
        logger.error("first")
        refused.set()
        for i in range(10 * RECORDS):
            logger.error("record %d", i)

        assert all_arrived(handler, loopback, 10 * RECORDS + 1)


def test_an_end_in_the_middle_of_a_failure_delivers(loopback: Loopback) -> None:
    """A program that ends while its reports wait to be tried again waits for them, within its budget."""
    loopback.script = [Reply(500), Reply(429, {"Retry-After": "0"})]
    loopback.script += [Reply(delay=0.02)] * 40
    source = """
    import logging, time
    from rollbar_logging import RollbarHandler
    logger = logging.getLogger("application")
    logger.addHandler(RollbarHandler())
    for i in range(30):
        logger.error("record %d", i)
        time.sleep(0.001)
    """
    flags = ("-X", "dev", "-W", "error")
    done = run(loopback, source, flags=flags, shutdown_timeout="60", flush_interval="0", storm_limit="0")

    assert done.returncode == 0
    assert "dropped" not in done.stderr
    assert "Traceback" not in done.stderr
    assert sorted(texts(loopback)) == sorted(f"record {i}" for i in range(30))
