"""Answers that are odd, wrong or broken: each counts by its status, and none stops delivery."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from email.utils import formatdate
from time import time

import pytest

from tests.faults.accounts import all_arrived, told
from tests.loopback import Loopback, Reply
from tests.pipelines import attached, uuids

RECORDS = 4
PAGE = b"<html><head><title>Bad gateway</title></head><body>\xff\xfe</body></html>"


def raw(head: str, body: bytes = b"") -> Reply:
    """An answer byte by byte, for a failure."""
    return Reply(503, raw=head.replace("\n", "\r\n").encode() + b"\r\n\r\n" + body)


ODD = {
    "html": Reply(502, body=PAGE),
    "truncated json": Reply(500, {"Content-Type": "application/json"}, b'{"err": 1, "message": "inter'),
    "json of another kind": Reply(500, {"Content-Type": "application/json"}, b"[[[null, 1e999]]]"),
    "deep json": Reply(500, {"Content-Type": "application/json"}, b"[" * 50_000),
    "not utf-8": Reply(500, {"Content-Type": "application/json; charset=utf-16"}, b"\xff\xfe{\x00"),
    "gzip": Reply(500, {"Content-Encoding": "gzip"}, gzip.compress(b'{"err": 1, "message": "internal"}')),
    "broken gzip": Reply(500, {"Content-Encoding": "gzip"}, b"\x1f\x8b\x08\x00broken"),
    "no gzip at all": Reply(500, {"Content-Encoding": "gzip, br, zstd"}, b"{}"),
    "nothing": Reply(500, body=b""),
    "request timeout": Reply(408),
    "too early": Reply(425),
    "gateway timeout": Reply(504, body=PAGE),
    "unknown status": Reply(599, body=b"?"),
    "a status below all": raw("HTTP/1.1 199 Odd"),
    "http/1.0": raw("HTTP/1.0 503 Unavailable\nContent-Type: text/plain", b"busy"),
    "http/1.0 kept alive in vain": raw("HTTP/1.0 503 Unavailable\nConnection: keep-alive\nContent-Length: 4", b"busy"),
    "connection: close": Reply(503, {"Connection": "close"}),
    "a promise of more than comes": raw("HTTP/1.1 503 Unavailable\nContent-Length: 100", b"busy"),
    "more than was promised": raw("HTTP/1.1 503 Unavailable\nContent-Length: 2", b"busy" * 100),
    "two lengths": raw("HTTP/1.1 503 Unavailable\nContent-Length: 2\nContent-Length: 4", b"busy"),
    "a length below zero": raw("HTTP/1.1 503 Unavailable\nContent-Length: -4", b"busy"),
    "chunks": raw("HTTP/1.1 503 Unavailable\nTransfer-Encoding: chunked", b"4\r\nbusy\r\n0\r\n\r\n"),
    "chunks that are cut": raw("HTTP/1.1 503 Unavailable\nTransfer-Encoding: chunked", b"400\r\nbusy"),
    "chunks that are none": raw("HTTP/1.1 503 Unavailable\nTransfer-Encoding: chunked", b"busy\r\n\r\n"),
    "a hundred continues": raw("HTTP/1.1 100 Continue\n\n" * 100 + "HTTP/1.1 503 Unavailable\nContent-Length: 0"),
    "continue and nothing more": raw("HTTP/1.1 100 Continue"),
    "early hints": raw("HTTP/1.1 103 Early Hints\nLink: </a>\n\nHTTP/1.1 503 Unavailable\nContent-Length: 0"),
    "switching protocols": raw("HTTP/1.1 101 Switching Protocols\nUpgrade: websocket"),
    "a line of headers without end": raw("HTTP/1.1 503 Unavailable\nX: " + "x" * 100_000),
    "a thousand headers": raw("HTTP/1.1 503 Unavailable" + "".join(f"\nX-{i}: {i}" for i in range(1000))),
    "headers that are none": raw("HTTP/1.1 503 Unavailable\n\x00\xff: :\n folded\nno colon"),
    "no http": Reply(503, raw=b"220 smtp.example.com ESMTP\r\n"),
}


@pytest.mark.parametrize("name", ODD)
def test_an_odd_answer_is_a_failure_that_passes(loopback: Loopback, name: str) -> None:
    """Whatever a broken server or a proxy says, the reports come again under their uuids and arrive."""
    loopback.script = [ODD[name]] * 3
    with attached(loopback, storm_limit=0) as (logger, handler):
        for i in range(RECORDS):
            logger.error("record %d", i)

        assert all_arrived(handler, loopback, RECORDS)


SUCCESSES = {
    "http/1.0": "HTTP/1.0 200 OK\n\n",
    "connection: close": 'HTTP/1.1 200 OK\nConnection: close\nContent-Length: 10\n\n{"err": 0}',
    "after a continue": "HTTP/1.1 100 Continue\n\nHTTP/1.1 200 OK\nContent-Length: 0\n\n",
    "after early hints": "HTTP/1.1 103 Early Hints\n\nHTTP/1.1 200 OK\nContent-Length: 0\n\n",
    "chunks": 'HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\na\n{"err": 0}\n0\n\n',
}


@pytest.mark.parametrize("name", SUCCESSES)
def test_success_has_many_forms(loopback: Loopback, name: str, caplog: pytest.LogCaptureFixture) -> None:
    """Old servers, chunks and interim answers: a success is one, at the first attempt and without a word."""
    loopback.script = [Reply(raw=SUCCESSES[name].replace("\n", "\r\n").encode())] * RECORDS
    with attached(loopback, storm_limit=0) as (logger, handler):
        for i in range(RECORDS):
            logger.error("record %d", i)

        assert all_arrived(handler, loopback, RECORDS)
        assert handler.stats().retried == 0
    assert told(caplog) == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_kind_of_redirection_is_followed(loopback: Loopback, status: int) -> None:
    """Each is the end of its one report, which is counted; those that come later are sent."""
    with Loopback() as other:
        loopback.script = [Reply(status, {"Location": f"{other.endpoint}item/"})]
        with attached(loopback) as (logger, handler):
            logger.error("first")
            assert handler.flush(60)
            logger.error("second")
            assert handler.flush(60)
            stats = handler.stats()

        assert (stats.accepted, stats.sent, stats.dropped) == (2, 1, {"redirected": 1})
        assert other.connections == 0


@pytest.mark.parametrize("status", [500, 502, 503])
@pytest.mark.parametrize("after", [None, "0", "1", "-5", "soon", "999999999999", "1, 2", "date", "past", "in a year"])
def test_a_failure_may_say_when_to_come_back(loopback: Loopback, status: int, after: str | None) -> None:
    """With ``Retry-After`` in either form, with none and with nonsense the same reports come again."""
    dates = {"date": 1.0, "past": -1e9, "in a year": 3.2e7}
    value = formatdate(time() + dates[after], usegmt=True) if after in dates else after
    loopback.script = [Reply(status, {} if value is None else {"Retry-After": value, "Date": formatdate(usegmt=True)})]
    with attached(loopback, storm_limit=0) as (logger, handler):
        logger.error("boom")

        assert all_arrived(handler, loopback, 1)
        assert handler.stats().retried == 1
    assert len(uuids(loopback)) == 2


REMAINING, SECONDS, RESET = "X-Rate-Limit-Remaining", "X-Rate-Limit-Remaining-Seconds", "X-Rate-Limit-Reset"
LIMITS: dict[str, Mapping[str, str]] = {
    "none": {},
    "all": {"X-Rate-Limit-Limit": "1", REMAINING: "0", SECONDS: "0", RESET: "1"},
    "the remainder only": {REMAINING: "0"},
    "the end only": {RESET: "4102444800"},
    "negative": {REMAINING: "-7", SECONDS: "-1", RESET: "-1", "Retry-After": "-1"},
    "years ahead": {REMAINING: "0", SECONDS: "99999999999", RESET: "99999999999", "Retry-After": "99999999999"},
    "not numbers": {REMAINING: "none", SECONDS: "NaN", RESET: "tomorrow", "Retry-After": "Infinity"},
    "huge": {REMAINING: "1" + "0" * 400, SECONDS: "9" * 900, RESET: "1e400"},
    "told twice": {REMAINING: "0, 5", SECONDS: "0, 9", RESET: "1, 2"},
    "a success's": {REMAINING: "4000", SECONDS: "0"},
}


@pytest.mark.parametrize("name", LIMITS)
def test_a_429_with_any_headers_is_waited_out(loopback: Loopback, name: str) -> None:
    """However its headers look, the refused report waits, comes again under its uuid, and nothing is lost."""
    loopback.script = [Reply(429, LIMITS[name])] * 2
    with attached(loopback, storm_limit=0, max_connections=1) as (logger, handler):
        for i in range(RECORDS):
            logger.error("record %d", i)

        assert all_arrived(handler, loopback, RECORDS)
        assert handler.stats().deferred == 2
        assert handler.stats().rate_limited_until is None


@pytest.mark.parametrize("name", LIMITS)
def test_a_success_with_any_headers_stops_nothing_for_long(loopback: Loopback, name: str) -> None:
    """Absurd headers of successes delay what follows by no more than the longest hold."""
    loopback.script = [Reply(200, LIMITS[name])] * RECORDS
    with attached(loopback, storm_limit=0, max_connections=1) as (logger, handler):
        for i in range(RECORDS):
            logger.error("record %d", i)

        assert all_arrived(handler, loopback, RECORDS)
        assert handler.stats().retried == 0


def test_headers_that_come_twice_are_read_once(loopback: Loopback) -> None:
    """Two lines of one name, as a proxy adds its own, are as good as one."""
    twice = f"{REMAINING}: 0\r\n{REMAINING}: 5\r\n{SECONDS}: 0\r\n{SECONDS}: 9\r\n"
    head = f"HTTP/1.1 429 Too Many Requests\r\n{twice}Content-Length: 0\r\n\r\n"
    loopback.script = [Reply(429, raw=head.encode())]
    with attached(loopback) as (logger, handler):
        logger.error("boom")

        assert all_arrived(handler, loopback, 1)
        assert handler.stats().deferred == 1
