"""The rate limit that processes know of together: tickets, the one probe, and the window's end."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbar_logging.delivery.answer import Answer
from rollbar_logging.delivery.shared_window import PROBE_POLL, PROBE_TIME, RECHECK, SharedWindow
from rollbar_logging.delivery.spool import Spool

NOW = 1_800_000_000.0
LONGEST = 301.0


@pytest.fixture
def new(tmp_path: Path) -> Iterator[Callable[..., SharedWindow]]:
    """Makes windows that share a file, each like another process's."""
    made: list[Spool] = []

    def new(name: str = "t") -> SharedWindow:
        made.append(Spool(str(tmp_path), token=name))
        return made[-1].window

    yield new
    for spool in made:
        spool.close()


def told(remaining: int, seconds: float, status: int = 200) -> Answer:
    """An answer that tells what is left."""
    return Answer(status, {"x-rate-limit-remaining": str(remaining), "x-rate-limit-remaining-seconds": str(seconds)})


OK = Answer(200)
NO_ANSWER = Answer(None, error="down")


def test_one_request_finds_out(new: Callable[..., SharedWindow]) -> None:
    """While nothing is known one goes, and the others wait a little and ask again."""
    one, other = new(), new()

    assert (one.take(NOW), other.take(NOW), one.take(NOW)) == (0.0, PROBE_POLL, PROBE_POLL)
    one.learn(told(1, 60), NOW + 0.1)
    assert (other.take(NOW + 0.2), one.take(NOW + 0.2)) == (0.0, RECHECK)


def test_an_unanswered_probe_is_waited_for_two_seconds(new: Callable[..., SharedWindow]) -> None:
    """Then another process tries, and both answers count."""
    one, other = new(), new()
    one.take(NOW)

    assert 0 < other.take(NOW + PROBE_TIME - 0.01) < PROBE_POLL
    assert other.take(NOW + PROBE_TIME) == 0.0
    one.learn(told(5, 60), NOW + 3)
    assert other.take(NOW + 3) == 0.0


def test_tickets_are_what_remains_less_what_is_on_its_way(new: Callable[..., SharedWindow]) -> None:
    """Whichever process they go to, there are no more; when the window is used up, all wait for its end."""
    one, other = new(), new()
    one.take(NOW)
    one.learn(told(3, 60), NOW)

    assert [w.take(NOW) for w in (one, other, other, one)] == [0.0, 0.0, 0.0, RECHECK]
    other.learn(told(2, 60), NOW + 1)
    assert one.take(NOW + 1) == RECHECK
    other.learn(told(0, 59), NOW + 1)
    assert (one.take(NOW + 1), other.take(NOW + 1)) == (59.0, 59.0)
    assert (other.take(NOW + 60), one.take(NOW + 60)) == (0.0, PROBE_POLL)


def test_overtaken_answers_count_once(new: Callable[..., SharedWindow]) -> None:
    """An earlier answer that comes later does not raise what is left."""
    window = new()
    window.take(NOW)
    window.learn(told(9, 60), NOW)
    window.take(NOW)
    window.take(NOW)
    window.learn(told(0, 60), NOW)
    window.learn(told(8, 60), NOW)

    assert window.take(NOW) == 60.0


def test_a_refusal_closes_the_window_for_all(new: Callable[..., SharedWindow]) -> None:
    """A 429 lets nobody pass before the window's end; without a word of it, for a minute."""
    one, other = new(), new()
    one.take(NOW)
    one.learn(told(0, 30, status=429), NOW)
    assert other.take(NOW + 1) == 29.0
    assert other.take(NOW + 30) == 0.0
    other.learn(Answer(429), NOW + 30)
    assert one.take(NOW + 30) == 120.0


def test_without_a_limit_nobody_waits(new: Callable[..., SharedWindow]) -> None:
    """When the server tells of no limit all go at once, until it tells of one."""
    one, other = new(), new()
    one.take(NOW)
    one.learn(OK, NOW)

    assert {other.take(NOW) for _ in range(99)} == {0.0}
    other.learn(told(1, 60), NOW)
    assert [one.take(NOW), one.take(NOW)] == [0.0, RECHECK]


@pytest.mark.parametrize("answer", [NO_ANSWER, Answer(503)])
def test_a_probe_that_fails_lets_the_next_one_try(new: Callable[..., SharedWindow], answer: Answer) -> None:
    """A failure tells nothing of the limit."""
    one, other = new(), new()
    one.take(NOW)
    one.learn(answer, NOW + 1)

    assert (other.take(NOW + 1), one.take(NOW + 1)) == (0.0, PROBE_POLL)


def test_a_request_that_failed_keeps_its_ticket_unless_it_never_left(new: Callable[..., SharedWindow]) -> None:
    """Who knows whether the server counted it; what did not go out it cannot have counted."""
    window = new()
    window.take(NOW)
    window.learn(told(2, 60), NOW)
    window.take(NOW)
    window.learn(NO_ANSWER, NOW)
    assert window.take(NOW) == 0.0
    window.learn(NO_ANSWER._replace(was_sent=False), NOW)
    assert window.take(NOW) == 0.0
    window.give_back()
    assert [window.take(NOW), window.take(NOW)] == [0.0, RECHECK]


def test_lost_tickets_end_with_the_window(new: Callable[..., SharedWindow]) -> None:
    """What a killed process had taken blocks nobody for longer, and its late answers mean nothing."""
    one, other = new(), new()
    one.take(NOW)
    one.learn(told(2, 10), NOW)
    assert [one.take(NOW), one.take(NOW), other.take(NOW)] == [0.0, 0.0, RECHECK]
    assert other.take(NOW + 10) == 0.0
    other.learn(told(4, 10), NOW + 10)
    one.learn(told(0, 60), NOW + 10)
    assert [other.take(NOW + 10) for _ in range(5)] == [0.0] * 4 + [RECHECK]


def test_a_request_that_was_never_told_of_does_no_lasting_harm(new: Callable[..., SharedWindow]) -> None:
    """After a minute its ticket is forgotten, and answers count for their own window again."""
    window = new()
    window.take(NOW)
    window.learn(told(9, 60), NOW)
    window.take(NOW)
    assert window.take(NOW + 61) == 0.0
    window.learn(told(9, 60), NOW + 61)

    assert window.take(NOW + 61) == 0.0


def test_tokens_have_windows_of_their_own(new: Callable[..., SharedWindow]) -> None:
    """Another access token's limit holds nobody."""
    one, other = new("a"), new("b")

    assert (one.take(NOW), other.take(NOW)) == (0.0, 0.0)


@pytest.mark.parametrize("leap", [-1e6, -400.0, 400.0, 1e6])
def test_a_clock_that_leaps_holds_nobody(new: Callable[..., SharedWindow], leap: float) -> None:
    """However the clock is set, at most one request finds out anew."""
    window = new()
    window.take(NOW)
    window.learn(told(0, 300, status=429), NOW)

    assert window.take(NOW + leap) == 0.0


ANSWERS = st.one_of(
    st.builds(told, st.integers(-3, 10**9), st.floats(-9, 1e9), st.sampled_from([200, 422, 429, 500])),
    st.builds(
        Answer,
        st.none() | st.integers(100, 599),
        st.dictionaries(
            st.sampled_from(["x-rate-limit-remaining", "x-rate-limit-reset", "retry-after", "date"]),
            st.text(max_size=8),
        ),
    ),
)


@given(st.lists(st.tuples(st.floats(-1e4, 1e4), st.none() | ANSWERS), max_size=20))
def test_nothing_holds_for_longer_than_five_minutes(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[float, Answer | None]]
) -> None:
    """Whatever is answered, and whatever the clock does, the wait is between 0 and 301 seconds."""
    spool = Spool(str(tmp_path_factory.mktemp("window")), token="t")
    now = NOW
    for passed, answer in steps:
        now += passed
        if answer is not None:
            spool.window.learn(answer, now)
        assert 0 <= spool.window.take(now) <= LONGEST
    spool.close()


class Server:
    """A window of *limit* requests, that tells the seconds left in whole numbers as *rounded*."""

    def __init__(self, limit: int, size: float, rounded: Callable[[float], int]) -> None:
        self.limit, self.size, self.rounded = limit, size, rounded
        self.ends_at, self.used = -math.inf, 0
        self.statuses: list[int] = []

    def answer(self, now: float) -> Answer:
        """Count one request."""
        if now >= self.ends_at:
            self.ends_at, self.used = now + self.size, 0
        self.used += 1
        self.statuses.append(200 if self.used <= self.limit else 429)
        left = max(0, self.limit - self.used)
        return told(left, self.rounded(self.ends_at - now), self.statuses[-1])


@pytest.mark.parametrize("rounded", [math.ceil, math.floor, round])
@pytest.mark.parametrize(("size", "windows"), [(1.0, 6), (10.0, 4)])
def test_many_processes_waste_one_request_a_window_at_most(
    new: Callable[..., SharedWindow], rounded: Callable[[float], int], size: float, windows: int
) -> None:
    """16 processes use up window after window with next to no refusals, and without much delay."""
    limit, latency = 60, 0.02
    server = Server(limit, size, rounded)
    events: list[tuple[float, int, str]] = [(NOW + i / 1000, i, "ask") for i in range(16)]
    shared = [new() for _ in range(16)]
    answers: dict[int, Answer] = {}
    while server.statuses.count(200) < windows * limit:
        now, i, what = heapq.heappop(events)
        if what == "ask":
            wait = shared[i].take(now)
            heapq.heappush(events, (now + (wait or latency / 2), i, "ask" if wait else "arrive"))
        elif what == "arrive":
            answers[i] = server.answer(now)
            heapq.heappush(events, (now + latency / 2, i, "answered"))
        else:
            shared[i].learn(answers[i], now)
            heapq.heappush(events, (now, i, "ask"))

    assert server.statuses.count(429) <= (0 if rounded is math.ceil else windows)
    assert now - NOW <= (windows - 1) * (size + (0.2 if rounded is math.ceil else 1.2)) + 1
