"""Times to resolution, buckets of time, signed addresses and ids: the pure parts of statistics and uploads."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbar_logging.server.ids import framework_id, level_id, names_from, names_up_to, platform_id, status_id
from rollbar_logging.server.resolution import Resolved, resolutions, summary
from rollbar_logging.server.signing import Ticket, checked, signed
from rollbar_logging.server.time_buckets import time_buckets

ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/Los_Angeles", "Asia/Kolkata", "Australia/Lord_Howe"])
TIMES = st.integers(1_600_000_000, 1_800_000_000)


def test_an_item_is_open_until_it_is_resolved() -> None:
    """Muting does not end that, a second resolution does not count, and one who was open stays open."""
    events = [("new", 10), ("muted", 15), ("resolved", 30), ("resolved", 40), ("reactivated", 50), ("reopened", 55)]

    assert resolutions(events) == [Resolved(30, 20)]
    assert resolutions([*events, ("resolved", 57)]) == [Resolved(30, 20), Resolved(57, 7)]
    assert resolutions([("resolved", 3)]) == []


def test_times_are_summed_up() -> None:
    """Mean, median, least and greatest; none of nothing."""
    assert summary([5, 1, 6]) == {"mean": 4.0, "median": 5, "min": 1, "max": 6}
    assert set(summary([]).values()) == {None}


@given(start=TIMES, seconds=st.integers(1, 100 * 86400), zone=ZONES, granularity=st.sampled_from(["day", "week"]))
def test_every_moment_of_a_span_is_in_the_bucket_of_its_day(
    start: int, seconds: int, zone: str, granularity: str
) -> None:
    """Also where clocks are changed: by an hour, by half an hour, and in zones of half hours."""
    cut = time_buckets(start, start + seconds, granularity, ZoneInfo(zone), most=1000)
    for at in {start, start + seconds // 3, start + seconds // 2, start + seconds - 1}:
        offset = next((value for until, value in cut.offsets if at < until), cut.offsets[-1][1])
        local = datetime.fromtimestamp(at, ZoneInfo(zone))
        midnight = local.replace(hour=0, minute=0, second=0, fold=0)
        first = midnight if granularity == "day" else midnight - timedelta(days=midnight.weekday())

        assert cut.starts[(at + offset + cut.shift) // cut.size] == first.timestamp()


@given(start=TIMES, seconds=st.integers(1, 86400), granularity=st.sampled_from(["minute", "hour"]))
def test_hours_and_minutes_cover_the_span(start: int, seconds: int, granularity: str) -> None:
    """The first bucket holds the span's first second, the last its last, and there are no others."""
    cut = time_buckets(start, start + seconds, granularity, ZoneInfo("Asia/Kolkata"), most=2000)
    starts = list(cut.starts.values())

    assert starts == list(range(starts[0], starts[-1] + 1, cut.size))
    assert starts[0] <= start < starts[0] + cut.size
    assert starts[-1] < start + seconds <= starts[-1] + cut.size


@given(version=st.text(max_size=20), url=st.text(max_size=20))
def test_a_signed_ticket_holds_until_it_expires(version: str, url: str) -> None:
    """It comes back as it was, and not a second too late, and not under another key."""
    ticket = Ticket(3, version, url, 1000)
    text = signed(ticket, b"key")

    assert checked(text, b"key", 999.9) == ticket
    assert checked(text, b"key", 1000) is None
    assert checked(text, b"other", 0) is None


@given(st.text(max_size=100))
def test_what_was_not_signed_is_no_ticket(text: str) -> None:
    """Whatever it is."""
    assert checked(text, b"key", 0) is None


def test_a_changed_ticket_is_none() -> None:
    """Every sign of it counts."""
    text = signed(Ticket(3, "1", "https://example.org/", 1000), b"key")
    for index, sign in enumerate(text):
        changed = text[:index] + ("A" if sign != "A" else "B") + text[index + 1 :]
        # The last sign of base64 may carry bits that no byte uses.
        assert checked(changed, b"key", 0) is None or index == len(text) - 1


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (framework_id("Django"), 2),
        (framework_id("flutter"), 32),
        (framework_id("my own"), 0),
        (platform_id("client"), 7),
        (platform_id("linux"), 0),
        (level_id("warning"), 30),
        (status_id("muted"), 3),
    ],
)
def test_names_have_numbers(number: int, expected: int) -> None:
    """As Rollbar's guide lists them; an unknown framework or platform is 0."""
    assert number == expected


def test_levels_have_an_order() -> None:
    """From the least severe."""
    assert names_from("error") == ("error", "critical")
    assert names_up_to("info") == ("debug", "info")
