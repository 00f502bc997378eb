"""What becomes of an item after each kind of answer."""

from __future__ import annotations

from email.utils import formatdate
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbar_logging.delivery.answer import Answer
from rollbar_logging.delivery.policy import MAX_BACKOFF, MISCONFIGURED_HOLD, Outcome, backoff, decide
from rollbar_logging.delivery.rate_limit import MAX_HOLD


def outcome(answer: Answer, **changed: Any) -> Outcome:
    """Decide on a young item after its first attempt, unless changed."""
    given: dict[str, Any] = {"attempts": 1, "age": 1.0, "max_age": 3600.0, "on_rate_limit": "defer"}
    return decide(answer, **{**given, "shrunk": False, "jitter": 0.0, **changed})


DOWN = Answer(None, error="127.0.0.1:1: connection refused", was_sent=False)


@pytest.mark.parametrize(
    ("answer", "kind", "reason", "hold"),
    [
        (Answer(200), "sent", "", 0),
        (Answer(201), "sent", "", 0),
        (Answer(204), "sent", "", 0),
        (Answer(301), "drop", "redirected", MISCONFIGURED_HOLD),
        (Answer(400), "drop", "rejected_400", 0),
        (Answer(401), "drop", "rejected_401", MISCONFIGURED_HOLD),
        (Answer(403), "drop", "rejected_403", MISCONFIGURED_HOLD),
        (Answer(404), "drop", "rejected_404", 0),
        (Answer(405), "drop", "rejected_405", 0),
        (Answer(408), "retry", "failed_408", 0.5),
        (Answer(413), "shrink", "too_large", 0),
        (Answer(422), "drop", "rejected_422", 0),
        (Answer(425), "retry", "failed_425", 0.5),
        (Answer(429), "defer", "rate_limited", 0),
        (Answer(451), "drop", "rejected_451", 0),
        (Answer(500), "retry", "failed_500", 0.5),
        (Answer(502), "retry", "failed_502", 0.5),
        (Answer(503), "retry", "failed_503", 0.5),
        (Answer(504), "retry", "failed_504", 0.5),
        (Answer(599), "retry", "failed_599", 0.5),
        (Answer(999), "retry", "failed_999", 0.5),
        (Answer(101), "retry", "failed_101", 0.5),
        (DOWN, "retry", "unreachable", 0.5),
    ],
)
def test_each_status_has_its_outcome(answer: Answer, kind: str, reason: str, hold: float) -> None:
    """The table: what is final is dropped, what may pass is tried again, what concerns all holds all."""
    found = outcome(answer)

    assert (found.kind, found.reason, found.hold) == (kind, reason, hold)


def test_a_rejected_item_is_told_with_rollbars_own_words() -> None:
    """The application's log hears why, in Rollbar's words."""
    found = outcome(Answer(422, message="Invalid format. data.level should be string."))

    assert found.message == "Rollbar answered 422: Invalid format. data.level should be string."


def test_a_success_that_is_not_rollbars_is_told() -> None:
    """A page with status 200 settles the item by its status, and the log hears that it was odd."""
    found = outcome(Answer(200, message="Please log in to the hotel's network"))

    assert found.kind == "sent"
    assert found.message == "unexpected answer 200: Please log in to the hotel's network"


def test_an_item_is_shrunk_once() -> None:
    """A second 413 drops what was made smaller already."""
    found = outcome(Answer(413, message="request entity too large"), shrunk=True)

    assert found == Outcome("drop", "too_large", message="Rollbar answered 413: request entity too large")


def test_a_rate_limited_item_is_dropped_on_request_only() -> None:
    """`on_rate_limit="drop"` drops at once what would be deferred."""
    assert outcome(Answer(429), on_rate_limit="drop").kind == "drop"


@pytest.mark.parametrize("answer", [DOWN, Answer(503), Answer(500), Answer(429)])
def test_an_old_item_is_not_tried_again(answer: Answer) -> None:
    """Beyond max_age an item is dropped as expired, and a hold that concerns all stays."""
    found = outcome(answer, age=3600.1)

    assert (found.kind, found.reason, found.hold) == ("drop", "expired", outcome(answer).hold)
    assert found.message.startswith("given up after 3600 s: ")
    assert outcome(answer, age=3600.0).kind != "drop"


def test_the_age_of_an_item_that_arrived_does_not_matter() -> None:
    """A success is a success however late it comes."""
    assert outcome(Answer(200), age=1e9).kind == "sent"


def test_pauses_double_up_to_a_minute() -> None:
    """From a second on, each failure doubles the pause; jitter takes off up to a half of it."""
    assert [backoff(n, 1.0) for n in range(1, 9)] == [1, 2, 4, 8, 16, 32, 60, 60]
    assert [backoff(n, 0.0) for n in (1, 7, 10**9)] == [0.5, 30, 30]


def test_an_unreachable_server_holds_everything_for_as_long() -> None:
    """While nothing gets through, all wait for the same pause; a lone 500 delays its own item."""
    assert outcome(DOWN, attempts=5)[2:4] == (8.0, 8.0)
    assert outcome(Answer(502), attempts=5)[2:4] == (8.0, 8.0)
    assert outcome(Answer(500), attempts=5)[2:4] == (8.0, 0.5)


@pytest.mark.parametrize(
    ("headers", "delay"),
    [
        ({"retry-after": "20"}, 20),
        ({"retry-after": "0"}, 0.5),
        ({"retry-after": "86400"}, MAX_HOLD),
        ({"retry-after": "tomorrow"}, 0.5),
        ({"retry-after": formatdate(1030, usegmt=True), "date": formatdate(1000, usegmt=True)}, 30),
    ],
)
def test_a_503_may_say_for_how_long(headers: dict[str, str], delay: float) -> None:
    """`Retry-After` is honoured, in both forms, between the usual pause and the cap."""
    assert outcome(Answer(503, headers))[2:4] == (delay, delay)


@pytest.mark.parametrize(
    ("location", "told"),
    [
        ("https://rollbar.example.org/api/1/item/?x=1", "redirects to https://rollbar.example.org (302)"),
        ("https://user:secret@proxy.example.org:8443/", "redirects to https://proxy.example.org:8443 (302)"),
        ("/login", "redirects (302)"),
        ("http://[", "redirects (302)"),
        ("", "redirects (302)"),
    ],
)
def test_a_redirect_is_told_with_its_host(location: str, told: str) -> None:
    """An endpoint that redirects is a wrong one: the log hears where it points, without passwords."""
    message = outcome(Answer(302, {"location": location})).message

    assert told in message
    assert "secret" not in message


@given(
    answer=st.builds(
        Answer,
        st.none() | st.integers(0, 999),
        st.dictionaries(st.sampled_from(["retry-after", "location", "date"]), st.text() | st.integers().map(str)),
        st.text(max_size=300),
        st.none() | st.text(),
        st.booleans(),
    ),
    attempts=st.integers(0, 10**6),
    age=st.floats(0, 1e9),
    on_rate_limit=st.sampled_from(["defer", "drop"]),
    shrunk=st.booleans(),
    jitter=st.floats(0, 1, exclude_max=True),
)
def test_every_answer_has_one_sane_outcome(answer: Answer, **given: Any) -> None:
    """Nothing raises; pauses are within bounds; only a 2xx is sent, and whatever is not sent has a reason."""
    found = outcome(answer, **given)

    is_success = answer.status is not None and 200 <= answer.status < 300
    assert (found.kind == "sent") == is_success == (found.reason == "")
    assert 0 <= found.hold <= MAX_HOLD
    assert 0 <= found.delay <= MAX_HOLD
    assert (found.kind == "retry") == (found.delay > 0)
    if "retry-after" not in answer.headers:
        assert found.delay <= MAX_BACKOFF
    if found.kind == "drop":
        assert found.message
        assert found.reason.replace("_", "").isalnum()
