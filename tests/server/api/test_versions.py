"""Versions of the code and their items."""

from __future__ import annotations

from typing import Any

import pytest

from tests.server.api.history import DAY, HOUR, MIDNIGHT, History, told
from tests.server.conftest import item


def levels(**counts: int) -> dict[str, int]:
    """Counts of all levels, 0 where none is given."""
    return {level: counts.get(level, 0) for level in ("debug", "info", "warning", "error", "critical")}


def test_a_version_is_told_of(history: History) -> None:
    """Its first and last occurrence, and how many items were what in it, by level."""
    version = history.get("versions/1.1")

    assert version.pop("item_stats") == {
        "new": levels(critical=1),
        "repeated": levels(),
        "reactivated": levels(error=1),
        "resolved": levels(error=1),
    }
    assert version == {
        "id": 4,
        "project_id": 1,
        "version": "1.1",
        "environment": None,
        "date_created": MIDNIGHT - DAY + int(8.25 * HOUR),
        "first_occurrence_id": 4,
        "first_occurrence_timestamp": MIDNIGHT - DAY + int(8.25 * HOUR),
        "last_occurrence_id": 9,
        "last_occurrence_timestamp": MIDNIGHT + 12 * HOUR + 300,
        "deployed_by": None,
        "last_deploy_timestamp": None,
        "commits": [],
    }


def test_a_version_of_one_environment(history: History) -> None:
    """Only that environment's items count."""
    staging = history.get("versions/1.0?environment=staging")
    assert (staging["environment"], staging["first_occurrence_id"]) == ("staging", 3)
    assert staging["item_stats"]["new"] == levels(info=1)
    assert history.get("versions/1.0")["item_stats"]["new"] == levels(info=1, error=1)


def test_a_version_that_nobody_reported_is_not_found(history: History) -> None:
    """Nor is a version in an environment where it was not seen."""
    for path in ("versions/2.0", "versions/1.1?environment=staging"):
        assert history.refusal(path) == (404, "Version not found in this project.")


def in_version(found: dict[str, Any]) -> tuple[int, int, Any, Any]:
    """An item's counter and what it did in the version."""
    return (
        found["counter"],
        found["total_occurrences_in_version"],
        found["first_occurrence_id_in_version"],
        found["last_occurrence_timestamp_in_version"],
    )


def test_items_of_a_version(history: History) -> None:
    """The last active first, as the API shows items, with what they did in it."""
    listed = history.get("versions/1.1/items")

    assert (listed["page"], listed["total_count"]) == (1, 2)
    assert [in_version(found) for found in listed["items"]] == [
        (1, 5, 4, MIDNIGHT + 12 * HOUR + 300),
        (3, 1, 8, MIDNIGHT + 11 * HOUR + 3000),
    ]
    assert listed["items"][0].items() >= history.get("item/1").items()


@pytest.mark.parametrize(
    ("path", "counters"),
    [
        ("1.1/items?event=new", [3]),
        ("1.1/items?event=reactivated", [1]),
        ("1.1/items?event=resolved", [1]),
        ("1.1/items?event=repeated", []),
        ("1.1/items?event=new,resolved", [1, 3]),
        ("1.1/items?event=new&event=resolved", [1, 3]),
        pytest.param(f"1.1/items?event={'new,resolved,' * 1000}", [1, 3], id="often"),
        ("1.1/items?level=critical", [3]),
        ("1.1/items?environment=staging", []),
        ("1.0/items?environment=staging", [2]),
        ("1.1/items?page=2", []),
        ("9/items", []),
    ],
)
def test_items_of_a_version_are_filtered(history: History, path: str, counters: list[int]) -> None:
    """By what they were in it, level and environment."""
    assert [found["counter"] for found in history.get(f"versions/{path}")["items"]] == counters


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("1.1/items?event=old", "event should be one of new, repeated, reactivated, resolved."),
        ("1.1/items?level=bad", "level should be one of debug, info, warning, error, critical."),
        ("1.1/items?page=0", "page should be integer."),
    ],
)
def test_filters_that_there_are_not_are_refused(history: History, path: str, message: str) -> None:
    """With a sentence that names the parameter."""
    assert history.refusal(f"versions/{path}") == (422, f"Invalid format. {message}")


def test_repeated_slashed_deployed_and_only_resolved() -> None:
    """A name may have slashes; what was seen before is repeated; a deploy alone makes a version known."""
    with told(None) as history:
        history.post(13 * HOUR, item("hello", level="info", code_version="feature/x", environment="staging"))
        version = history.get("versions/feature/x")
        assert (version["version"], version["item_stats"]["repeated"]) == ("feature/x", levels(info=1))
        assert history.get("versions/feature%2Fx/items?event=repeated")["items"][0]["counter"] == 2

        deploy = {"environment": "production", "revision": "1.2", "local_username": "ann"}
        assert history.caller.call("POST", "deploy", "post_server_item", json=deploy).status_code == 200
        deployed = history.get("versions/1.2")
        at = MIDNIGHT + 13 * HOUR
        assert (deployed["deployed_by"], deployed["last_deploy_timestamp"], deployed["date_created"]) == ("ann", at, at)
        assert deployed["first_occurrence_id"] is None

        history.resolve(3, "1.3")
        (found,) = history.get("versions/1.3/items")["items"]
        assert in_version(found) == (3, 0, None, None)


def test_the_version_of_a_resolution_may_be_told_later() -> None:
    """With the status again or alone; what counts for a version is what the item says."""
    with told(None) as history:
        caller = history.caller
        for change in ({"status": "resolved"}, {"status": "resolved", "resolved_in_version": "1.3"}):
            assert caller.call("PATCH", "item/3", "write", json=change).status_code == 200
        assert [found["counter"] for found in history.get("versions/1.3/items?event=resolved")["items"]] == [3]

        assert caller.call("PATCH", "item/3", "write", json={"resolved_in_version": "1.1"}).status_code == 200
        assert history.get("versions/1.3/items")["items"] == []
        assert history.get("versions/1.1")["item_stats"]["resolved"] == levels(critical=1, error=1)
        assert history.get("item/3")["resolved_in_version"] == "1.1"
