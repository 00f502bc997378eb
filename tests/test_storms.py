"""Storms as the server and the application see them: few reports, one that tells of the rest, and exact counts."""

from __future__ import annotations

import gc
import logging
import os
import threading
import weakref
from typing import Any

import pytest

from rollbar_logging import Answer, RollbarHandler
from rollbar_logging.server import LocalServer
from tests.loopback import Loopback
from tests.pipelines import Scripted, adds_up, attached, made, reports, run, uuids


def storms(loopback: Loopback) -> list[dict[str, Any]]:
    """What the summaries that arrived tell."""
    customs = [request.item["data"]["custom"] for request in reports(loopback)]
    return [custom["storm"] for custom in customs if "storm" in custom]


def fail(logger: logging.Logger, times: int, customer: str = "Ann") -> None:
    """Log the same failure so many times."""
    for number in range(times):
        _fail_once(logger, customer, number)


def _fail_once(logger: logging.Logger, customer: str, number: int) -> None:
    try:
        int(f"{customer} {number}")
    except ValueError:
        logger.exception("no number: %s", customer, extra={"number": number})


def test_a_storm_is_counted_and_told_in_one(loopback: Loopback) -> None:
    """Of 200 records five are sent and one summary, which tells how many more there were and has none of their data."""
    with attached(loopback, storm_limit=5, storm_window=60) as (logger, handler):
        fail(logger, 200)
        assert handler.flush()
        assert handler.stats()[:3] == (5, 5, 195)
    stats = handler.stats()

    assert stats[:3] == (6, 6, 195)
    assert adds_up(stats)
    *sent, summary = [request.item["data"] for request in loopback.requests]
    [storm] = storms(loopback)
    assert (storm["suppressed"], storm["window"]) == (195, 60)
    assert storm["first"] <= storm["last"]
    assert len(set(uuids(loopback))) == 6
    assert (summary["level"], summary["timestamp"]) == (sent[-1]["level"], pytest.approx(sent[-1]["timestamp"], abs=60))
    frames = summary["body"]["trace"]["frames"]
    assert [(frame["filename"], frame["lineno"]) for frame in frames] == [
        (frame["filename"], frame["lineno"]) for frame in sent[-1]["body"]["trace"]["frames"]
    ]
    assert not [frame for frame in frames if "locals" in frame]
    assert set(summary["custom"]) == {"record", "storm"}


def test_a_summary_belongs_to_the_item_of_its_reports() -> None:
    """The server files the summaries under the items of the reports before them: an exception, and a message."""
    with LocalServer() as server:
        handler = RollbarHandler(
            access_token=server.tokens["post_server_item"], endpoint=server.endpoint, storm_limit=2, storm_window=60
        )
        logger = logging.Logger("application")  # noqa: LOG001 - found by no other test
        logger.addHandler(handler)
        for number in range(5):
            fail(logger, 1)
            logger.error("order %d of %s failed", number, "abc" * number)
        handler.close()

        assert sorted(item.total_occurrences for item in server.items()) == [3, 3]


def test_a_window_is_told_when_it_ends(loopback: Loopback) -> None:
    """Nobody has to log, flush or close for it, and afterwards the failure is let through again."""
    with attached(loopback, storm_limit=3, storm_window=1) as (logger, handler):
        fail(logger, 10)
        assert loopback.wait_for(4, timeout=30)
        assert [storm["suppressed"] for storm in storms(loopback)] == [7]
        fail(logger, 1)
        assert handler.flush()

        assert handler.stats()[:3] == (5, 5, 7)
    assert len(storms(loopback)) == 1


def test_suppressed_records_have_no_uuid(loopback: Loopback) -> None:
    """A record that is not sent shows the application nothing to look up."""
    seen: list[bool] = []

    class Looking(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            seen.append(hasattr(record, "rollbar_uuid"))

    with attached(loopback, storm_limit=2) as (logger, _):
        looking = Looking()
        logger.addHandler(looking)
        for _ in range(4):
            logger.error("boom")
        logger.removeHandler(looking)

    assert seen == [True, True, False, False]


def test_distinct_failures_are_all_sent(loopback: Loopback) -> None:
    """Messages of different templates or places do not suppress each other."""
    with attached(loopback, storm_limit=1, flush_interval=0.1) as (logger, handler):
        for number in range(30):
            logger.error(f"boom {number}")  # noqa: G004 - a template each
        logger.error("boom 0")

    assert handler.stats()[:3] == (31, 31, 0)


def test_without_a_limit_all_is_sent(loopback: Loopback) -> None:
    """``storm_limit=0`` switches it off."""
    with attached(loopback, storm_limit=0, flush_interval=0.1) as (logger, handler):
        fail(logger, 100)

    assert handler.stats()[:3] == (100, 100, 0)
    assert storms(loopback) == []


def test_ignored_exceptions_are_not_counted(loopback: Loopback) -> None:
    """What ``exception_levels`` ignores is neither accepted nor suppressed."""
    with attached(loopback, storm_limit=1, exception_levels={"ValueError": "ignored"}) as (logger, handler):
        fail(logger, 10)
        logger.error("boom")

    assert handler.stats()[:3] == (1, 1, 0)


def test_a_record_that_cannot_be_captured_can_be_a_storm(loopback: Loopback) -> None:
    """The bare reports of records that cannot be captured are limited and told like others."""
    with attached(loopback, storm_limit=2) as (logger, handler):
        for _ in range(5):
            record = logger.makeRecord(logger.name, 40, __file__, 1, "boom", (), None)
            del record.stack_info
            handler.handle(record)

    assert handler.stats()[:3] == (3, 3, 3)
    assert [storm["suppressed"] for storm in storms(loopback)] == [3]


def test_many_threads_in_one_storm_are_counted_exactly() -> None:
    """Of what 64 threads log at once exactly the limit is accepted, and all else is suppressed."""
    transport = Scripted(lambda: Answer(200))
    handler = RollbarHandler(transport=transport, flush_interval=0.1, shutdown_timeout=60, storm_window=3600)
    logger = logging.Logger("application")  # noqa: LOG001 - found by no other test
    logger.addHandler(handler)
    threads = [threading.Thread(target=fail, args=(logger, 50)) for _ in range(64)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert handler.stats().accepted == 60
    assert handler.stats().suppressed == 64 * 50 - 60
    handler.close()
    assert len(transport.bodies) == 61


def test_what_a_finalizer_logs_while_storms_are_told_does_no_harm(loopback: Loopback) -> None:
    """A record that comes on the thread that tells, in the middle of it, is counted and waits for nothing."""
    with attached(loopback, storm_limit=1) as (logger, handler):
        fail(logger, 3)
        storms_told = handler._storms
        assert storms_told is not None
        tell_all = storms_told.tell_all

        def logging_meanwhile() -> None:
            logger.error("from a finalizer")
            tell_all()

        storms_told.tell_all = logging_meanwhile  # type: ignore[method-assign]
        handler.at_exit()
        stats = handler.stats()
        assert handler._worker is not None
        handler._worker.close(10)  # what is left of a process's end needs no thread, but other tests would find it

    assert (stats.suppressed, dict(stats.dropped)) == (2, {"reentrant": 1})
    assert [storm["suppressed"] for storm in storms(loopback)] == [2]


def test_a_handler_that_is_given_up_can_go(loopback: Loopback) -> None:
    """Neither its thread nor what is remembered of storms keeps a handler alive."""
    handler = made(loopback, storm_limit=1)
    logger = logging.Logger("application")  # noqa: LOG001 - found by no other test
    logger.addHandler(handler)
    fail(logger, 3)
    assert handler.flush()
    gone = weakref.ref(handler)
    logger.removeHandler(handler)
    worker = handler._worker
    del handler
    gc.collect()

    assert gone() is None
    assert worker is not None
    worker.close(10)


_PROGRAM = """
    import logging, os, sys
    from rollbar_logging import Answer, RollbarHandler

    logger = logging.getLogger("application")
    handler = RollbarHandler()
    logger.addHandler(handler)

    def storm(who, times):
        for _ in range(times):
            logger.error("boom")
        print(who, handler.stats().suppressed, flush=True)

    storm("parent", 7)
    if "fork" in sys.argv:
        pid = os.fork()
        if pid == 0:
            storm("child", 6)
            sys.exit()
        assert os.waitpid(pid, 0)[1] == 0
    storm("parent", 1)
"""


def test_the_end_of_the_process_tells(loopback: Loopback) -> None:
    """What was suppressed in a window that has not ended is told before the process ends."""
    done = run(loopback, _PROGRAM, storm_limit="2")

    assert (done.returncode, done.stderr, done.stdout) == (0, "", "parent 5\nparent 6\n")
    assert [storm["suppressed"] for storm in storms(loopback)] == [6]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_parent_and_child_tell_what_each_counted(loopback: Loopback) -> None:
    """A forked child begins with an empty table; what the parent counted is told by the parent alone."""
    done = run(
        loopback, _PROGRAM, "fork", flags=("-W", "ignore::DeprecationWarning"), storm_limit="2", shutdown_timeout="30"
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == ["parent 5", "child 4", "parent 6"]
    assert sorted(storm["suppressed"] for storm in storms(loopback)) == [4, 6]
    assert len(loopback.requests) == 2 + 2 + 2
