"""Connections that are refused, reset, slow or cut: the reports wait, and arrive when it is over."""

from __future__ import annotations

import socket
import tracemalloc
from typing import Any

import pytest

from tests.faults.accounts import all_arrived, told, wait_until
from tests.loopback import Fault, Loopback, Reply
from tests.pipelines import adds_up, attached

RECORDS = 5
FAULTS: list[Fault] = [
    "reset",
    "reset_sending",
    "early_close",
    "close",
    "cut",
    "drip",
    "drip_body",
    "endless",
    "flood",
    "black_hole",
]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_that_lasts_for_a_while_costs_no_report(loopback: Loopback, fault: Fault) -> None:
    """Whatever a server does to several requests in a row, each report arrives under its one uuid."""
    loopback.script = [Reply(503 if fault == "early_close" else 200, fault=fault)] * 4
    with attached(loopback, timeout=0.2, storm_limit=0) as (logger, handler):
        for i in range(RECORDS):
            logger.error("record %d: %s", i, "x" * 500)

        assert all_arrived(handler, loopback, RECORDS)
        assert loopback.script == []


@pytest.mark.parametrize("fault", ["reset", "reset_sending", "close", "cut"])
def test_a_kept_connection_that_breaks_costs_no_report(loopback: Loopback, fault: Fault) -> None:
    """On a connection that has carried reports before, too."""
    with attached(loopback, timeout=0.5, storm_limit=0) as (logger, handler):
        for i in range(RECORDS):
            logger.error("record %d", i)
            assert handler.flush()
            loopback.script.append(Reply(fault=fault))
        loopback.script.clear()
        logger.error("last")

        assert all_arrived(handler, loopback, RECORDS + 1)


@pytest.mark.parametrize("fault", ["early", "early_close"])
@pytest.mark.parametrize(("status", "reason"), [(400, "rejected_400"), (503, None)])
def test_an_answer_before_the_item_was_read_is_an_answer(
    loopback: Loopback, fault: Fault, status: int, reason: str | None
) -> None:
    """A proxy that knows better than to read on says so and leaves: its word counts, or the item comes again."""
    loopback.script = [Reply(status, fault=fault)]
    with attached(loopback, max_string=100_000) as (logger, handler):
        logger.error("%s", "x" * 90_000)
        assert handler.flush(60)
        stats = handler.stats()

    assert adds_up(stats)
    # A reset may have overtaken the answer: then nothing was said, and the item came again.
    assert stats.sent == 1 or (reason is not None and stats.dropped == {reason: 1})
    assert fault != "early" or stats.dropped == ({reason: 1} if reason else {})


def test_a_server_that_is_started_anew_gets_everything() -> None:
    """While its port is closed reports wait; they arrive on the port that is open again, and none is lost."""
    with Loopback() as first:
        port = first.port
        with attached(first, storm_limit=0, timeout=2) as (logger, handler):
            for i in range(RECORDS):
                logger.error("before %d", i)
            assert handler.flush()
            first.stop()
            for i in range(RECORDS):
                logger.error("meanwhile %d", i)
            assert not handler.flush(0.3)
            assert handler.stats().queued == RECORDS
            with Loopback(port=port) as second:
                logger.error("after")
                assert handler.flush(60)
                arrived = [request.item["data"]["uuid"] for server in (first, second) for request in server.requests]
                stats = handler.stats()

    assert (stats.accepted, stats.sent, stats.queued) == (2 * RECORDS + 1, 2 * RECORDS + 1, 0)
    assert len(set(arrived)) == stats.accepted
    assert stats.retried > 0


def test_a_name_that_is_not_found_is_told_and_looked_up_again(
    loopback: Loopback, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """While the resolver fails reports wait; when it answers again they arrive, without a new handler."""
    asked: list[str] = []
    is_down = True
    real = socket.getaddrinfo

    def look_up(host: str, *args: Any, **kwargs: Any) -> Any:
        if host != "rollbar.test":
            return real(host, *args, **kwargs)
        asked.append(host)
        if is_down:
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        return real("127.0.0.1", *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    endpoint = f"http://rollbar.test:{loopback.port}/api/1/"
    with attached(loopback, endpoint=endpoint, storm_limit=0) as (logger, handler):
        for i in range(RECORDS):
            logger.error("record %d", i)
        wait_until(lambda: len(asked) >= 3)
        assert handler.stats().queued == RECORDS
        is_down = False

        assert all_arrived(handler, loopback, RECORDS)
    [message] = told(caplog)
    assert message.startswith(f"no answer from Rollbar: rollbar.test:{loopback.port}: the host's name cannot be")
    assert "Temporary failure in name resolution" in message


@pytest.mark.parametrize("fault", ["endless", "flood"])
def test_an_answer_without_end_takes_bounded_memory(loopback: Loopback, fault: Fault) -> None:
    """A body or headers that never end are given up, long before they fill the memory."""
    loopback.script = [Reply(503, fault=fault)] * 3
    with attached(loopback, timeout=2) as (logger, handler):
        logger.error("warm")
        tracemalloc.start()
        try:
            assert all_arrived(handler, loopback, 1)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert peak < 16 * 1024 * 1024
