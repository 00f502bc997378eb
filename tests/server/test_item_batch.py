"""Many items in one call, as old clients for PHP send them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from rollbar_logging.server import LocalServer
from tests.server.conftest import Caller, Clock, error_item, item


def batch_of(caller: Caller, payloads: Any, scope: str | None = None) -> Any:
    """Send a batch; return the answer."""
    return caller.post(payloads, scope=scope, path="item_batch/")


def with_token(caller: Caller, payload: Any, scope: str = "post_server_item") -> Any:
    """Return the payload with a token in it."""
    return {"access_token": caller.server.tokens[scope], **payload}


def test_a_batch_is_taken_whole(caller: Caller) -> None:
    """Fifty payloads, each with its token, are stored in their order, and the answer names their uuids."""
    payloads = [with_token(caller, item(uuid=f"u{number}")) for number in range(50)]
    answer = batch_of(caller, payloads)

    assert answer.status_code == 200
    assert answer.json() == {
        "err": 0,
        "result": [{"err": 0, "result": {"id": None, "uuid": f"u{number}"}} for number in range(50)],
    }
    assert [arrived.uuid for arrived in caller.server.occurrences()] == [f"u{number}" for number in range(50)]
    assert caller.server.stats().stored == 50


def test_the_header_passes_the_token_of_all(caller: Caller) -> None:
    """The payloads need no tokens of their own where the header has one."""
    assert batch_of(caller, [item(), error_item()], "post_server_item").status_code == 200
    assert len(caller.server.occurrences()) == 2


def test_each_is_judged_for_itself(caller: Caller) -> None:
    """One that is wrong takes no other along: it is told of in its place, and as an "API error" item."""
    payloads = [
        with_token(caller, item(uuid="a")),
        with_token(caller, {"data": {}}),
        item(),
        7,
        with_token(caller, item(uuid="b")),
    ]
    answer = batch_of(caller, payloads)

    assert answer.status_code == 200
    missing = "Invalid format. access_token is missing and it is required."
    told = [entry.get("message") for entry in answer.json()["result"]]
    assert told[0] is told[4] is None
    assert told[1].startswith("Invalid format. data.environment is missing and it is required.")
    assert told[2] == told[3] == missing
    assert [arrived.uuid for arrived in caller.server.occurrences()] == ["a", "b"]
    assert len(caller.server.occurrences(kind="api_error")) == 1


def test_a_batch_of_which_nothing_is_taken_is_refused(caller: Caller) -> None:
    """With nothing stored the answer is what the first was refused with."""
    answer = batch_of(caller, [with_token(caller, item(), "read"), with_token(caller, {})])

    assert (answer.status_code, answer.json()["err"]) == (403, 1)
    assert "post_server_item scope is required" in answer.json()["message"]


@pytest.mark.parametrize(("body", "status"), [(b"[", 400), (b"{}", 422), (b"[]", 200), (b"", 400), (b"7", 422)])
def test_what_is_no_batch_is_refused(caller: Caller, body: bytes, status: int) -> None:
    """A body that is no array is refused; an empty one is nothing to do."""
    assert batch_of(caller, body, "post_server_item").status_code == status


def test_each_item_counts_against_the_limit() -> None:
    """A batch gets no further than its items would have one by one, and says so."""
    with LocalServer(rate_limit=(3, 3600.0), clock=Clock()) as server:
        caller = Caller(server)
        with caller.session:
            answer = batch_of(caller, [item(uuid=f"u{number}") for number in range(5)], "post_server_item")

        assert [entry["err"] for entry in answer.json()["result"]] == [0, 0, 0, 1, 1]
        assert answer.headers["X-Rate-Limit-Remaining"] == "0"
        assert [arrived.uuid for arrived in server.occurrences()] == ["u0", "u1", "u2"]
        assert len(server.occurrences(kind="system")) == 1


def test_the_same_uuid_twice_in_a_batch_is_stored_once(caller: Caller) -> None:
    """A repetition within the batch is a repetition."""
    assert batch_of(caller, [item(uuid="u"), item(uuid="u")], "post_server_item").status_code == 200
    assert len(caller.server.occurrences()) == 1


def test_an_item_of_a_batch_may_be_as_large_as_one_alone(caller: Caller) -> None:
    """Characters count as they are sent, not as they could be escaped; one that is too large is refused for itself."""
    large = [item("é" * 60_000, uuid="fits"), item("b" * 140_000, uuid="too large")]
    body = json.dumps(large, ensure_ascii=False).encode()
    answer = batch_of(caller, body, "post_server_item")

    assert answer.status_code == 200
    assert answer.json()["result"][1] == {"err": 1, "message": "request entity too large"}
    assert [arrived.uuid for arrived in caller.server.occurrences()] == ["fits"]
    assert batch_of(caller, large[1:], "post_server_item").status_code == 413


def test_a_batch_of_too_many_is_refused(caller: Caller) -> None:
    """Whoever has no token could otherwise keep the server busy with a body of a million nothings."""
    assert batch_of(caller, [0] * 1000).json()["message"].startswith("Invalid format. access_token is missing")
    answer = batch_of(caller, [0] * 1001)
    told = "Invalid format. The payload should be array of at most 1000 items."
    assert (answer.status_code, answer.json()["message"]) == (422, told)
