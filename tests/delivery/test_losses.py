"""Rollbar is told in one report what was dropped, when it takes reports again."""

from __future__ import annotations

import logging
import time
from typing import Any

import pytest

from rollbar_logging.delivery.losses import Loss, Losses, as_occurrence
from tests.loopback import Loopback, Reply
from tests.pipelines import adds_up, attached, texts


def notices(loopback: Loopback) -> list[dict[str, Any]]:
    """The items that tell of dropped reports."""
    items = [request.item["data"] for request in loopback.requests]
    return [item for item in items if "dropped" in item.get("custom", {})]


def test_losses_are_counted_by_reason_with_the_first_and_the_last_time() -> None:
    """What was asked for by before_send is counted, and is no loss."""
    losses = Losses()
    for moment in (10.0, 11.0, 12.0):
        losses.add("queue_full", 2, moment)
    losses.add("expired", 1, 13.0)
    losses.add("before_send", 5, 14.0)

    assert losses.counts == {"queue_full": 6, "expired": 1, "before_send": 5}
    assert losses.take_untold() == {"queue_full": Loss(6, 10.0, 12.0), "expired": Loss(1, 13.0, 13.0)}
    assert losses.take_untold() == {}


def test_what_could_not_be_told_is_told_with_what_came_later() -> None:
    """Nothing is told twice, and nothing is forgotten."""
    losses = Losses()
    losses.add("queue_full", 2, 10.0)
    losses.add("expired", 1, 11.0)
    untold = losses.take_untold()
    losses.add("queue_full", 3, 20.0)
    losses.restore(untold)

    assert losses.take_untold() == {"queue_full": Loss(5, 10.0, 20.0), "expired": Loss(1, 11.0, 11.0)}
    assert losses.counts == {"queue_full": 5, "expired": 1}


def test_the_report_groups_by_a_fixed_text() -> None:
    """The numbers are in its text and its custom data, and do not make a new item each time."""
    first = as_occurrence({"queue_full": Loss(12, 0.0, 60.5), "expired": Loss(1, 5.0, 5.0)}, 100.0)
    second = as_occurrence({"queue_full": Loss(1, 0.0, 0.0)}, 200.0)

    assert first.message == "rollbar_logging dropped reports: 13 (queue_full 12, expired 1)"
    assert first.extras["dropped"]["queue_full"] == {
        "number": 12,
        "first": "1970-01-01T00:00:00.000+00:00",
        "last": "1970-01-01T00:01:00.500+00:00",
    }
    assert (first.level, first.created, first.template) == ("warning", 100.0, second.template)
    assert first.uuid != second.uuid


def test_rollbar_is_told_when_it_takes_reports_again(loopback: Loopback, caplog: pytest.LogCaptureFixture) -> None:
    """One item at level warning after the first success, not counted as a report of the application's."""
    loopback.script = [Reply(422)] * 3
    before = time.time()
    with attached(loopback, max_connections=1) as (logger, handler):
        for i in range(3):
            logger.error("refused %d", i)
            assert handler.flush()
        assert notices(loopback) == []
        logger.error("taken")
        assert handler.flush()
        logger.error("taken too")
        assert handler.flush()

    (notice,) = notices(loopback)
    assert (handler.stats().accepted, handler.stats().sent) == (5, 2)
    assert adds_up(handler.stats())
    assert notice["level"] == "warning"
    assert notice["body"]["message"]["body"] == "rollbar_logging dropped reports: 3 (rejected_422 3)"
    told = notice["custom"]["dropped"]["rejected_422"]
    assert told["number"] == 3
    assert time.strftime("%Y-%m-%dT", time.gmtime(before)) <= told["first"] <= told["last"]
    assert texts(loopback) == ["taken", "taken too"]


def test_what_was_dropped_last_is_told_when_the_handler_is_closed(loopback: Loopback) -> None:
    """Within the minute for which Rollbar has heard of drops already."""
    with attached(loopback, max_connections=1) as (logger, handler):
        loopback.script = [Reply(), Reply(422), Reply(), Reply(), Reply(422), Reply()]
        for name in "abcde":
            logger.error(name)
            assert handler.flush()
            if name == "c":
                assert loopback.wait_for(4)  # its notice too
        assert len(notices(loopback)) == 1

    assert [notice["custom"]["dropped"]["rejected_422"]["number"] for notice in notices(loopback)] == [1, 1]


@pytest.mark.parametrize(
    ("reply", "on_rate_limit"),
    [
        (Reply(500), "defer"),
        (Reply(429, {"X-Rate-Limit-Remaining-Seconds": "0"}), "defer"),
        (Reply(429, {"X-Rate-Limit-Remaining-Seconds": "0"}), "drop"),
    ],
)
def test_a_notice_that_does_not_pass_is_sent_with_a_later_success(
    loopback: Loopback, reply: Reply, on_rate_limit: str
) -> None:
    """A server that fails for it is asked again; it never becomes a report that is counted or dropped."""
    with attached(loopback, max_connections=1, on_rate_limit=on_rate_limit) as (logger, handler):
        loopback.script = [Reply(422), Reply(), reply, Reply()]
        for name in "ab":
            logger.error(name)
            assert handler.flush()
        assert loopback.wait_for(3)
        time.sleep(0.01)
        handler.flush()
        logger.error("c")
        assert handler.flush()
        assert handler.stats().dropped == {"rejected_422": 1}

    statuses = [request.status for request in loopback.requests if "dropped" in request.item["data"].get("custom", {})]
    assert statuses == [reply.status, 200]


def test_a_handler_at_level_critical_tells_nevertheless(loopback: Loopback) -> None:
    """The handler's level is for the application's records."""
    loopback.script = [Reply(422)]
    with attached(loopback, level=logging.CRITICAL) as (logger, handler):
        logger.critical("refused")
        assert handler.flush()
        logger.critical("taken")
        assert handler.flush()

    assert len(notices(loopback)) == 1
