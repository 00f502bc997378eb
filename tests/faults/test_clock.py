"""Clocks that are set while reports wait: the machine's time may jump, waiting may not."""

from __future__ import annotations

import time
from email.utils import formatdate

import pytest

from tests.faults.accounts import all_arrived, wait_until
from tests.loopback import Loopback, Reply
from tests.pipelines import attached, uuids

RECORDS = 3
YEARS = 30 * 365 * 86_400.0
real_time = time.time


def jump(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Set the machine's clock; the monotonic one goes on as it did."""
    monkeypatch.setattr(time, "time", lambda: real_time() + seconds)


@pytest.mark.parametrize("seconds", [-YEARS, -3000.0, 3000.0])
@pytest.mark.parametrize("kind", [429, 503])
def test_a_clock_that_is_set_while_reports_wait_costs_none(
    loopback: Loopback, monkeypatch: pytest.MonkeyPatch, seconds: float, kind: int
) -> None:
    """Neither hold nor age is measured by the machine's time: what waits arrives, and nobody waits for years."""
    moment = real_time()
    headers = {
        "X-Rate-Limit-Remaining": "0",
        "X-Rate-Limit-Reset": str(int(moment)),
        "Retry-After": formatdate(moment, usegmt=True),
    }
    loopback.script = [Reply(kind, headers)] * 3
    with attached(loopback, storm_limit=0, flush_interval=0.05) as (logger, handler):
        for i in range(RECORDS):
            logger.error("record %d", i)
        assert loopback.wait_for(1)
        jump(monkeypatch, seconds)
        logger.error("afterwards")

        assert all_arrived(handler, loopback, RECORDS + 1)
        assert handler.stats().rate_limited_until is None


def test_a_clock_that_comes_back_from_the_past_costs_no_report(
    loopback: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A report made before the clock was set has waited for a moment, not for thirty years."""
    loopback.script = [Reply(503)]
    with attached(loopback) as (logger, handler):
        jump(monkeypatch, -YEARS)
        logger.error("made in the past")
        wait_until(lambda: handler.stats().retried)
        jump(monkeypatch, 0.0)

        assert all_arrived(handler, loopback, 1)
    assert len(uuids(loopback)) == 2


def test_a_hold_that_is_told_as_a_moment_survives_the_clock(
    loopback: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The end of a window by the machine's own time follows the clock, and is at most one hold away."""
    jump(monkeypatch, -YEARS)
    loopback.script = [Reply(429, {"X-Rate-Limit-Reset": str(int(real_time()))})]
    with attached(loopback) as (logger, handler):
        logger.error("boom")
        wait_until(lambda: handler.stats().deferred or handler.stats().sent)
        until = handler.stats().rate_limited_until
        assert until is None or abs(until - time.time()) < 10
        jump(monkeypatch, YEARS)
        until = handler.stats().rate_limited_until
        assert until is None or abs(until - time.time()) < 10
        jump(monkeypatch, -YEARS)

        assert all_arrived(handler, loopback, 1)
