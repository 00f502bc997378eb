"""Calls that nobody makes on purpose, and that servers fail at."""

from __future__ import annotations

import pytest

from tests.server.api.history import History

LAST_PAGE = 2**53 - 1


def test_a_name_that_only_some_can_write_small_is_a_name(history: History) -> None:
    """Whoever compares without regard to case has to do so on one side only, or on both: 422 then, not 500."""
    made = [history.caller.call("POST", "teams", "account_write", json={"name": "ÒÜ"}).status_code for _ in range(2)]
    assert made == [200, 422]


@pytest.mark.parametrize(
    ("path", "scope"),
    [
        ("items", "read"),
        ("instances", "read"),
        ("search", "read"),
        ("deploys", "read"),
        ("environments", "read"),
        ("rql/jobs", "read"),
        ("versions/1.0/items", "read"),
        ("team/1/users", "account_read"),
        ("team/1/projects", "account_read"),
        ("team/1/invites", "account_read"),
    ],
)
def test_a_page_that_no_database_could_count_to_is_refused(history: History, path: str, scope: str) -> None:
    """Neither is it an error of the server, nor an empty page of something else."""
    answer = history.caller.call("GET", f"{path}?page={LAST_PAGE}&limit=5000", scope)
    assert (answer.status_code, answer.json()["message"]) == (422, "Invalid format. page should be integer.")
    assert history.caller.call("GET", f"{path}?page={10**9}&limit=5000", scope).status_code == 200


@pytest.mark.parametrize("number", ["--5", "-", "-\u0661", "9" * 5000, "0" * 5000 + "1"])
@pytest.mark.parametrize(
    ("method", "path", "scope", "name"),
    [
        ("PATCH", "item/1", "write", "assigned_user_id"),
        ("POST", "metrics/occurrences", "read", "start_time"),
        ("POST", "metrics/occurrences", "read", "limit"),
    ],
)
def test_what_looks_like_a_number_and_is_none_is_refused(
    history: History, method: str, path: str, scope: str, name: str, number: str
) -> None:
    """With 422: two signs, or more digits than any number here has."""
    answer = history.caller.call(method, path, scope, json={"start_time": 1, name: number})
    assert (answer.status_code, name in answer.json()["message"]) == (422, True)
