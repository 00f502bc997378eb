"""What rate-limit headers allow, read from tables, from anything, and against a simulated server."""

from __future__ import annotations

import heapq
import math
from collections.abc import Mapping
from email.utils import formatdate
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbar_logging.delivery.answer import Answer
from rollbar_logging.delivery.rate_limit import (
    FALLBACK_HOLD,
    MARGIN,
    MAX_HOLD,
    UNKNOWN,
    Window,
    admits,
    observe,
    opens_at,
    retry_after,
)

NOW, WALL = 1_000.0, 1_700_000_000.0
LIMITED = Window(allows=3, until=NOW + 30)


def limit(remaining: object = None, seconds: object = None, **others: object) -> dict[str, str]:
    """Rate-limit headers as the transport gives them."""
    given = {"remaining": remaining, "remaining-seconds": seconds, **others}
    return {f"x-rate-limit-{name}": str(value) for name, value in given.items() if value is not None}


def after(*answers: Answer, start: Window = UNKNOWN) -> Window:
    """What is known after these answers, all at the same moment."""
    window = start
    for answer in answers:
        window = observe(window, answer, NOW, WALL)
    return window


def test_one_request_probes_while_nothing_is_known() -> None:
    """At the start one request is in flight, and no second one until its answer has told."""
    assert admits(UNKNOWN, 0, NOW)
    assert not admits(UNKNOWN, 1, NOW)
    assert opens_at(UNKNOWN, NOW) is None


def test_no_more_are_in_flight_than_remain() -> None:
    """With two left, two requests may be unanswered at once, and no third."""
    window = after(Answer(200, limit(2, 60)))

    assert [admits(window, n, NOW) for n in range(4)] == [True, True, False, False]


def test_a_success_that_used_the_last_call_closes_the_window() -> None:
    """A 200 with nothing remaining holds back before a 429 comes, and until the window's end."""
    window = after(Answer(200, limit(0, 60)))

    assert not admits(window, 0, NOW + 60)
    assert opens_at(window, NOW) == NOW + 60 + MARGIN
    assert admits(window, 0, NOW + 60 + MARGIN)
    assert not admits(window, 1, NOW + 60 + MARGIN)
    assert opens_at(window, NOW + 60 + MARGIN) is None


def test_a_server_without_rate_limits_is_not_restricted() -> None:
    """A success without rate-limit headers lifts every restriction."""
    window = after(Answer(200, {"content-type": "application/json"}))

    assert admits(window, 1_000, NOW + 1e9)
    assert opens_at(window, NOW) is None


def test_a_failure_without_headers_teaches_nothing() -> None:
    """A proxy's 502 or no answer at all leaves one request to probe, not all of them."""
    assert after(Answer(502), Answer(None, error="refused", was_sent=False), Answer(404)) == UNKNOWN


def test_a_request_without_an_answer_counts_as_used() -> None:
    """What may have arrived was counted by the server; what was never sent was not."""
    assert after(Answer(None, was_sent=True), start=LIMITED).allows == 2
    assert after(Answer(None, was_sent=False), start=LIMITED).allows == 3
    assert after(*[Answer(500)] * 9, start=LIMITED) == LIMITED._replace(allows=0)


@pytest.mark.parametrize(
    ("answers", "allows"),
    [((5, 3), 3), ((3, 5), 3), ((0, 4, 1), 0)],
)
def test_answers_out_of_order_do_not_raise_what_remains(answers: tuple[int, ...], allows: int) -> None:
    """An answer that was overtaken tells of more than is left; the smallest counts."""
    assert after(*(Answer(200, limit(n, 60)) for n in answers)).allows == allows


def test_an_answer_of_the_window_before_does_not_prolong_its_end() -> None:
    """An exhausted old window is believed until its own end, not until that of the new one."""
    old, new = Answer(200, limit(0, 1)), Answer(200, limit(99, 60))

    assert after(new, old) == after(old, new) == Window(0, NOW + 1 + MARGIN)


def test_knowledge_lapses_with_the_window() -> None:
    """When the window has ended, its remainder says nothing of the next one's."""
    window = observe(LIMITED._replace(allows=0), Answer(200, limit(99, 60)), NOW + 31, WALL)

    assert window == Window(99, NOW + 31 + 60 + MARGIN)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        (limit(0, 20), 20),
        (limit(0, 0), 0),
        (limit(0, 20, reset=int(WALL) + 40), 20),
        ({**limit(0, 20), "retry-after": "7"}, 20),
        (limit(0, reset=int(WALL) + 40), 40),
        ({**limit(0, reset=40_000), "date": formatdate(39_990, usegmt=True)}, 10),
        ({**limit(0, reset=int(WALL) - 40), "retry-after": "7"}, 7),
        ({**limit(0, -5), "retry-after": "7"}, 7),
        ({"retry-after": "7"}, 7),
        ({"retry-after": "7, 7"}, 7),
        ({"retry-after": formatdate(WALL + 8, usegmt=True)}, 8),
        ({"retry-after": formatdate(95, usegmt=True), "date": formatdate(90, usegmt=True)}, 5),
        (limit(5, 30), 30),
        (limit("x", "30.5"), 30.5),
        (limit(0, 2_592_000), MAX_HOLD),
        (limit(0, 1e300), MAX_HOLD),
        ({}, FALLBACK_HOLD - MARGIN),
        (limit("nan", "nan", reset="inf"), FALLBACK_HOLD - MARGIN),
        ({"retry-after": "soon", "date": "today"}, FALLBACK_HOLD - MARGIN),
    ],
)
def test_a_429_holds_until_the_window_reopens(headers: dict[str, str], seconds: float) -> None:
    """Seconds come before a moment, Rollbar's headers before a proxy's; nonsense falls back; all is capped."""
    window = after(Answer(429, headers))

    assert opens_at(window, NOW) == pytest.approx(NOW + min(seconds + MARGIN, MAX_HOLD))


def test_a_429_that_tells_no_end_is_met_with_patience() -> None:
    """Each further refusal of that kind doubles the hold up to the cap; a success starts anew."""
    window, now, holds = UNKNOWN, NOW, []
    for _ in range(5):
        window = observe(window, Answer(429), now, WALL)
        holds.append(window.until - now)
        now = window.until

    assert holds == [60, 120, 240, 300, 300]
    assert observe(observe(window, Answer(200), now, WALL), Answer(429), now, WALL).until == now + FALLBACK_HOLD


def test_requests_refused_together_count_once() -> None:
    """Four 429s without an end, in flight at the same time, hold no longer than one."""
    assert after(*[Answer(429)] * 4) == after(Answer(429))


def test_the_later_end_of_two_refusals_holds() -> None:
    """Of two limits that refuse, the one that lasts longer decides."""
    assert after(Answer(429, limit(0, 50)), Answer(429, limit(0, 20))).until == NOW + 50 + MARGIN


def test_retry_after_is_never_negative() -> None:
    """A moment in the past, or a negative number, is no time to wait."""
    assert retry_after({"retry-after": "-3"}) is None
    assert retry_after({"retry-after": formatdate(WALL - 5, usegmt=True)}, WALL) is None
    assert retry_after({"retry-after": formatdate(WALL + 5, usegmt=True)}) is None


ODD = st.one_of(
    st.text(max_size=20),
    st.integers().map(str),
    st.floats().map(str),
    st.sampled_from(
        ["0", "1", "60", "-1", "5, 5", "9" * 5000, "1e309", "", ",", "٣", formatdate(WALL + 9, usegmt=True)]
    ),
)
NAMES = ["x-rate-limit-remaining", "x-rate-limit-remaining-seconds", "x-rate-limit-reset", "retry-after", "date"]
ANSWERS = st.builds(
    Answer,
    st.none() | st.sampled_from([200, 403, 404, 422, 429, 500, 503]) | st.integers(100, 999),
    st.dictionaries(st.sampled_from(NAMES), ODD),
    was_sent=st.booleans(),
)


@given(st.lists(st.tuples(ANSWERS, st.floats(0, 100))))
def test_no_answer_stops_delivery_for_longer_than_the_cap(answers: list[tuple[Answer, float]]) -> None:
    """Whatever the headers say, nothing raises, and five minutes later a request may go out."""
    window, now = UNKNOWN, NOW
    for answer, step in answers:
        now += step
        window = observe(window, answer, now, WALL)

        opening = opens_at(window, now)
        assert opening is None or now < opening <= now + MAX_HOLD
        assert admits(window, 0, now) == (opening is None)
        assert admits(window, 0, now + MAX_HOLD)


def simulate(
    count: int, size: float, delays: list[float], rounding: Any, *, senders: int, items: int
) -> tuple[int, float]:
    """Send items to a server with a fixed window; return how many 429s there were and how long it took."""
    window, now, in_flight, refused, sent, used, ends_at = UNKNOWN, 0.0, 0, 0, 0, 0, -math.inf
    events: list[tuple[float, int, str, Mapping[str, str]]] = []
    delay, number = iter(delays * (2 * items + 100)), 0
    while sent < items:
        if in_flight < senders and sent + in_flight < items and admits(window, in_flight, now):
            in_flight, number = in_flight + 1, number + 1
            heapq.heappush(events, (now + next(delay), number, "arrives", {}))
            continue
        opening = opens_at(window, now)
        if not in_flight:
            assert opening is not None, "nothing in flight, nothing to wait for"
            now = opening
            continue
        now, _, event, headers = heapq.heappop(events)
        if event == "arrives":
            if now >= ends_at:
                ends_at, used = now + size, 0
            used += 1
            headers = limit(max(0, count - used), max(0, rounding(ends_at - now)))
            number += 1
            heapq.heappush(events, (now + next(delay), number, "200" if used <= count else "429", headers))
        else:
            in_flight -= 1
            refused, sent = refused + (event == "429"), sent + (event == "200")
            window = observe(window, Answer(int(event), headers), now, WALL)
    return refused, now


@given(
    count=st.integers(1, 30),
    size=st.floats(5, 250),
    delays=st.lists(st.floats(0.001, 2.0), min_size=1, max_size=50),
    rounding=st.sampled_from([math.ceil, math.floor, round]),
    senders=st.integers(1, 8),
    items=st.integers(1, 60),
)
def test_truthful_headers_mean_no_429_and_no_idle_window(
    count: int, size: float, delays: list[float], rounding: Any, senders: int, items: int
) -> None:
    """However answers overtake each other, no request is wasted, and each window is put to use."""
    refused, took = simulate(count, size, delays, rounding, senders=senders, items=items)

    assert refused == 0
    windows = math.ceil(items / count)
    assert took <= windows * (size + MARGIN + 2) + 2 * 2.0 * items


def test_a_window_of_a_day_costs_one_429_in_five_minutes() -> None:
    """A far-off end is not believed blindly: one probe per cap, not four, and none in between."""
    refused, took = simulate(3, 3_600, [0.05], math.ceil, senders=4, items=6)

    assert refused == pytest.approx(took / MAX_HOLD, abs=1.5)
