"""What becomes of a report when the server refuses it, fails, is slow or is not there."""

from __future__ import annotations

import logging
import socket
import threading
import time
from typing import Any

import pytest

from rollbar_logging.delivery.stats import Stats
from tests.loopback import Fault, Loopback, Reply
from tests.pipelines import attached, reports, texts, uuids


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What the product said in the log."""
    return [record.getMessage() for record in caplog.records if record.name == "rollbar_logging"]


@pytest.mark.parametrize("status", [500, 503])
def test_a_server_that_fails_gets_the_same_item_again(loopback: Loopback, status: int) -> None:
    """It is sent again with the same uuid, so that the server can tell it from another."""
    loopback.script = [Reply(status)]
    with attached(loopback) as (logger, handler):
        logger.error("boom")

        assert handler.flush()
        assert handler.stats() == Stats(accepted=1, sent=1, retried=1)
    first, second = loopback.requests
    assert (first.status, second.status) == (status, 200)
    assert first.body == second.body


@pytest.mark.parametrize("interval", [0, 0.1])
def test_a_report_that_waits_for_its_time_holds_up_no_other(loopback: Loopback, interval: float) -> None:
    """While one is to be tried again in a while, a new one goes after the usual interval."""
    loopback.script = [Reply(500, {"Retry-After": "2"})]
    with attached(loopback, flush_interval=interval) as (logger, handler):
        logger.error("first")
        assert loopback.wait_for(1)
        while not handler.stats().retried:
            threading.Event().wait(0.01)
        logger.error("second")
        assert loopback.wait_for(2)

        assert handler.flush()
    assert [request.item["data"]["body"]["message"]["body"] for request in loopback.requests] == [
        "first",
        "second",
        "first",
    ]


@pytest.mark.parametrize("fault", ["reset", "close", "cut", "drip", "black_hole"])
def test_an_answer_that_does_not_come_is_not_waited_for(loopback: Loopback, fault: Fault) -> None:
    """Whatever happens to the connection: the item arrives, with one uuid."""
    loopback.script = [Reply(fault=fault)]
    with attached(loopback, timeout=0.3) as (logger, handler):
        logger.error("boom")

        assert handler.flush()
        assert handler.stats().sent == 1
    assert len(set(uuids(loopback))) == 1
    assert loopback.requests[-1].status == 200


def test_reports_wait_for_a_server_that_is_not_there_yet(loopback: Loopback, caplog: pytest.LogCaptureFixture) -> None:
    """A refused connection costs nothing: when the server appears, everything arrives."""
    late = socket.socket()
    late.bind(("127.0.0.1", 0))  # reserved; it does not listen yet
    port = late.getsockname()[1]
    received: list[bytes] = []

    def serve() -> None:
        connection, _ = late.accept()
        with connection, connection.makefile("rwb") as stream:
            for _ in range(2):
                lengths = [int(line.split()[1]) for line in iter(stream.readline, b"\r\n") if b"Content-Length" in line]
                received.append(stream.read(lengths[0]))
                stream.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n" + b'{"err": 0}')
                stream.flush()

    endpoint = f"http://127.0.0.1:{port}/api/1/"
    with late, attached(loopback, endpoint=endpoint, max_connections=1) as (logger, handler):
        logger.error("early")
        assert not handler.flush(0.1)
        logger.error("meanwhile")
        late.listen()
        server = threading.Thread(target=serve)
        server.start()

        assert handler.flush()
        server.join()
        assert handler.stats() == Stats(accepted=2, sent=2, retried=handler.stats().retried)
        assert handler.stats().retried >= 1
    assert [text for text in (b"early", b"meanwhile") if any(text in body for body in received)] == [
        b"early",
        b"meanwhile",
    ]
    [message] = told(caplog)
    assert message == f"no answer from Rollbar: 127.0.0.1:{port}: connection refused; reports wait meanwhile"


def test_an_item_that_is_too_large_is_made_smaller_once(loopback: Loopback) -> None:
    """After a 413 the same item comes smaller."""
    loopback.script = [Reply(413)]
    with attached(loopback, max_string=60_000) as (logger, handler):
        logger.error("x" * 100_000)

        assert handler.flush()
        assert handler.stats() == Stats(accepted=1, sent=1, retried=1)
    first, second = loopback.requests
    assert len(second.body) <= len(first.body) / 2
    assert len(set(uuids(loopback))) == 1


def test_an_item_that_stays_too_large_is_dropped(loopback: Loopback, caplog: pytest.LogCaptureFixture) -> None:
    """A second 413 ends it, and costs no further request."""
    loopback.script = [Reply(413, body={"err": 1, "message": "too large"})] * 2
    with attached(loopback, max_string=60_000) as (logger, handler):
        logger.error("x" * 100_000)

        assert handler.flush()
        assert handler.stats() == Stats(accepted=1, dropped={"too_large": 1}, retried=1)
    assert len(loopback.requests) == 2
    assert told(caplog) == ["1 report was dropped: too_large (Rollbar answered 413: too large)"]


@pytest.mark.parametrize("status", [400, 404, 422])
def test_a_rejected_item_is_dropped_with_rollbars_words(
    loopback: Loopback, caplog: pytest.LogCaptureFixture, status: int
) -> None:
    """The log hears why, once for many; the others go on."""
    loopback.script = [Reply(status, body={"err": 1, "message": "Invalid format."})] * 3
    with attached(loopback, max_connections=1) as (logger, handler):
        for i in range(4):
            logger.error("record %d", i)
            assert handler.flush()

        assert handler.stats() == Stats(accepted=4, sent=1, dropped={f"rejected_{status}": 3})
    assert len(reports(loopback)) == 4
    first, last = told(caplog)
    assert first == f"1 report was dropped: rejected_{status} (Rollbar answered {status}: Invalid format.)"
    assert last == f"2 reports were dropped: rejected_{status} (Rollbar answered {status}: Invalid format.)"


def test_a_refused_token_costs_one_request(loopback: Loopback, caplog: pytest.LogCaptureFixture) -> None:
    """After a 403 the other reports wait instead of being refused one by one."""
    loopback.script = [Reply(403, body={"err": 1, "message": "invalid access token"})] * 5
    with attached(loopback, shutdown_timeout=0.1) as (logger, handler):
        for i in range(5):
            logger.error("record %d", i)
        assert not handler.flush(0.5)
        stats = handler.stats()
        assert (stats.dropped, stats.queued) == ({"rejected_403": 1}, 4)

    assert len(loopback.requests) == 1
    assert "1 report was dropped: rejected_403 (Rollbar answered 403: invalid access token)" in told(caplog)
    assert any(text.startswith("4 reports were dropped: shutdown (") for text in told(caplog))


def test_a_redirection_is_not_followed(loopback: Loopback, caplog: pytest.LogCaptureFixture) -> None:
    """Nobody else gets the item and its token; the log says where the endpoint points."""
    with Loopback() as other:
        loopback.script = [Reply(301, {"Location": f"{other.endpoint}item/"})]
        with attached(loopback, shutdown_timeout=0.1) as (logger, handler):
            logger.error("boom")

            assert handler.flush(60)
            assert handler.stats() == Stats(accepted=1, dropped={"redirected": 1})
        assert other.requests == []
        assert f"redirects to http://127.0.0.1:{other.port} (301)" in caplog.text


@pytest.mark.parametrize("status", [200, 503])
def test_a_page_is_an_answer_too(loopback: Loopback, caplog: pytest.LogCaptureFixture, status: int) -> None:
    """What a proxy says in HTML counts by its status, and the log hears its text."""
    loopback.script = [Reply(status, body="<html><body><h1>Please log in</h1></body></html>")]
    with attached(loopback) as (logger, handler):
        logger.error("boom")

        assert handler.flush()
        assert handler.stats() == Stats(accepted=1, sent=1, retried=int(status == 503))
    assert [message for message in told(caplog) if "Please log in" in message and str(status) in message]


def test_a_report_that_is_too_old_is_dropped(loopback: Loopback) -> None:
    """After ``max_age`` nobody wants it any more; it is not even sent."""
    with attached(loopback, max_age=60) as (logger, handler):
        record = logger.makeRecord(logger.name, logging.ERROR, __file__, 1, "old", (), None)
        record.created = time.time() - 61
        logger.handle(record)
        logger.error("new")

        assert handler.flush()
        assert handler.stats() == Stats(accepted=2, sent=1, dropped={"expired": 1})
    assert texts(loopback) == ["new"]


def test_a_report_that_would_have_to_be_tried_again_may_be_too_old(loopback: Loopback) -> None:
    """Young enough for one attempt, too old for another: the next failure is its end."""
    loopback.script = [Reply(500, delay=1.0)]
    with attached(loopback, max_age=1) as (logger, handler):
        logger.error("boom")

        assert handler.flush()
        assert handler.stats().dropped == {"expired": 1}
    assert len(loopback.requests) == 1


def test_the_token_is_in_no_log_line(loopback: Loopback, caplog: pytest.LogCaptureFixture) -> None:
    """Over refusals, rejections and rate limits, at every level, of every logger."""
    token = "planted0123456789abcdef"
    caplog.set_level(logging.DEBUG)
    said = {"err": 1, "message": f"token {token} not found"}
    limited = Reply(429, {"X-Rate-Limit-Remaining": "0", "X-Rate-Limit-Remaining-Seconds": "0"}, said)
    loopback.script = [Reply(422, body=said), limited, Reply(500, body=said), Reply(403, body=said)]
    options: dict[str, Any] = {"access_token": token, "shutdown_timeout": 0.1}
    with attached(loopback, **options) as (logger, handler):
        for i in range(3):
            logger.error("record %d", i)
            handler.flush(10 if i < 2 else 0.1)
        repr(handler)
    with socket.socket() as absent:
        absent.bind(("127.0.0.1", 0))
        endpoint = f"http://u:{token}@127.0.0.1:{absent.getsockname()[1]}/"
        with attached(loopback, endpoint=endpoint, **options) as (logger, handler):
            logger.error("refused")
            handler.flush(0.1)

    assert [request.status for request in loopback.requests] == [422, 429, 500, 403]
    assert len(told(caplog)) >= 5
    assert token not in caplog.text
