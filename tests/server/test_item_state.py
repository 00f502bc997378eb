"""An item's life as people and occurrences change it, through the API and on both databases."""

from __future__ import annotations

from typing import Any

import pytest

from rollbar_logging.server import LocalServer
from tests.server.conftest import Caller, item


def changed(caller: Caller, item_id: int = 1, **fields: Any) -> Any:
    """Change an item; return what was answered."""
    answer = caller.call("PATCH", f"item/{item_id}", "write", json=fields)
    assert answer.status_code == 200, answer.text
    return answer.json()["result"]


def occur(caller: Caller, title: str = "boom", **data: Any) -> None:
    """Let the item occur once."""
    assert caller.post(item(title, fingerprint="one", **data)).status_code == 200


def shown(caller: Caller, item_id: int = 1) -> dict[str, Any]:
    """Return the item as the API shows it."""
    found: dict[str, Any] = caller.get(f"item/{item_id}").json()["result"]
    return found


def test_a_resolved_item_becomes_active_again(either_caller: Caller) -> None:
    """The next occurrence activates it, counts from one again, and gives it its title."""
    occur(either_caller, "first")
    occur(either_caller, "second")
    assert changed(either_caller, status="resolved") == {"status": "resolved"}
    resolved = shown(either_caller)
    assert (resolved["status"], resolved["total_occurrences"], resolved["title"]) == ("resolved", 2, "first")
    assert resolved["last_resolved_timestamp"] >= resolved["first_occurrence_timestamp"]

    occur(either_caller, "third", level="critical")
    active = shown(either_caller)
    assert (active["status"], active["total_occurrences"], active["title"]) == ("active", 1, "third")
    assert (active["activating_occurrence_id"], active["first_occurrence_id"], active["last_occurrence_id"]) == (
        3,
        1,
        3,
    )
    assert active["level"] == resolved["level"] == "info"
    assert active["counter"] == resolved["counter"]
    occur(either_caller, "fourth")
    assert (shown(either_caller)["total_occurrences"], shown(either_caller)["title"]) == (2, "third")


@pytest.mark.parametrize(
    ("resolved_in", "version", "status"),
    [
        ("1.2.0", "1.1.9", "resolved"),
        ("1.2.0", "v1.1", "resolved"),
        ("1.10.0", "1.9.0", "resolved"),
        ("1.2.0", "1.2.0-rc.1", "resolved"),
        ("12", 11, "resolved"),
        ("1.2.0", "1.2.0", "active"),
        ("1.2.0", "1.2", "active"),
        ("1.2.0", "1.2.1", "active"),
        ("1.2.0", None, "active"),
        ("12", 13, "active"),
        ("1f3a9c2", "99aa88b", "active"),
    ],
)
def test_an_older_version_does_not_activate(
    caller: Caller, resolved_in: str, version: str | int | None, status: str
) -> None:
    """An item resolved in a version stays so for occurrences of what came before it; where that is not known, not."""
    occur(caller)
    changed(caller, status="resolved", resolved_in_version=resolved_in)
    occur(caller, code_version=version)

    assert (shown(caller)["status"], shown(caller)["last_occurrence_id"]) == (status, 2)
    assert shown(caller)["resolved_in_version"] == (resolved_in if status == "resolved" else None)


def test_the_version_of_the_server_counts_too(caller: Caller) -> None:
    """``server.code_version`` stands in for ``code_version``."""
    occur(caller)
    changed(caller, status="resolved", resolved_in_version="2.0")
    occur(caller, server={"code_version": "1.0"})

    assert shown(caller)["status"] == "resolved"


@pytest.mark.parametrize("between", ["active", "muted", "resolved"])
def test_a_version_ends_with_its_status(either_caller: Caller, between: str) -> None:
    """What an item was resolved in once says nothing when it is resolved again without a version."""
    occur(either_caller)
    changed(either_caller, status="resolved", resolved_in_version="2.0")
    changed(either_caller, status=between)
    changed(either_caller, status="resolved")
    assert shown(either_caller)["resolved_in_version"] is None

    occur(either_caller, code_version="1.0")
    assert shown(either_caller)["status"] == "active"


def test_a_muted_item_stays_muted(either_caller: Caller) -> None:
    """Occurrences of a muted item count, and change nothing else."""
    occur(either_caller)
    changed(either_caller, status="muted")
    occur(either_caller, "other")

    muted = shown(either_caller)
    assert (muted["status"], muted["total_occurrences"], muted["title"]) == ("muted", 2, "boom")
    assert muted["last_muted_timestamp"] is not None
    changed(either_caller, status="active")
    assert shown(either_caller)["status"] == "active"


def test_a_title_of_ones_own_is_locked(either_caller: Caller) -> None:
    """Title and level that somebody gave stay, also when the item becomes active again."""
    occur(either_caller)
    assert changed(either_caller, title="Ours", level="debug") == {"title": "Ours", "level": "debug"}
    changed(either_caller, status="resolved")
    occur(either_caller, "theirs", level="critical")

    found = shown(either_caller)
    assert (found["title"], found["level"], found["title_lock"], found["level_lock"]) == ("Ours", "debug", 1, 1)
    assert found["status"] == "active"


def test_a_group_is_counted_as_its_occurrences_would_be(either_caller: Caller) -> None:
    """Occurrences that arrive in one call do the same to their item as in calls of their own."""
    occur(either_caller)
    changed(either_caller, status="resolved", resolved_in_version="2.0")
    versions = ["1.0", "1.5", "2.1", "1.0", "3.0"]
    batch = [item(f"v {version}", fingerprint="one", code_version=version) for version in versions]
    assert either_caller.post(batch, path="item_batch").status_code == 200

    found = shown(either_caller)
    assert (found["status"], found["total_occurrences"], found["title"]) == ("active", 3, "v 2.1")
    assert (found["activating_occurrence_id"], found["last_occurrence_id"]) == (4, 6)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"status": "closed"}, "status should be one of active, resolved, muted."),
        ({"level": 10}, "level should be one of debug, info, warning, error, critical."),
        ({"title": ""}, "title should be string of 1 to 255 characters."),
        ({"title": "x" * 256}, "title should be string of at most 255 characters."),
        ({"resolved_in_version": "1.0"}, "resolved_in_version needs status resolved."),
        ({"status": "resolved", "resolved_in_version": "x" * 41}, "should be string of at most 40 characters."),
        ({"assigned_user_id": "ann"}, "assigned_user_id should be integer."),
        ({"snooze_enabled": "maybe"}, "snooze_enabled should be boolean."),
    ],
)
def test_a_change_that_cannot_be_is_refused_whole(caller: Caller, fields: dict[str, Any], said: str) -> None:
    """What is wrong is said with 422, and nothing is changed."""
    occur(caller)
    before = shown(caller)
    answer = caller.call("PATCH", "item/1", "write", json={"level": "critical", **fields})

    assert (answer.status_code, answer.json()["err"]) == (422, 1)
    assert said in answer.json()["message"]
    assert shown(caller) == before


def test_changes_need_the_scope_and_the_item(caller: Caller) -> None:
    """A token that may only read changes nothing; an item that is not there is told of as the API does."""
    occur(caller)
    refused = caller.call("PATCH", "item/1", "read", json={"status": "muted"})
    absent = caller.call("PATCH", "item/99", "write", json={"status": "muted"})

    assert (refused.status_code, shown(caller)["status"]) == (403, "active")
    assert (absent.status_code, absent.json()["message"]) == (404, "Item not found in this project.")


def test_a_snooze_ends_by_itself() -> None:
    """A snoozed item is found as such, and shows until when, as long as it lasts."""
    now = [1_700_000_000.0]

    with LocalServer(unix_clock=lambda: now[0]) as server:
        caller = Caller(server)
        with caller.session:
            occur(caller)
            changed(caller, snooze_enabled=True, snooze_expiration_in_seconds=60)
            assert shown(caller)["snooze_expiration_datetime"] == 1_700_000_060
            assert caller.get("items?is_snoozed=true").json()["result"]["total_count"] == 1
            now[0] += 61
            assert "snooze_expiration_datetime" not in shown(caller)
            assert caller.get("items?is_snoozed=true").json()["result"]["total_count"] == 0


@pytest.mark.parametrize("title", ["half \ud800 a pair", "nothing \0 at all", "\U0001f600"])
def test_any_title_may_be_given(either_caller: Caller, title: str) -> None:
    """What no database carries is replaced, in JSON and in forms, and no reason for an error."""
    occur(either_caller)
    changed(either_caller, title=title)
    assert shown(either_caller)["title"] == title.replace("\ud800", "?").replace("\0", "\ufffd")
    form = either_caller.call("PATCH", "item/1", "write", data={"title": title.replace("\ud800", "")})
    assert form.status_code == 200
