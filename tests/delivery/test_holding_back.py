"""A rate limit, seen from its other side: how many requests are wasted, and that nothing is lost."""

from __future__ import annotations

import itertools
import logging
import time

import pytest

from rollbar_logging.delivery.stats import Stats
from tests.loopback import Loopback, Reply
from tests.pipelines import attached, texts, uuids

OVER = {"X-Rate-Limit-Limit": "5000", "X-Rate-Limit-Remaining": "0"}


def over(seconds: int, status: int = 429) -> Reply:
    """An answer that says that the window ends after so many seconds."""
    reset = str(int(time.time()) + seconds)
    return Reply(status, {**OVER, "X-Rate-Limit-Remaining-Seconds": str(seconds), "X-Rate-Limit-Reset": reset})


def test_a_refused_item_is_held_until_the_window_opens(loopback: Loopback, caplog: pytest.LogCaptureFixture) -> None:
    """A 429 costs one request; the item waits in its place, and arrives with the same uuid."""
    loopback.script = [over(0)]
    with attached(loopback) as (logger, handler):
        before = time.time()
        logger.error("boom")
        assert loopback.wait_for(1)
        assert not handler.flush(0.2)
        stats = handler.stats()
        assert stats._replace(rate_limited_until=None) == Stats(accepted=1, queued=1, deferred=1)
        assert stats.rate_limited_until is not None
        assert before + 1 <= stats.rate_limited_until <= time.time() + 1

        assert handler.flush()
        assert handler.stats() == Stats(accepted=1, sent=1, deferred=1)
    assert [request.status for request in loopback.requests] == [429, 200]
    assert len(set(uuids(loopback))) == 1
    assert "Rollbar answered 429: too many requests; reports wait meanwhile" in caplog.text


def test_a_long_window_holds_everything(loopback: Loopback) -> None:
    """One request is refused, and of those that come later none is sent."""
    loopback.script = [over(1800)] * 10
    with attached(loopback, shutdown_timeout=0.1) as (logger, handler):
        for i in range(10):
            logger.error("record %d", i)
        assert loopback.wait_for(1)
        assert not handler.flush(0.3)
        assert handler.stats().queued == 10
    assert len(loopback.requests) == 1
    assert handler.stats().dropped == {"shutdown": 10}


def test_an_exhausted_window_is_believed_before_it_refuses(loopback: Loopback) -> None:
    """A success that says that nothing remains holds the next item, so that no 429 comes."""
    loopback.script = [over(0, 200)]
    with attached(loopback) as (logger, handler):
        logger.error("last of its window")
        assert handler.flush()
        assert handler.stats().rate_limited_until is not None
        logger.error("first of the next")
        assert not handler.flush(0.2)
        assert len(loopback.requests) == 1

        assert handler.flush()
        assert handler.stats() == Stats(accepted=2, sent=2)
    assert [request.status for request in loopback.requests] == [200, 200]


def test_reports_may_be_dropped_instead_of_held(loopback: Loopback, caplog: pytest.LogCaptureFixture) -> None:
    """With ``on_rate_limit="drop"`` the refused one is dropped and counted; the rest waits for the window."""
    loopback.script = [over(0)]
    with attached(loopback, on_rate_limit="drop", max_connections=1) as (logger, handler):
        logger.error("refused")
        assert handler.flush()
        assert handler.stats()._replace(rate_limited_until=None) == Stats(accepted=1, dropped={"rate_limited": 1})
        logger.error("next")
        assert handler.flush()
    assert texts(loopback) == ["next"]
    assert "1 report was dropped: rate_limited (Rollbar answered 429: too many requests)" in caplog.text


@pytest.mark.parametrize(("connections", "records"), [(1, 12), (4, 20)])
def test_a_limited_server_gets_everything_and_refuses_next_to_nothing(
    loopback: Loopback, connections: int, records: int
) -> None:
    """A burst over several windows: all arrives, and each window has refused one request at most."""
    loopback.limit = (8, 1.0)
    with attached(loopback, max_connections=connections) as (logger, handler):
        for i in range(records):
            logger.error("record %d", i)

        assert handler.flush(30)
        stats = handler.stats()
        assert (stats.accepted, stats.sent) == (records, records)
    assert sorted(texts(loopback)) == sorted(f"record {i}" for i in range(records))
    assert refusals(loopback) <= 1
    assert stats.deferred == len(texts(loopback, 429))


def test_handlers_that_share_a_limit_waste_one_request_each(loopback: Loopback) -> None:
    """Two processes with one token cannot know of each other: one refused request each per window is the price."""
    loopback.limit = (8, 1.0)
    with (
        attached(loopback, max_connections=1) as (first, one),
        attached(loopback, max_connections=1) as (second, two),
    ):
        for i in range(6):
            first.error("first %d", i)
            second.log(logging.ERROR, "second %d", i)

        assert one.flush(30)
        assert two.flush(30)
        assert one.stats().sent + two.stats().sent == 12
    assert len(texts(loopback)) == 12
    assert refusals(loopback) <= 2


def refusals(loopback: Loopback) -> int:
    """The most requests refused in one window: those after the last one that it let through."""
    statuses = [request.status for request in loopback.requests]
    return max((len(list(run)) for status, run in itertools.groupby(statuses) if status == 429), default=0)
