"""Fixed windows of calls, by a clock that the tests move."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from rollbar_logging.server import LocalServer
from rollbar_logging.server.rate_limit import Window, count_call, parse_rate_limit
from tests.server.conftest import Caller, Clock, item

NAMES = ("Limit", "Remaining", "Remaining-Seconds", "Reset")


def rate(answer: requests.Response) -> tuple[int, ...]:
    """Return an answer's four figures."""
    return tuple(int(answer.headers[f"X-Rate-Limit-{name}"]) for name in NAMES)


def test_a_window_takes_its_calls_and_refuses_the_rest() -> None:
    """Over the limit the answer is 429 until the window that the first call opened ends; then a new one opens."""
    clock = Clock()
    with LocalServer(rate_limit=(2, 60.0), clock=clock, unix_clock=lambda: 5000.0) as server:
        caller = Caller(server)
        with caller.session:
            first = caller.post(item())
            clock.now += 4.5
            second, third, fourth = (caller.post(item()) for _ in range(3))
            clock.now += 55.5
            fifth = caller.post(item())

        assert [answer.status_code for answer in (first, second, third, fourth, fifth)] == [200, 200, 429, 429, 200]
        assert rate(first) == (2, 1, 60, 5060)
        assert rate(second) == (2, 0, 56, 5060)
        assert rate(third) == (2, 0, 56, 5060)
        assert rate(fifth) == (2, 1, 60, 5060)
        token = server.tokens["post_server_item"]
        assert third.json() == {"err": 1, "message": f"Over rate limit. Access token: {token}"}
        assert len(server.occurrences()) == 3
        assert server.stats().tokens["post_server_item"] == (5, 2)
        assert server.stats().refused == {429: 2}
        assert [told.title for told in server.occurrences(kind="system")] == [
            'Your rate limit has been reached for access token "post_server_item".'
        ]


def test_each_token_has_its_own_window() -> None:
    """One token's calls take nothing from another's."""
    with LocalServer(rate_limit=(1, 60.0), clock=Clock()) as server:
        caller = Caller(server)
        with caller.session:
            statuses = [caller.post(item()).status_code for _ in range(2)]
            client = caller.post(item(platform="browser"), scope="post_client_item")

    assert (statuses, client.status_code) == ([200, 429], 200)


def test_refused_calls_count_and_tell_of_the_limit(caller: Caller) -> None:
    """A call with a known token takes from the window and says so, whatever its answer."""
    payloads: list[Any] = [b"{", {"data": {}}, item()]
    remaining = [rate(caller.post(payload))[1] for payload in payloads]

    assert remaining == [49_999, 49_998, 49_997]


def test_calls_without_a_known_token_tell_of_no_limit(caller: Caller) -> None:
    """An unknown path and an unknown token have no window."""
    answers = (caller.post(item(), scope=None, headers={"X-Rollbar-Access-Token": "x"}), caller.get("nothing"))

    assert [answer.status_code for answer in answers] == [403, 404]
    assert not any(name.lower().startswith("x-rate") for answer in answers for name in answer.headers)


def test_without_a_limit_nothing_is_said_of_one() -> None:
    """``rate_limit=None``: no call is refused, and no header tells of a limit."""
    with LocalServer(rate_limit=None) as server:
        caller = Caller(server)
        with caller.session:
            assert "X-Rate-Limit-Limit" not in caller.post(item()).headers


@given(
    limit=st.integers(1, 5),
    seconds=st.floats(0.1, 100),
    steps=st.lists(st.floats(0, 50), min_size=1, max_size=40),
)
def test_no_window_takes_more_than_its_limit(limit: int, seconds: float, steps: list[float]) -> None:
    """However calls fall, accepted ones of a window are within the limit, and a refused one knows when to come back."""
    window: Window | None = None
    now, accepted = 0.0, 0
    for step in steps:
        now += step
        before = window
        window, verdict = count_call(window, (limit, seconds), now, 1e9 + now)
        accepted = accepted if before is not None and before.ends_at == window.ends_at else 0
        accepted += not verdict.is_over
        assert accepted <= limit
        assert now + verdict.remaining_seconds >= window.ends_at
        assert verdict.remaining == limit - accepted


@pytest.mark.parametrize(("text", "expected"), [("50/1", (50, 1.0)), ("5/0.5", (5, 0.5)), (" OFF ", None)])
def test_a_limit_is_read(text: str, expected: tuple[int, float] | None) -> None:
    """Calls over seconds, or off."""
    assert parse_rate_limit(text) == expected


@pytest.mark.parametrize("text", ["", "5", "0/1", "5/0", "-1/5", "5/-1", "a/b", "5/nan", "5/inf", "1.5/1"])
def test_a_limit_that_is_none_is_not_read(text: str) -> None:
    """Anything else is refused."""
    with pytest.raises(ValueError, match="is not COUNT/SECONDS"):
        parse_rate_limit(text)
