"""The deletion of a person's occurrences."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from rollbar_logging.server import LocalServer
from rollbar_logging.server.storage import removal
from rollbar_logging.server.storage.removal import add_people_job, find_people_job
from rollbar_logging.server.storage.tables import people_delete_jobs
from tests.server.conftest import Caller, item

ADA = {"id": "7", "username": "ada", "email": "ada@example.com"}
BOB = {"id": "8", "username": "bob", "email": "bob@example.com"}


def state_of(caller: Caller, job_id: int) -> str:
    """Return the job's state once it is at its end."""
    ends_at = time.monotonic() + 60
    while True:
        answer = caller.call("GET", f"people/delete_jobs/{job_id}", "account_read")
        assert answer.status_code == 200
        state: str = answer.json()["result"]["state"]
        assert state in {"new", "running", "success", "failed"}
        if state in {"success", "failed"}:
            return state
        assert time.monotonic() < ends_at
        time.sleep(0.01)


def people_left(caller: Caller, scope: str = "read") -> list[str | None]:
    """Return whose occurrences there are, the oldest first."""
    listed = caller.call("GET", "instances?limit=5000", scope).json()["result"]["instances"]
    return [each["data"].get("person", {}).get("username") for each in reversed(listed)]


@pytest.mark.parametrize(
    "named",
    [{"id": "7"}, {"id": 7}, {"person_id": "7"}, {"username": "ada"}, {"email": "ada@example.com", "username": None}],
)
def test_all_of_one_person_go(caller: Caller, named: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """In every project, however they are named, over several steps; those of others stay, and so do the items."""
    monkeypatch.setattr(removal, "_STEP", 2)
    for person in (ADA, BOB, ADA, None, None, ADA, ADA, ADA):
        assert caller.post(item("m", **({"person": person} if person else {}))).status_code == 200
    project = caller.call("POST", "projects", "account_write", json={"name": "other"}).json()["result"]
    texts = {token["name"]: token["access_token"] for token in project["access_tokens"]}
    url, headers = f"{caller.server.endpoint}item/", {"X-Rollbar-Access-Token": texts["post_server_item"]}
    assert caller.session.post(url, json=item("m", person=ADA), headers=headers, timeout=30).status_code == 200

    answer = caller.call("POST", "people/delete_jobs/", "account_write", json=named)

    assert (answer.status_code, answer.json()) == (200, {"err": 0, "result": {"id": 1}})
    assert state_of(caller, 1) == "success"
    assert people_left(caller) == ["bob", None, None]
    in_other = caller.call("GET", f"instances?project_id={project['id']}", "account_read").json()["result"]["instances"]
    assert in_other == []
    assert caller.get("items").json()["result"]["total_count"] == 1


def test_a_long_id_names_whom_it_came_with(caller: Caller) -> None:
    """Of an id, occurrences keep 40 characters; the whole one still leads to them."""
    for last in "ab":
        caller.post(item("m", person={"id": "7" * 39 + last * 9, "username": last}))
    named = {"id": "7" * 39 + "a" * 9}
    job = caller.call("POST", "people/delete_jobs", "account_write", json=named).json()["result"]["id"]

    assert state_of(caller, job) == "success"
    assert people_left(caller) == ["b"]


def test_no_name_is_kept(caller: Caller) -> None:
    """When it is done, the job does not say any more whom it was about."""
    caller.post(item("m", person=ADA))
    caller.call("POST", "people/delete_jobs", "account_write", json={"email": ADA["email"]})
    state_of(caller, 1)

    database = caller.server._up._database
    assert database.ask(lambda found: found.scalars(select(people_delete_jobs.c.person)).all()).result() == [""]


def test_what_arrives_later_stays(caller: Caller) -> None:
    """A job is about what was there."""
    caller.call("POST", "people/delete_jobs", "account_write", json={"id": "7"})
    assert state_of(caller, 1) == "success"
    caller.post(item("m", person=ADA))

    assert people_left(caller) == ["ada"]


@pytest.mark.parametrize(
    "body", [{}, {"id": "1", "email": "a@b"}, {"email": ""}, {"email": 5}, {"id": ["7"]}, {"id": True}, {"id": {}}]
)
def test_a_person_is_named_in_one_way(shared_caller: Caller, body: dict[str, Any]) -> None:
    """Everything else is refused."""
    answer = shared_caller.call("POST", "people/delete_jobs", "account_write", json=body)

    assert (answer.status_code, answer.json()["err"]) == (422, 1)


def test_an_unknown_job(shared_caller: Caller) -> None:
    """Is not found."""
    assert shared_caller.call("GET", "people/delete_jobs/9", "account_read").status_code == 404


def test_a_job_goes_on_after_a_restart(tmp_path: Path) -> None:
    """What a stop interrupts is finished by the next start."""
    database = tmp_path / "store.db"
    with LocalServer(database=database) as server:
        tokens = server.tokens
        caller = Caller(server)
        with caller.session:
            caller.post(item("m", person=ADA))
        server._up._database.change(lambda connection: add_people_job(connection, "id", "7", 1.0)).result()

    with LocalServer(database=database, tokens=tokens) as server:
        caller = Caller(server)
        with caller.session:
            assert (state_of(caller, 1), people_left(caller)) == ("success", [])


def test_a_job_that_fails_says_so(caller: Caller, monkeypatch: pytest.MonkeyPatch, caplog: Any) -> None:
    """And is told of in the server's log."""
    monkeypatch.setattr(removal, "PERSON_COLUMNS", {"id": "no_such_column"})
    caller.call("POST", "people/delete_jobs", "account_write", json={"id": "7"})

    assert state_of(caller, 1) == "failed"
    assert "a deletion could not be finished" in caplog.text


def test_a_stop_in_the_middle_leaves_no_thread_waiting() -> None:
    """The server ends while deletions are under way; the job is where it was."""
    with LocalServer() as server:
        caller = Caller(server)
        with caller.session:
            for number in range(20):
                caller.call("POST", "people/delete_jobs", "account_write", json={"id": str(number)})
            found = server._up._database.ask(lambda connection: find_people_job(connection, 20)).result()
            assert found is not None
