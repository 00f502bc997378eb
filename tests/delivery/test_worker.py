"""Records on their way to a real server: they arrive, every one is counted, and no thread is lost or left."""

from __future__ import annotations

import logging
import math
import sys
import threading
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from rollbar_logging.delivery.answer import Answer
from rollbar_logging.delivery.queue import ReportQueue
from rollbar_logging.delivery.report import Report
from rollbar_logging.delivery.sender import Way
from rollbar_logging.delivery.stats import Stats
from rollbar_logging.delivery.worker import Worker
from tests.loopback import Loopback, Reply
from tests.pipelines import Gate, Scripted, adds_up, attached, made, occurrence, texts, uuids


def sender_threads() -> list[threading.Thread]:
    """The product's threads that are alive."""
    return [thread for thread in threading.enumerate() if thread.name.startswith("rollbar_logging")]


def test_a_message_and_an_exception_arrive(loopback: Loopback) -> None:
    """What is logged is at the server when flush says so, and the counts say so too."""
    with attached(loopback) as (logger, handler):
        logger.warning("disk at %d %%", 91)
        logger.setLevel(logging.ERROR)
        logger.error("disk at %d %%", 99)
        try:
            int("many")
        except ValueError:
            logger.exception("conversion")

        assert handler.flush()
        assert handler.stats() == Stats(accepted=2, sent=2)
    message, error = (request.item["data"] for request in loopback.requests)
    assert (message["level"], message["body"]["message"]["body"]) == ("error", "disk at 99 %")
    trace = error["body"]["trace"]
    assert trace["exception"] == {
        "class": "ValueError",
        "message": "invalid literal for int() with base 10: 'many'",
        "description": "conversion",
    }
    assert trace["frames"][-1]["method"] == "test_a_message_and_an_exception_arrive"


def test_the_counts_add_up_at_every_moment(loopback: Loopback) -> None:
    """While eight threads log more than the queue holds, and requests fail, every snapshot adds up."""
    loopback.script = [Reply(500 if i % 10 == 0 else 200, delay=0.002) for i in range(60)]
    snapshots: list[Stats] = []
    end = threading.Event()
    with attached(loopback, queue_size=40) as (logger, handler):

        def watch() -> None:
            while not end.wait(0.001):
                snapshots.append(handler.stats())

        def work(number: int) -> None:
            for i in range(60):
                logger.log((logging.ERROR, logging.WARNING)[i % 2], "record %d of %d", i, number)

        handler.setLevel(logging.WARNING)
        threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
        watcher = threading.Thread(target=watch)
        for thread in [watcher, *threads]:
            thread.start()
        for thread in threads:
            thread.join()
        is_settled = handler.flush(30)
        end.set()
        watcher.join()

        stats = handler.stats()
    assert is_settled
    assert all(adds_up(snapshot) for snapshot in snapshots)
    assert all(before.accepted <= after.accepted for before, after in pairwise(snapshots))
    assert (stats.accepted, stats.queued, set(stats.dropped)) == (480, 0, {"queue_full"})
    assert stats.sent == len(texts(loopback)) == len(set(uuids(loopback, 200)))
    assert len({snapshot.queued for snapshot in snapshots}) > 3


def test_a_backlog_is_met_with_several_connections(loopback: Loopback) -> None:
    """More senders help while many reports wait, never more than allowed; one report at a time needs one."""
    with attached(loopback, max_connections=3) as (logger, handler):
        for i in range(5):
            logger.error("one %d", i)
            assert handler.flush()
        assert loopback.connections == 1
        loopback.script = [Reply(delay=0.01)] * 60
        for i in range(60):
            logger.error("many %d", i)
        assert handler.flush()
        assert 2 <= loopback.connections <= 3
        assert sorted(texts(loopback)) == sorted([f"one {i}" for i in range(5)] + [f"many {i}" for i in range(60)])


def test_the_most_severe_is_sent_first(loopback: Loopback) -> None:
    """What waits is sent by severity, then by age."""
    with attached(loopback, level="DEBUG", flush_interval=60, max_connections=1) as (logger, handler):
        for level in (logging.INFO, logging.ERROR, logging.DEBUG, logging.ERROR, logging.WARNING):
            logger.log(level, "record of %d", level)
        assert handler.flush()

    assert texts(loopback) == [f"record of {level}" for level in (40, 40, 30, 20, 10)]


@pytest.mark.parametrize("how", ["critical", "batch"])
def test_the_interval_is_cut_short(loopback: Loopback, how: str) -> None:
    """A critical record, or a complete batch, takes along all that waits, at once."""
    with attached(loopback, flush_interval=3600, batch_size=3) as (logger, _):
        for i in range(2):
            logger.error("record %d", i)
        logger.log(logging.CRITICAL if how == "critical" else logging.ERROR, "record 2")

        assert loopback.wait_for(3)
        logger.error("record 3")
        assert not loopback.wait_for(4, 0.1)


def test_no_report_is_forgotten_while_the_worker_falls_asleep(loopback: Loopback) -> None:
    """Whether it looks in by itself, sleeps, or is just about to: every report is delivered without being asked for."""
    gate = Gate()
    gate.is_open.set()
    with attached(loopback, transport=gate, flush_interval=0.001) as (logger, handler):
        assert handler._worker is not None
        handler._worker._watch = 0.002  # seconds until it sleeps; else it would take half a minute
        for i in range(300):
            threading.Event().wait(i % 10 * 0.0004)
            logger.error("record %d", i)
            assert gate.entered.acquire(timeout=60), i
    assert len(gate.bodies) == 300


class LateQueue(ReportQueue):
    """A queue that gets a report at the last moment: just before its worker says that it will sleep."""

    late: Report | None = None
    _is_watched = False

    @property
    def is_watched(self) -> bool:
        """Whether a thread looks in by itself."""
        return self._is_watched

    @is_watched.setter
    def is_watched(self, value: bool) -> None:
        if self._is_watched and not value and self.late is not None:
            late, self.late = self.late, None
            self.put(late)
        self._is_watched = value


def test_a_report_of_the_last_moment_is_not_forgotten() -> None:
    """Who put it was not asked to ring; so the worker looks once more before it sleeps."""
    gate = Gate()
    gate.is_open.set()
    queue = LateQueue(10, 1_000_000, 50, 0.001)
    worker = Worker(queue, Way(gate, lambda: gate, lambda _: b"{}", bytes))
    worker._watch = 0.002
    queue.late = Report(occurrence())
    worker.put(occurrence())

    assert gate.entered.acquire(timeout=60)
    assert gate.entered.acquire(timeout=60)
    worker.close(10)
    assert queue.late is None


def test_threads_that_log_first_at_the_same_time_start_one_thread(loopback: Loopback) -> None:
    """However many find that there is none yet."""
    for _ in range(10):
        with attached(loopback, max_connections=1) as (logger, handler):
            barrier = threading.Barrier(8)

            def log(logger: logging.Logger = logger, barrier: threading.Barrier = barrier) -> None:
                barrier.wait()
                logger.error("first")

            threads = [threading.Thread(target=log) for _ in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert len(sender_threads()) == 1
            assert handler.flush()
        assert sender_threads() == []


def test_nothing_to_deliver_needs_no_thread(loopback: Loopback) -> None:
    """Neither a new handler nor flushing and closing it starts one."""
    with attached(loopback) as (_, handler):
        assert handler.flush()
        handler.close()
        assert handler.flush()

        assert sender_threads() == []


def _raise(error: BaseException) -> Any:
    raise error


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (lambda: _raise(SystemExit(1)), "internal_error"),
        (lambda: "no answer at all", "internal_error"),
        (lambda: Answer(200, message=None), "internal_error"),  # type: ignore[arg-type]
        (lambda: Answer(429, headers=None), "internal_error"),  # type: ignore[arg-type]
    ],
)
def test_a_broken_transport_costs_its_report_only(loopback: Loopback, fault: Callable[[], Answer], reason: str) -> None:
    """Whatever a transport of the application's does, the next report is delivered, and each is counted once."""
    transport = Scripted(fault, lambda: Answer(200))
    with attached(loopback, transport=transport) as (logger, handler):
        logger.error("first")
        handler.flush()
        logger.error("second")

        assert handler.flush()
        stats = handler.stats()
        assert stats.accepted == 2
        assert stats.sent + stats.dropped.get(reason, 0) == 2
        assert stats.sent >= 1


def test_a_transport_that_raises_is_tried_again(loopback: Loopback, caplog: pytest.LogCaptureFixture) -> None:
    """An exception counts as no answer, and the log hears of it."""
    transport = Scripted(lambda: _raise(ConnectionError("cable cut")), lambda: Answer(200))
    with attached(loopback, transport=transport) as (logger, handler):
        logger.error("boom")

        assert handler.flush()
        assert handler.stats() == Stats(accepted=1, sent=1, retried=1)
    assert "the transport raised ConnectionError: cable cut; reports wait meanwhile" in caplog.text


def test_a_transport_that_cannot_be_closed_does_not_disturb_the_end(loopback: Loopback) -> None:
    """Closing the handler raises nothing into the application."""

    class Stuck(Gate):
        def close(self) -> None:
            raise OSError("stuck")

    transport = Stuck()
    transport.is_open.set()
    with attached(loopback, transport=transport) as (logger, handler):
        logger.error("boom")
        handler.close()

        assert handler.stats() == Stats(accepted=1, sent=1)


def test_a_log_that_fails_does_not_end_the_senders(loopback: Loopback) -> None:
    """Somebody's handler raises when it is told of a dropped report; the next report is delivered all the same."""

    class Broken(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            heard.append(record.getMessage())
            raise ValueError("broken")

    heard: list[str] = []
    own, broken = logging.getLogger("rollbar_logging"), Broken()
    own.addHandler(broken)
    loopback.script = [Reply(400)]
    try:
        with attached(loopback) as (logger, handler):
            logger.error("first")
            assert handler.flush()
            logger.error("second")
            assert handler.flush()
            assert handler.stats() == Stats(accepted=2, sent=1, dropped={"rejected_400": 1})
    finally:
        own.removeHandler(broken)
    assert heard == ["1 report was dropped: rejected_400 (Rollbar answered 400: bad request)"]


def test_before_send_drops(loopback: Loopback) -> None:
    """What it returns ``None`` for is not sent, and counted."""

    def keep(data: dict[str, Any]) -> dict[str, Any] | None:
        return None if "secret" in data["body"]["message"]["body"] else data

    with attached(loopback, before_send=keep) as (logger, handler):
        logger.error("secret plan")
        logger.error("public plan")

        assert handler.flush()
        assert handler.stats() == Stats(accepted=2, sent=1, dropped={"before_send": 1})
    assert texts(loopback) == ["public plan"]


def test_before_send_may_fail(loopback: Loopback) -> None:
    """Neither an exception nor a ``SystemExit`` costs the report, or the thread."""
    faults: list[BaseException] = [SystemExit(3), ValueError("broken")]

    def fail(data: dict[str, Any]) -> dict[str, Any]:
        return _raise(faults.pop(0)) if faults else data

    with attached(loopback, before_send=fail) as (logger, handler):
        for i in range(3):
            logger.error("record %d", i)
            assert handler.flush()

        assert handler.stats() == Stats(accepted=3, sent=3)
    assert texts(loopback) == ["record 0", "record 1", "record 2"]
    told = [request.item["data"]["notifier"].get("diagnostic") for request in loopback.requests]
    assert told == [{"minimal": "SystemExit: 3"}, {"minimal": "ValueError: broken"}, None]


class _Interrupting:
    def __str__(self) -> str:
        raise KeyboardInterrupt

    __repr__ = __str__


@pytest.mark.parametrize("spool", [None, "overflow", "always"])
def test_what_cannot_be_made_into_bytes_costs_its_report_only(
    loopback: Loopback, tmp_path: Path, spool: str | None
) -> None:
    """Whether a sender makes the body, the one that looks after the disk, or the one that closes."""

    def spoil(data: dict[str, Any]) -> dict[str, Any]:
        return {**data, "custom": {"value": _Interrupting()}} if "bad" in str(data["body"]) else data

    options = {"spool": spool, "spool_dir": str(tmp_path)} if spool else {}
    with attached(loopback, before_send=spoil, **options) as (logger, handler):
        for text in ("bad", "good"):
            logger.error(text)
            assert handler.flush()
        assert handler.stats() == Stats(accepted=2, sent=1, dropped={"internal_error": 1})

        handler._queue.flush_interval = 60
        logger.error("bad to the end")
    assert texts(loopback) == ["good"]
    assert handler.stats() == Stats(accepted=3, sent=1, dropped={"internal_error": 2})


def test_a_sender_does_not_wait_for_itself(loopback: Loopback) -> None:
    """`flush`, and even `close`, called from ``before_send`` come back at once."""
    results: list[bool] = []

    def flush(data: dict[str, Any]) -> dict[str, Any]:
        results.append(handler.flush(60))
        return data

    with attached(loopback, before_send=flush) as (logger, handler):
        logger.error("boom")

        assert handler.flush()
    assert results == [False]
    assert texts(loopback) == ["boom"]


@pytest.mark.parametrize("timeout", [math.inf, 1e10, sys.float_info.max], ids=str)
def test_one_may_wait_for_as_long_as_it_takes(loopback: Loopback, timeout: float) -> None:
    """A time that the system cannot wait for is no error; and one that is none is over."""
    loopback.script = [Reply(delay=0.2)]
    with attached(loopback) as (logger, handler):
        logger.error("boom")
        assert not handler.flush(math.nan)
        assert handler.flush(timeout)
    assert texts(loopback) == ["boom"]


def test_the_end_does_not_wait_for_a_sender_that_waits(loopback: Loopback) -> None:
    """One that has the gate's lock, as while the spool is taken by another process, does not hold up the last word."""
    with attached(loopback) as (logger, handler):
        logger.error("boom")
        assert handler.flush()
        worker = handler._worker
        assert worker is not None
        handler._queue.count_dropped("queue_full", 3)
        with worker._gate.lock:
            finishing = threading.Thread(target=worker.finish, args=(0,), daemon=True)
            finishing.start()
            finishing.join(20)
            assert not finishing.is_alive()
        assert len(loopback.requests) == 1

        assert worker.finish(0)
    assert len(loopback.requests) == 2


def test_a_record_that_comes_while_the_handler_is_closed_is_counted(
    loopback: Loopback, caplog: pytest.LogCaptureFixture
) -> None:
    """A thread that was in the middle of `emit` when another closed the handler leaves no report behind uncounted."""
    handler = made(loopback)
    worker = handler._worker
    assert worker is not None
    handler.close()
    worker.put(occurrence())

    assert handler.stats() == Stats(accepted=1, dropped={"shutdown": 1})
    assert sender_threads() == []
    assert "1 report was dropped: shutdown" in caplog.text


class _Unspeakable(Exception):  # noqa: N818 - its text fails, that is all there is to it
    def __str__(self) -> str:
        raise self


def _fail() -> Answer:
    raise _Unspeakable


def test_an_error_without_a_text_does_not_end_the_sending_thread(loopback: Loopback) -> None:
    """A transport may raise anything, even what cannot be put into words: the report and those after it arrive."""
    transport = Scripted(_fail, lambda: Answer(200))
    with attached(loopback, transport=transport) as (logger, handler):
        logger.error("first")
        logger.error("second")

        assert handler.flush(60)
        assert handler.stats().sent == 2
