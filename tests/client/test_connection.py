"""One call: what is repeated, what is waited for, what an error says."""

from __future__ import annotations

import json
import socket
import sys
from contextlib import ExitStack
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbar_logging.client import (
    AccessDenied,
    ApiError,
    BadRequest,
    Conflict,
    NotFound,
    Patience,
    RateLimited,
    ServerError,
    TooLarge,
    Unprocessable,
    Unreachable,
)
from rollbar_logging.client.connection import Connection
from rollbar_logging.errors import RollbarError
from tests.loopback import Fault, Loopback, Reply

TOKEN = "0123456789abcdef0123456789abcdef"


class Sleeper:
    """Notes how long it was asked to sleep."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def __call__(self, seconds: float) -> None:
        """Note it, and do not sleep."""
        self.slept.append(seconds)


def connect(endpoint: str, sleeper: Sleeper | None = None, **patience: Any) -> Connection:
    """Return a connection that does not really sleep."""
    return Connection(TOKEN, endpoint, Patience(**{"timeout": 5.0, **patience}), sleep=sleeper or Sleeper())


def error(status: int, message: str = "no", **headers: str) -> Reply:
    """Return an answer of the API's form."""
    return Reply(status, body=json.dumps({"err": 1, "message": message}), headers=headers)


def good(result: Any = "done") -> Reply:
    """Return an answer of success."""
    return Reply(200, body=json.dumps({"err": 0, "result": result}))


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, BadRequest),
        (401, AccessDenied),
        (403, AccessDenied),
        (404, NotFound),
        (409, Conflict),
        (413, TooLarge),
        (418, BadRequest),
        (422, Unprocessable),
        (500, ServerError),
        (503, ServerError),
    ],
)
def test_each_status_has_its_error(loopback: Loopback, status: int, kind: type[ApiError]) -> None:
    """The error says status, message, method and path."""
    loopback.script[:] = [error(status, "so not")]

    with pytest.raises(kind) as raised:
        connect(loopback.endpoint, retries=0).get("item/1")
    assert type(raised.value) is kind
    assert (raised.value.status, raised.value.message) == (status, "so not")
    assert (raised.value.method, raised.value.path) == ("GET", "item/1")
    assert str(raised.value) == f"GET item/1: {status} so not"


def test_no_error_has_the_token(loopback: Loopback) -> None:
    """The API repeats an unknown token in its answer; the error does not."""
    loopback.script[:] = [error(403, f"access token not found: {TOKEN}")]

    with pytest.raises(AccessDenied) as raised:
        connect(loopback.endpoint).get("items")
    assert str(raised.value) == "GET items: 403 access token not found: <access token>"
    assert TOKEN not in repr(connect(loopback.endpoint))


@pytest.mark.parametrize("before", range(468, 501, 8))
def test_no_part_of_the_token_is_left_by_a_cut(loopback: Loopback, before: int) -> None:
    """A long message is cut; the token at that place is taken out before."""
    loopback.script[:] = [error(403, "x" * before + TOKEN)]

    with pytest.raises(AccessDenied) as raised:
        connect(loopback.endpoint).get("items")
    assert TOKEN[:4] not in str(raised.value)


@pytest.mark.parametrize("text", ["two\nlines", "\ufeffwith a mark", "curly\u2019s", "q7x b", "tab7\t"])
def test_what_can_be_no_token_is_told_at_once(text: str) -> None:
    """Copied with too much; nothing is sent, and the text is not shown."""
    with pytest.raises(RollbarError, match="access token") as raised:
        Connection(text, "http://127.0.0.1:9/", Patience())
    assert text.split(maxsplit=1)[0] not in str(raised.value)


def test_a_wait_for_a_window_is_told(loopback: Loopback, caplog: pytest.LogCaptureFixture) -> None:
    """Whoever sees nothing happen for minutes finds the reason in the log."""
    loopback.script[:] = [error(429, **{"X-Rate-Limit-Remaining-Seconds": "7"}), good()]
    connect(loopback.endpoint, Sleeper()).get("items")

    assert [record.getMessage() for record in caplog.records if record.name == "rollbar_logging"] == [
        "over the rate limit of the API: waiting 7 s"
    ]


def test_reading_is_tried_again(loopback: Loopback) -> None:
    """After a server's errors a GET is repeated, with growing pauses."""
    loopback.script[:] = [error(502), error(503), good("there")]
    sleeper = Sleeper()

    assert connect(loopback.endpoint, sleeper, retries=2).get("items") == "there"
    assert sleeper.slept == [0.5, 1.0]


def test_it_gives_up_in_the_end(loopback: Loopback) -> None:
    """After so many retries the last error is raised."""
    loopback.script[:] = [error(503)] * 3

    with pytest.raises(ServerError):
        connect(loopback.endpoint, retries=2).get("items")
    assert len(loopback.requests) == 3


@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_what_was_not_sent_is_tried_again(loopback: Loopback, method: str) -> None:
    """Where the connection was refused the call cannot have been done: it is made when somebody is there."""
    loopback.stop()
    with ExitStack() as stack:
        waited: list[float] = []

        def rise(seconds: float) -> None:
            waited.append(seconds)
            if len(waited) == 2:
                stack.enter_context(Loopback(port=loopback.port)).script[:] = [good("made")]

        connection = Connection(TOKEN, loopback.endpoint, Patience(timeout=5.0, retries=2), sleep=rise)
        assert connection.call(method, "deploy", json={}) == "made"
    assert waited == [0.5, 1.0]


def test_what_no_proxy_took_was_not_sent(loopback: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy that is not there is as good as no server."""
    loopback.stop()
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{loopback.port}")
    monkeypatch.delenv("no_proxy", raising=False)
    sleeper = Sleeper()

    with pytest.raises(Unreachable):
        connect("http://rollbar.invalid/api/1/", sleeper, retries=2).call("POST", "deploy", json={})
    assert sleeper.slept == [0.5, 1.0]


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere, who finds no place in the queue is refused")
def test_what_found_no_connection_in_time_was_not_sent() -> None:
    """A server that lets nobody in any more has taken nothing."""
    sleeper = Sleeper()
    with ExitStack() as stack:
        full = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)  # noqa: FBT003 - its own parameter has no name
            waiting.connect_ex(full.getsockname())
        with pytest.raises(Unreachable, match="no answer in time"):
            connect(f"http://127.0.0.1:{full.getsockname()[1]}/", sleeper, retries=2, timeout=0.2).call(
                "POST", "deploy"
            )
    assert sleeper.slept == [0.5, 1.0]


@pytest.mark.parametrize("fault", ["reset", "close", "cut"])
def test_what_may_have_been_sent_is_not_repeated(loopback: Loopback, fault: Fault) -> None:
    """A connection that broke later may have carried it."""
    loopback.script[:] = [Reply(fault=fault), good()]

    with pytest.raises(Unreachable):
        connect(loopback.endpoint, retries=2).call("POST", "deploy", json={})
    assert len(loopback.script) == 1


def test_there_is_no_time_beyond_the_end(loopback: Loopback) -> None:
    """Neither a pause nor a window that ends later is waited for."""
    sleeper = Sleeper()
    bounded = Connection(
        TOKEN, loopback.endpoint, Patience(), sleep=sleeper, monotonic=lambda: sum(sleeper.slept)
    ).within(2.0)
    loopback.script[:] = [error(503)] * 4
    with pytest.raises(ServerError):
        bounded.get("items")
    assert sleeper.slept == [0.5, 1.0]
    loopback.script[:] = [error(429, **{"X-Rate-Limit-Remaining-Seconds": "7"})]
    with pytest.raises(RateLimited):
        bounded.get("items")
    assert sleeper.slept == [0.5, 1.0]


def test_what_is_not_safe_is_not_repeated(loopback: Loopback) -> None:
    """A POST whose answer was an error of the server may have been done, and is not made again."""
    loopback.script[:] = [error(503), good()]

    with pytest.raises(ServerError):
        connect(loopback.endpoint, retries=2).call("POST", "deploy", json={})
    assert len(loopback.requests) == 1


def test_a_mistake_of_ours_is_not_repeated(loopback: Loopback) -> None:
    """What the API refuses once it refuses again."""
    loopback.script[:] = [error(422), good()]

    with pytest.raises(Unprocessable):
        connect(loopback.endpoint, retries=2).get("items")
    assert len(loopback.requests) == 1


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_full_window_is_waited_for(loopback: Loopback, method: str) -> None:
    """A call over the rate limit was not processed; it is made again when the window ends, whatever it is."""
    loopback.script[:] = [error(429, **{"X-Rate-Limit-Remaining-Seconds": "7"}), good("after")]
    sleeper = Sleeper()

    assert connect(loopback.endpoint, sleeper).call(method, "items", json={}) == "after"
    assert sleeper.slept == [7.0]


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"X-Rate-Limit-Reset": "1030"}, 30.0),
        ({"Retry-After": "12"}, 12.0),
        ({"X-Rate-Limit-Remaining-Seconds": "soon"}, 60.0),
        ({"X-Rate-Limit-Remaining-Seconds": "0"}, 1.0),
        ({"X-Rate-Limit-Remaining-Seconds": "inf"}, 60.0),
        ({}, 60.0),
    ],
)
def test_too_long_a_window_is_an_error(loopback: Loopback, headers: dict[str, str], wait: float) -> None:
    """Where waiting is not wanted, the error says when the window ends."""
    loopback.script[:] = [error(429, "Over rate limit.", **headers)]
    connection = Connection(
        TOKEN, loopback.endpoint, Patience(rate_limit_wait=0.5), sleep=Sleeper(), clock=lambda: 1000.0
    )

    with pytest.raises(RateLimited) as raised:
        connection.get("items")
    assert (raised.value.status, raised.value.wait) == (429, wait)
    assert raised.value.resets_at.timestamp() == 1000.0 + wait


def test_nobody_there_is_an_error_of_its_own(loopback: Loopback) -> None:
    """A refused connection says so; the port is in it, for whoever mistyped it."""
    loopback.stop()

    with pytest.raises(Unreachable, match="refused") as raised:
        connect(loopback.endpoint, retries=0).get("items")
    assert raised.value.status == 0


@pytest.mark.parametrize("body", ["<html>ok</html>", '"text"', "[]", "null", '{"err": 1, "message": "so"}'])
def test_what_is_no_answer_of_the_api_is_an_error(loopback: Loopback, body: str) -> None:
    """A success in HTML, or JSON that is no envelope, comes from somebody else."""
    loopback.script[:] = [Reply(200, body=body)]

    with pytest.raises(ServerError):
        connect(loopback.endpoint, retries=0).get("items")


def test_a_redirect_is_not_followed(loopback: Loopback) -> None:
    """The token goes nowhere but to the endpoint; a redirect's own answer is taken."""
    loopback.script[:] = [Reply(301, body='{"err": 0, "result": {"itemId": 5}}', headers={"Location": "/elsewhere"})]

    assert connect(loopback.endpoint).get("item_by_counter/3") == {"itemId": 5}
    assert len(loopback.requests) == 1


@given(st.text(max_size=40), st.integers(400, 599))
def test_any_answer_gives_an_error_of_ours(text: str, status: int) -> None:
    """Whatever a server says, what is raised is an `ApiError` that has the status."""
    with Loopback() as server:
        server.script[:] = [Reply(status, body=text.encode("utf-8", "replace"))]
        with pytest.raises(ApiError) as raised:
            connect(server.endpoint, retries=0, rate_limit_wait=0).get("items")
    assert raised.value.status == status
