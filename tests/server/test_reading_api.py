"""Reading items and occurrences back through the API."""

from __future__ import annotations

from typing import Any

import pytest

from tests.server.conftest import Caller, error_item, item


@pytest.fixture
def filled(caller: Caller) -> Caller:
    """A server with three items: an error twice, a warning elsewhere, and a message."""
    for payload in (
        error_item("one", uuid="00000000-0000-4000-8000-000000000001", language="python 3.12"),
        error_item("two", uuid="00000000-0000-4000-8000-000000000002"),
        error_item("one", level="warning", environment="staging"),
        item("hello", platform="linux"),
    ):
        assert caller.post(payload).status_code == 200
    return caller


def result(answer: Any) -> Any:
    """Return the result of a successful answer."""
    assert (answer.status_code, answer.json()["err"]) == (200, 0)
    return answer.json()["result"]


@pytest.mark.parametrize("path", ["items", "items/"])
def test_items_are_listed(filled: Caller, path: str) -> None:
    """One item for each fingerprint and environment, the last active first, with its counts."""
    listed = result(filled.get(path))

    assert (listed["page"], listed["total_count"]) == (1, 3)
    rows = [(each["counter"], each["title"], each["level"], each["total_occurrences"]) for each in listed["items"]]
    assert rows == [(3, "hello", "info", 1), (2, "ValueError: one", "warning", 1), (1, "ValueError: one", "error", 2)]
    oldest = listed["items"][-1]
    assert (oldest["first_occurrence_id"], oldest["last_occurrence_id"], oldest["status"]) == (1, 2, "active")
    assert (oldest["environment"], oldest["platform"], oldest["framework"]) == ("test", "unknown", "python")


@pytest.mark.parametrize(
    ("query", "counters"),
    [
        ("level=error", [1]),
        ("level=error&level=info", [3, 1]),
        ("environment=staging", [2]),
        ("status=resolved", []),
        ("page=2", []),
        ("level=error&environment=staging", []),
    ],
)
def test_items_are_filtered(filled: Caller, query: str, counters: list[int]) -> None:
    """A repeated filter is an "or", different ones are an "and"; past the end there is nothing."""
    assert [each["counter"] for each in result(filled.get(f"items?{query}"))["items"]] == counters


def test_an_item_is_found_by_id_counter_and_uuid(filled: Caller) -> None:
    """The three ways to an item lead to the same."""
    by_id = result(filled.get("item/1"))
    assert by_id == result(filled.get("item/?counter=1"))
    assert by_id == result(filled.get("item?uuid=00000000-0000-4000-8000-000000000002"))


def test_occurrences_are_listed(filled: Caller) -> None:
    """Newest first, by page or after an id, for the project or for one item, with their data."""
    assert [each["id"] for each in result(filled.get("instances"))["instances"]] == [4, 3, 2, 1]
    assert [each["id"] for each in result(filled.get("instances?limit=2&page=2"))["instances"]] == [2, 1]
    assert [each["id"] for each in result(filled.get("instances?lastId=3&limit=1"))["instances"]] == [2]
    assert [each["id"] for each in result(filled.get("item/1/instances/"))["instances"]] == [2, 1]
    one = result(filled.get("instance/1/"))
    assert one == result(filled.get("instances"))["instances"][-1]
    assert (one["item_id"], one["project_id"], one["data"]["language"]) == (1, 1, "python 3.12")


@pytest.mark.parametrize(
    ("path", "status", "message"),
    [
        ("item/99", 404, "Item not found in this project."),
        ("item/99/instances", 404, "Item not found in this project."),
        ("item?counter=99", 404, "Item not found in this project."),
        ("item?uuid=no", 400, "Invalid UUID format"),
        ("item?uuid=00000000-0000-4000-8000-000000000009", 404, "UUID did not match any occurrence"),
        ("instance/99", 404, "not found"),
        ("instance/99999999999999999999999", 404, "not found"),
        ("items?page=0", 422, "Invalid format. page should be integer."),
        ("items?page=x", 422, "Invalid format. page should be integer."),
        ("instances?limit=99999999999999999999999", 422, "Invalid format. limit should be integer."),
    ],
)
def test_what_is_not_there_is_said(caller: Caller, path: str, status: int, message: str) -> None:
    """What cannot be found or understood is refused in the API's words."""
    answer = caller.get(path)
    assert (answer.status_code, answer.json()) == (status, {"err": 1, "message": message})


def test_reading_needs_a_token_that_may_read(caller: Caller) -> None:
    """Without the scope ``read`` nothing is shown; the query may pass the token."""
    endpoint = caller.server.endpoint
    with_header = {"X-Rollbar-Access-Token": caller.server.tokens["post_server_item"]}
    refused = caller.session.get(endpoint + "items", headers=with_header)
    assert refused.status_code == 403
    assert refused.json()["message"] == (
        "insufficient privileges: read scope is required but the access token only has post_server_item."
    )
    assert caller.session.get(endpoint + "items").status_code == 422
    assert caller.session.get(endpoint + f"items?access_token={caller.server.tokens['read']}").status_code == 200


def test_reading_tells_of_the_limit(caller: Caller) -> None:
    """Reading calls count against their own token's window."""
    assert caller.get("items").headers["X-Rate-Limit-Remaining"] == "49999"
