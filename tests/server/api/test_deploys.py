"""Deploys, as the scripts and clients that tell of them see it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from rollbar_logging.server import LocalServer
from tests.server.conftest import Caller

TOLD = {"environment": "production", "revision": "aa218f56"}


class Time:
    """Unix seconds that pass when they are told to."""

    now = 1_700_000_000.0

    def __call__(self) -> float:
        """Return the seconds."""
        return self.now


@pytest.fixture
def time() -> Time:
    """The server's clock."""
    return Time()


@pytest.fixture
def ops(time: Time) -> Iterator[Caller]:
    """A caller of a server with a user besides its owner."""
    with LocalServer(unix_clock=time, users={"ada": "Ada@example.com"}) as server:
        caller = Caller(server)
        with caller.session:
            yield caller


def deploy_id(answer: Any) -> int:
    """Return the id that an answer to a new deploy gives."""
    assert (answer.status_code, answer.json()["err"]) == (200, 0), answer.text
    return int(answer.json()["data"]["deploy_id"])


@pytest.mark.parametrize("path", ["deploy", "deploy/"])
def test_a_deploy_is_told_and_read_back(ops: Caller, path: str) -> None:
    """What is not said has a default: it has succeeded, and began and ended when it was told."""
    answer = ops.call("POST", path, "post_server_item", json=TOLD)

    assert answer.text == '{\n  "err": 0,\n  "data": {\n    "deploy_id": 1\n  }\n}'
    assert ops.get("deploy/1").json()["result"] == {
        "id": 1,
        "project_id": 1,
        **TOLD,
        "status": "succeeded",
        "comment": None,
        "local_username": None,
        "user_id": None,
        "start_time": 1_700_000_000,
        "finish_time": 1_700_000_000,
    }


@pytest.mark.parametrize(
    "body",
    [
        {"json": TOLD},
        {"data": TOLD},
        {"files": {name: (None, value) for name, value in TOLD.items()}},
        {"json": TOLD, "headers": {"Content-Type": "application/x-www-form-urlencoded"}},
        {"params": {"environment": "production"}, "data": {"head_long": "aa218f56", "app": "shop", "user": "ada"}},
    ],
    ids=["json", "form", "multipart", "json called a form", "a hosting service's hook"],
)
def test_every_form_of_body_is_understood(ops: Caller, body: dict[str, Any]) -> None:
    """JSON, a form, several parts, JSON under a wrong type, and what a hook cannot say in its body."""
    created = deploy_id(ops.call("POST", "deploy/", "post_server_item", **body))

    told = ops.get(f"deploy/{created}").json()["result"]
    assert (told["environment"], told["revision"]) == ("production", "aa218f56")


@pytest.mark.parametrize("way", ["json", "form", "query"])
def test_the_token_may_come_without_a_header(ops: Caller, way: str) -> None:
    """Older scripts put it into the body or the query."""
    token = {"access_token": ops.server.tokens["post_server_item"]}
    body: dict[str, Any] = {
        "json": {"json": {**TOLD, **token}},
        "form": {"data": {**TOLD, **token}},
        "query": {"json": TOLD, "params": token},
    }[way]

    assert deploy_id(ops.session.post(f"{ops.server.endpoint}deploy/", timeout=30, **body)) == 1


def test_users_are_looked_up(ops: Caller) -> None:
    """A name that the account knows becomes the user's id; another one is not kept."""
    known = deploy_id(ops.call("POST", "deploy", "post_server_item", json={**TOLD, "rollbar_username": "ada"}))
    other = deploy_id(
        ops.call("POST", "deploy", "post_server_item", json={**TOLD, "rollbar_username": "bob", "local_username": "b"})
    )

    ada = ops.call("GET", "users?email=ada@example.com", "account_read").json()["result"]["users"][0]["id"]
    told = [ops.get(f"deploy/{each}").json()["result"] for each in (known, other)]
    assert [(each["user_id"], each["local_username"]) for each in told] == [(ada, None), (None, "b")]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            {},
            "Missing 'environment' key. Missing 'revision' or 'head_long' key. 'environment' key must be a string",
        ),
        ({"environment": "production"}, "Missing 'revision' or 'head_long' key."),
        ({"revision": "1"}, "Missing 'environment' key. 'environment' key must be a string"),
        ({**TOLD, "environment": 5}, "'environment' key must be a string"),
        ({**TOLD, "revision": ["1"]}, "'revision' key must be a string"),
        ({**TOLD, "comment": {}}, "'comment' key must be a string"),
        ({**TOLD, "status": "done"}, "'status' key must be one of started, succeeded, failed, timed_out"),
        ({**TOLD, "status": ["started"]}, "'status' key must be one of started, succeeded, failed, timed_out"),
    ],
)
def test_complaints_are_joined(shared_caller: Caller, body: dict[str, Any], message: str) -> None:
    """Everything that is wrong is said at once, with 422."""
    answer = shared_caller.call("POST", "deploy", "post_server_item", json=body)

    assert (answer.status_code, answer.json()) == (422, {"err": 1, "message": message})


def test_texts_are_cut_and_carried(ops: Caller) -> None:
    """What is too long is cut, and no character stops a deploy."""
    strange = {"environment": "e" * 300, "revision": "r\0\ud800", "comment": "c" * 100_000}
    created = deploy_id(ops.call("POST", "deploy", "post_server_item", json=strange))

    told = ops.get(f"deploy/{created}").json()["result"]
    assert (len(told["environment"]), told["revision"], len(told["comment"])) == (255, "r\ufffd?", 62 * 1024)


def test_a_started_deploy_ends(ops: Caller, time: Time) -> None:
    """Its end is told by the same token, and by the whole form again, with the token in the query."""
    created = deploy_id(ops.call("POST", "deploy", "post_server_item", json={**TOLD, "status": "started"}))
    assert ops.get(f"deploy/{created}").json()["result"]["finish_time"] is None
    time.now += 60
    token = ops.server.tokens["post_server_item"]
    answer = ops.session.patch(
        f"{ops.server.endpoint}deploy/{created}/?access_token={token}",
        files={name: (None, value) for name, value in {**TOLD, "status": "failed", "comment": "oh"}.items()},
        timeout=30,
    )

    assert (answer.status_code, answer.json()["err"]) == (200, 0)
    told = answer.json()["result"]
    assert (told["id"], told["status"], told["comment"]) == (created, "failed", "oh")
    assert (told["start_time"], told["finish_time"]) == (1_700_000_000, 1_700_000_060)
    assert ops.get(f"deploy/{created}").json()["result"] == told


def test_what_has_ended_is_not_changed(ops: Caller) -> None:
    """Neither is what never was."""
    created = deploy_id(ops.call("POST", "deploy", "post_server_item", json=TOLD))

    answer = ops.call("PATCH", f"deploy/{created}", "post_server_item", json={"status": "failed"})
    assert (answer.status_code, answer.json()["message"]) == (
        409,
        "The deploy can not be updated because its status is not started.",
    )
    missing = ops.call("PATCH", "deploy/99", "post_server_item", json={"status": "failed"})
    assert (missing.status_code, missing.json()["message"]) == (404, "not found")
    assert ops.get("deploy/99").status_code == 404


def test_the_end_needs_a_status(ops: Caller) -> None:
    """Without one nothing is changed."""
    created = deploy_id(ops.call("POST", "deploy", "post_server_item", json={**TOLD, "status": "started"}))

    answer = ops.call("PATCH", f"deploy/{created}", "post_server_item", json={"comment": "oh"})

    assert (answer.status_code, answer.json()["message"]) == (422, "Missing 'status' key.")
    assert ops.get(f"deploy/{created}").json()["result"]["comment"] is None


def test_an_unfinished_deploy_times_out(ops: Caller, time: Time) -> None:
    """After an hour it has timed out, alone and in lists, and does not end any more."""
    created = deploy_id(ops.call("POST", "deploy", "post_server_item", json={**TOLD, "status": "started"}))
    time.now += 3599
    assert ops.get(f"deploy/{created}").json()["result"]["status"] == "started"
    time.now += 1

    told = ops.get(f"deploy/{created}").json()["result"]
    assert (told["status"], told["finish_time"]) == ("timed_out", 1_700_003_600)
    assert ops.get("deploys").json()["result"]["deploys"] == [told]
    ended = ops.call("PATCH", f"deploy/{created}", "post_server_item", json={"status": "succeeded"})
    assert ended.status_code == 409


def test_deploys_are_listed_by_pages_of_twenty(ops: Caller) -> None:
    """The newest first; an empty page marks the end."""
    for number in range(21):
        deploy_id(ops.call("POST", "deploy", "post_server_item", json={**TOLD, "revision": str(number)}))

    def revisions(query: str) -> list[str]:
        listed = ops.get(f"deploys{query}").json()["result"]
        return [each["revision"] for each in listed["deploys"]]

    assert revisions("") == [str(number) for number in range(20, 0, -1)]
    assert revisions("/?page=2") == ["0"]
    assert revisions("?page=3") == []
    assert revisions("?page=2&limit=2") == ["18", "17"]
