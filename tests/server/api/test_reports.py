"""Reports: top active items, and counts over time."""

from __future__ import annotations

import pytest

from tests.server.api.history import DAY, HOUR, MIDNIGHT, NOW, History, told


def test_the_items_that_occurred_most_come_first(history: History) -> None:
    """With numbers in place of names, the span's count, and one count for each of the last 24 hours."""
    first, second = history.get("reports/top_active_items")

    assert first["item"] == {
        "id": 1,
        "counter": 1,
        "environment": "production",
        "framework": 0,
        "level": 40,
        "title": "ValueError: boom",
        "occurrences": 4,
        "unique_occurrences": None,
        "last_occurrence_timestamp": MIDNIGHT + 12 * HOUR + 300,
        "project_id": 1,
        "group_status": 1,
    }
    assert first["counts"] == [0] * 22 + [3, 1]
    assert (second["item"]["counter"], second["item"]["level"], second["item"]["framework"]) == (3, 50, 2)
    assert second["counts"] == [0] * 22 + [1, 0]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("hours=1", [(1, 1)]),
        ("hours=168", [(1, 7), (3, 1), (2, 1)]),
        ("hours=168&environments=staging", [(2, 1)]),
        ("hours=168&environments=staging,production&sort=occurrences", [(1, 7), (3, 1), (2, 1)]),
        ("environments=nowhere", []),
    ],
)
def test_top_items_of_a_span_and_of_environments(history: History, query: str, expected: list[tuple[int, int]]) -> None:
    """The running hour is the last of the span's hours."""
    found = history.get(f"reports/top_active_items?{query}")

    assert [(each["item"]["counter"], each["item"]["occurrences"]) for each in found] == expected


def days(*counts: int) -> list[list[int]]:
    """The last days with their counts."""
    return [[MIDNIGHT - (len(counts) - 1 - index) * DAY, count] for index, count in enumerate(counts)]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("buckets=5", days(0, 2, 0, 1, 5)),
        ("buckets=4&min_level=debug", days(2, 1, 1, 5)),
        ("buckets=4&min_level=debug&max_level=info", days(0, 1, 0, 0)),
        ("buckets=4&min_level=critical", days(0, 0, 0, 1)),
        ("buckets=4&min_level=info&environments=staging,elsewhere", days(0, 1, 0, 0)),
        ("buckets=4&item_id=1", days(2, 0, 1, 4)),
        (
            "buckets=2&bucket_size=3600",
            [[MIDNIGHT + 11 * HOUR, 4], [MIDNIGHT + 12 * HOUR, 1]],
        ),
    ],
)
def test_occurrences_are_counted(history: History, query: str, expected: list[list[int]]) -> None:
    """Errors and above unless told otherwise, in days of GMT, the oldest first, with empty ones between."""
    assert history.get(f"reports/occurrence_counts?{query}") == expected


def test_occurrences_are_counted_by_the_minute(history: History) -> None:
    """Of minutes, the last sixty."""
    counts = history.get("reports/occurrence_counts?bucket_size=60")

    assert (len(counts), counts[0][0], counts[-1][0]) == (60, NOW - 59 * 60, NOW)
    assert {at: count for at, count in counts if count} == {
        MIDNIGHT + 11 * HOUR + 3000: 1,
        MIDNIGHT + 12 * HOUR + 300: 1,
    }


def test_activations_are_counted(history: History) -> None:
    """An item is activated when it is new, and when it comes again after it was resolved."""
    assert history.get("reports/activated_counts?buckets=4") == days(1, 1, 1, 1)
    assert history.get("reports/activated_counts?buckets=4&min_level=critical") == days(0, 0, 0, 1)
    assert len(history.get("reports/activated_counts")) == 60


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("top_active_items?hours=169", "hours should be integer."),
        ("top_active_items?hours=0", "hours should be integer."),
        ("top_active_items?sort=title", "sort should be one of occurrences."),
        ("occurrence_counts?bucket_size=61", "bucket_size should be one of 60, 3600, 86400."),
        ("occurrence_counts?min_level=bad", "min_level should be one of debug, info, warning, error, critical."),
        ("occurrence_counts?max_level=info", "min_level should not be above max_level."),
        ("activated_counts?buckets=367", "buckets should be integer."),
        ("activated_counts?buckets=1", "buckets should be integer."),
    ],
)
def test_a_report_that_cannot_be_made_is_refused(history: History, path: str, message: str) -> None:
    """With a sentence that names the parameter."""
    assert history.refusal(f"reports/{path}") == (422, f"Invalid format. {message}")


def test_reports_need_a_token_that_may_read(history: History) -> None:
    """One that only posts is refused."""
    for name in ("top_active_items", "occurrence_counts", "activated_counts"):
        assert history.caller.call("GET", f"reports/{name}", "post_server_item").status_code == 403
        assert history.caller.call("GET", f"reports/{name}/?project_id=1", "account_read").status_code == 200


def test_only_active_items_are_in_the_list() -> None:
    """A resolved one and a muted one are not, however often they occurred."""
    with told(None) as history:
        history.resolve(1, "1.2")
        muted = history.caller.call("PATCH", "item/2", "write", json={"status": "muted"})
        assert muted.status_code == 200

        found = history.get("reports/top_active_items?hours=168")
        assert [each["item"]["counter"] for each in found] == [3]
