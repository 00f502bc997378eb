"""Metrics of occurrences, and times to resolution."""

from __future__ import annotations

from typing import Any

import pytest

from tests.server.api.history import DAY, HOUR, MIDNIGHT, NOW, History, told
from tests.server.conftest import error_item

START = MIDNIGHT - 4 * DAY


def rows(point: dict[str, Any]) -> list[tuple[Any, ...]]:
    """The values of a timepoint's rows."""
    return [tuple(each["value"] for each in row) for row in point["metrics_rows"]]


def one_point(history: History, **question: Any) -> list[tuple[Any, ...]]:
    """Ask for the whole span at once; return its rows."""
    answer = history.ask("metrics/occurrences", {"start_time": START, **question})
    (point,) = answer["timepoints"]
    assert point["timestamp"] == question.get("start_time", START)
    return rows(point)


def where(field: str, operator: str, *values: Any) -> dict[str, Any]:
    """Return a filter."""
    return {"field": field, "operator": operator, "values": list(values)}


def test_everything_is_counted_when_nothing_is_said(history: History) -> None:
    """One row with one figure, of the span up to now."""
    answer = history.ask("metrics/occurrences", {"start_time": START})

    assert answer == {
        "start_time": START,
        "end_time": NOW + 1,
        "granularity": None,
        "timezone": "UTC",
        "timepoints": [{"timestamp": START, "metrics_rows": [[{"field": "occurrence_count", "value": 9}]]}],
    }


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ({"group_by": ["environment"]}, [("production", 8), ("staging", 1)]),
        ({"group_by": ["item_counter"]}, [(1, 7), (2, 1), (3, 1)]),
        (
            {"group_by": ["level", "environment"]},
            [("error", "production", 7), ("critical", "production", 1), ("info", "staging", 1)],
        ),
        ({"group_by": "code_version"}, [("1.1", 6), ("1.0", 3)]),
        ({"group_by": ["person_id"]}, [(None, 6), ("bob", 2), ("ann", 1)]),
        (
            {
                "group_by": ["environment", "code_version", "item_id"],
                "filters": [where("environment", "eq", "staging")],
            },
            [("staging", "1.0", 2, 1)],
        ),
        (
            {"group_by": "code_version", "aggregates": [{"function": "count_distinct", "field": "item_id"}]},
            [("1.0", 2), ("1.1", 2)],
        ),
        ({"group_by": ["environment", "person_id", "level"], "limit": 1}, [("production", None, "error", 4)]),
        ({"group_by": ["item_counter"], "limit": 1, "offset": 1}, [(2, 1)]),
        (
            {"group_by": ["item_counter"], "sort": [{"field": "item_counter", "order": "desc"}]},
            [(3, 1), (2, 1), (1, 7)],
        ),
        ({"group_by": ["item_counter"], "sort": "occurrence_count"}, [(2, 1), (3, 1), (1, 7)]),
        ({"aggregates": [{"function": "count_distinct", "field": "person_id", "alias": "people"}]}, [(2,)]),
        (
            {"aggregates": [{"function": name, "field": "item_counter"} for name in ("min", "max", "count_distinct")]},
            [(1, 3, 3)],
        ),
        ({"aggregates": [{"function": "max", "field": "code_version"}, "count_all"]}, [("1.1", 9)]),
        ({"filters": [where("environment", "eq", "staging")]}, [(1,)]),
        ({"filters": [where("environment", "neq", "staging")]}, [(8,)]),
        ({"filters": [where("item_counter", "in", 1, 3)]}, [(8,)]),
        ({"filters": [where("item_counter", "gt", 1), where("item_counter", "lte", "3")]}, [(2,)]),
        ({"filters": [where("person_id", "nin", "bob")]}, [(7,)]),
        ({"filters": [where("item_title", "contains", "Error: b")]}, [(7,)]),
        ({"filters": [where("exception_class", "startswith", "Value")]}, [(7,)]),
        ({"filters": [where("exception_class", "startswith", "V%")]}, []),
        ({"filters": [where("title", "eq", "\ud800")]}, []),
    ],
)
def test_occurrences_are_grouped_filtered_and_aggregated(
    history: History, question: dict[str, Any], expected: list[tuple[Any, ...]]
) -> None:
    """From the hourly counts or from the occurrences, whichever know it."""
    assert one_point(history, **question) == expected


@pytest.mark.parametrize("field", ["item_counter", "uuid"])
@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (MIDNIGHT + 11 * HOUR, MIDNIGHT + 12 * HOUR, 4),
        (MIDNIGHT + 11 * HOUR + 600, MIDNIGHT + 11 * HOUR + 601, 3),
        (MIDNIGHT + 11 * HOUR + 601, MIDNIGHT + 12 * HOUR + 300, 1),
        (MIDNIGHT + 11 * HOUR + 601, MIDNIGHT + 12 * HOUR + 301, 2),
        (MIDNIGHT + 11 * HOUR + 601, NOW + DAY, 2),
        (MIDNIGHT + 10 * HOUR + 1, MIDNIGHT + 11 * HOUR + 600, 0),
        (MIDNIGHT + 10 * HOUR + 1, MIDNIGHT + 11 * HOUR + 3001, 4),
        (MIDNIGHT - DAY + 1, MIDNIGHT + 12 * HOUR + 1, 5),
        (NOW + DAY, NOW + 2 * DAY, 0),
    ],
)
def test_a_span_is_exact_to_the_second(history: History, field: str, start: int, end: int, expected: int) -> None:
    """Its end is not part of it; both ways of counting agree."""
    filters = [{"field": field, "operator": "neq", "value": 0}]
    found = one_point(history, start_time=start, end_time=end, filters=filters)

    assert found == ([(expected,)] if expected else [])


def points(history: History, **question: Any) -> dict[int, list[tuple[Any, ...]]]:
    """Ask; return the rows by timepoint, in order."""
    answer = history.ask("metrics/occurrences", question)
    return {point["timestamp"]: rows(point) for point in answer["timepoints"]}


def test_days_begin_at_midnight_of_the_zone(history: History) -> None:
    """Days without any occurrence are timepoints too; Rollbar's default zone is Pacific time."""
    day = {"start_time": MIDNIGHT - 2 * DAY, "end_time": MIDNIGHT + DAY, "granularity": "day"}
    assert points(history, **day, timezone="UTC") == {
        MIDNIGHT - 2 * DAY: [(1,)],
        MIDNIGHT - DAY: [(1,)],
        MIDNIGHT: [(5,)],
    }
    pacific = points(history, **day)
    assert pacific == {
        MIDNIGHT - 3 * DAY + 8 * HOUR: [],
        MIDNIGHT - 2 * DAY + 8 * HOUR: [(1,)],
        MIDNIGHT - DAY + 8 * HOUR: [(1,)],
        MIDNIGHT + 8 * HOUR: [(5,)],
    }
    assert points(history, **day, timezone="US/Pacific") == pacific
    kolkata = points(history, **day, timezone="Asia/Kolkata")
    assert next(iter(kolkata)) == MIDNIGHT - 2 * DAY - int(5.5 * HOUR)
    assert list(kolkata.values()) == [[(1,)], [(1,)], [(5,)], []]


def test_hours_minutes_and_weeks(history: History) -> None:
    """Each timepoint has its own rows, each sorted and limited by itself."""
    hours = points(
        history,
        start_time=MIDNIGHT + 10 * HOUR,
        end_time=MIDNIGHT + 13 * HOUR,
        granularity="hour",
        group_by=["item_counter"],
        limit=1,
    )
    assert hours == {MIDNIGHT + 10 * HOUR: [], MIDNIGHT + 11 * HOUR: [(1, 3)], MIDNIGHT + 12 * HOUR: [(1, 1)]}
    minutes = points(
        history, start_time=MIDNIGHT + 12 * HOUR + 270, end_time=MIDNIGHT + 12 * HOUR + 361, granularity="minute"
    )
    assert minutes == {
        MIDNIGHT + 12 * HOUR + 240: [],
        MIDNIGHT + 12 * HOUR + 300: [(1,)],
        MIDNIGHT + 12 * HOUR + 360: [],
    }
    weeks = points(history, start_time=START, end_time=NOW, granularity="week", timezone="UTC")
    assert weeks == {MIDNIGHT - 9 * DAY: [(2,)], MIDNIGHT - 2 * DAY: [(7,)]}


@pytest.mark.parametrize(
    ("question", "message"),
    [
        ({}, "start_time is missing and it is required."),
        ({"start_time": "x"}, "start_time should be integer from 0 to 100000000000."),
        ({"start_time": 5, "end_time": 5}, "end_time should be after start_time."),
        ({"start_time": 5, "limit": 0}, "limit should be integer from 1 to 1000."),
        ({"start_time": 5, "granularity": "minute"}, "granularity makes more than 1000 timepoints."),
        ({"start_time": 5, "granularity": ["day"]}, "granularity should be one of minute, hour, day, week."),
        ({"start_time": 5, "timezone": "Mars/Olympus"}, "timezone should be a name such as Europe/Berlin"),
        ({"start_time": 5, "timezone": {}}, "timezone should be a name such as Europe/Berlin"),
        ({"start_time": 5, "timezone": "../../etc/passwd"}, "timezone should be a name such as Europe/Berlin"),
        ({"start_time": 5, "group_by": ["data"]}, "group_by should name one of"),
        ({"start_time": 5, "group_by": [["level"]]}, "group_by should name one of"),
        ({"start_time": 5, "filters": ["x"]}, "filters should be array of objects."),
        ({"start_time": 5, "filters": [{"field": "level"}]}, "filters: values of level should be strings."),
        ({"start_time": 5, "filters": [where("item_id", "eq", "x")]}, "filters: values of id should be integers."),
        ({"start_time": 5, "filters": [where("level", "like", "x")]}, "filters: operator should be one of"),
        ({"start_time": 5, "filters": [where("level", "gt", "x", "y")]}, "filters: gt takes one value."),
        ({"start_time": 5, "filters": [where("item_id", "contains", 1)]}, "filters: contains is for texts."),
        (
            {"start_time": 5, "filters": [where("host", "startswith", "_" * 50_001)]},
            "filters: startswith takes at most 1024 characters.",
        ),
        ({"start_time": 5, "filters": [where("level", "in")]}, "filters: values should be array of 1 to 1000."),
        ({"start_time": 5, "aggregates": ["sum"]}, "aggregates: function should be one of"),
        ({"start_time": 5, "aggregates": ["max"]}, "aggregates should name one of"),
        ({"start_time": 5, "aggregates": ["count_all", "count_all"]}, "aggregates should have different aliases."),
        ({"start_time": 5, "sort": ["level"]}, "sort should name one of occurrence_count, and asc or desc."),
        ({"start_time": 5, "group_by": ["level"] * 21}, "group_by should be array of at most 20."),
    ],
)
def test_a_question_that_cannot_be_answered_is_refused(history: History, question: Any, message: str) -> None:
    """With a sentence that names the part."""
    status, said = history.refusal("metrics/occurrences", question)

    assert status == 422
    assert said.startswith(f"Invalid format. {message}")


def test_times_to_resolution_of_items(history: History) -> None:
    """The first and the last; null for an item that was never resolved; nothing for one that there is not."""
    assert history.ask("metrics/items", {"item_counters": [1, 2, 99]}) == [
        {"item_id": 1, "item_counter": 1, "first_ttr": DAY, "last_ttr": DAY},
        {"item_id": 2, "item_counter": 2, "first_ttr": None, "last_ttr": None},
    ]


@pytest.mark.parametrize(
    ("question", "count"),
    [
        ({}, 1),
        ({"environment": "production", "level": ["error", "critical"], "framework": "unknown"}, 1),
        ({"environment": ["staging"]}, 0),
        ({"level": "critical"}, 0),
        ({"start_time": MIDNIGHT - 2 * DAY + 10 * HOUR, "end_time": MIDNIGHT}, 1),
        ({"start_time": MIDNIGHT - DAY}, 0),
        ({"end_time": MIDNIGHT - 2 * DAY + 10 * HOUR}, 0),
    ],
)
def test_times_to_resolution_of_a_project(history: History, question: Any, count: int) -> None:
    """Of the items that match and were resolved within the span."""
    figure = DAY if count else None
    expected = {"count": count, "mean": figure, "median": figure, "min": figure, "max": figure}

    assert history.ask("metrics/ttr", question) == expected


def test_times_to_resolution_of_the_account(history: History) -> None:
    """An account's token may ask for all projects or name one; posting needs no more than reading."""
    for path in ("metrics/ttr", "metrics/ttr/?project_id=1"):
        answer = history.caller.call("POST", path, "account_read", json={})
        assert answer.json()["result"]["count"] == 1
    assert history.caller.call("POST", "metrics/ttr?project_id=77", "account_read", json={}).status_code == 404
    assert history.caller.call("POST", "metrics/ttr", "write", json={}).status_code == 403


@pytest.mark.parametrize(
    ("path", "question", "message"),
    [
        ("metrics/items", {}, "item_counters is missing and it is required."),
        ("metrics/items", {"item_counters": []}, "item_counters should be array of 1 to 500 integers."),
        ("metrics/items", {"item_counters": ["x"]}, "item_counters should be array of integers."),
        ("metrics/items", {"item_counters": [2**60]}, "item_counters should be array of integers."),
        ("metrics/ttr", {"environment": [1]}, "environment should be string or array of at most 100 strings."),
        ("metrics/ttr", {"end_time": "soon"}, "end_time should be integer."),
    ],
)
def test_what_is_asked_of_resolutions_is_checked(history: History, path: str, question: Any, message: str) -> None:
    """With a sentence that names the part."""
    assert history.refusal(path, question) == (422, f"Invalid format. {message}")


@pytest.mark.parametrize("field", ["item_counter", "uuid"])
def test_an_occurrence_on_the_hour_counts_once(field: str) -> None:
    """It belongs to the hour that it begins, whether hours or occurrences are counted."""
    with told(None) as history:
        history.post(13 * HOUR, error_item("boom", code_version="1.1", environment="production"))
        history.clock.now = NOW + DAY
        half = HOUR // 2
        noon = MIDNIGHT + 13 * HOUR
        filters = [{"field": field, "operator": "neq", "value": 0}]
        for start, end, expected in (
            (noon - half, noon + half, 1),
            (noon, noon + half, 1),
            (noon, noon + HOUR, 1),
            (noon - half, noon, 0),
            (noon + 1, noon + half, 0),
            (noon - HOUR - half, noon, 2),
        ):
            found = one_point(history, start_time=start, end_time=end, filters=filters)
            assert found == ([(expected,)] if expected else [])
