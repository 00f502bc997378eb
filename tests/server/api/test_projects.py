"""Projects: made with tokens, kept apart, deleted with all that they hold."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from rollbar_logging.server import LocalServer
from rollbar_logging.server.storage.projects import mark_deleted
from rollbar_logging.server.storage.tables import metadata, projects
from tests.server.conftest import Caller, error_item, item


def made(caller: Caller, name: str = "shop") -> dict[str, Any]:
    """Return a new project."""
    answer = caller.call("POST", "projects", "account_write", json={"name": name})
    assert answer.status_code == 200, answer.text
    project: dict[str, Any] = answer.json()["result"]
    return project


def texts_of(project: dict[str, Any]) -> dict[str, str]:
    """Return the texts of a new project's tokens by name."""
    return {token["name"]: token["access_token"] for token in project["access_tokens"]}


def call_with(caller: Caller, text: str, method: str, path: str, **more: Any) -> Any:
    """Call a path with the token of that text."""
    url = caller.server.endpoint + path
    return caller.session.request(method, url, headers={"X-Rollbar-Access-Token": text}, timeout=30, **more)


def rows_of(server: LocalServer, project_id: int) -> dict[str, int]:
    """Return how many rows each table has of a project, where it has any."""

    def count(connection: Any) -> dict[str, int]:
        found = {"projects": connection.scalar(select(func.count()).where(projects.c.id == project_id))}
        for table in metadata.tables.values():
            if "project_id" in table.c:
                query = select(func.count()).where(table.c.project_id == project_id)
                found[table.name] = connection.scalar(query)
        return {name: number for name, number in found.items() if number}

    return server._up._database.ask(count).result()


def eventually(is_so: Callable[[], bool]) -> None:
    """Wait until something that goes on in the background has come about."""
    ends_at = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < ends_at
        time.sleep(0.01)


def test_a_new_project_has_four_tokens(caller: Caller) -> None:
    """One for each scope; what they do is in their project alone."""
    project = made(caller)

    tokens = project.pop("access_tokens")
    now = project["date_created"]
    assert project == {
        "id": 2,
        "account_id": 1,
        "name": "shop",
        "status": "enabled",
        "settings_data": {},
        "date_created": now,
        "date_modified": now,
    }
    scopes = {token["name"]: token["scopes"] for token in tokens}
    assert scopes == {name: [name] for name in ("post_client_item", "post_server_item", "read", "write")}
    texts = {token["name"]: token["access_token"] for token in tokens}
    assert call_with(caller, texts["post_server_item"], "POST", "item/", json=item("of the shop")).status_code == 200
    assert [each["title"] for each in call_with(caller, texts["read"], "GET", "items").json()["result"]["items"]] == [
        "of the shop"
    ]
    assert caller.get("items").json()["result"]["items"] == []
    assert caller.call("GET", "project/2", "account_read").json()["result"] == project


def test_projects_are_listed_by_name(caller: Caller) -> None:
    """The first one, which every server has, among them."""
    for name in ("zoo", "Bar"):
        made(caller, name)

    found = caller.call("GET", "projects/", "account_read").json()["result"]
    assert [project["name"] for project in found] == ["Bar", "local", "zoo"]
    assert "access_token" not in str(found)


@pytest.mark.parametrize("name", ["a", "A.b, c_d-3", "x" * 32])
def test_names_that_are_taken(shared_caller: Caller, name: str) -> None:
    """A letter, and then what names are made of."""
    assert made(shared_caller, name)["name"] == name


@pytest.mark.parametrize("name", [None, "", "1a", "-", " a", "x" * 33, "a/b", "é", "a\n", "a\0", ["a"], 5])
def test_names_that_are_refused(shared_caller: Caller, name: Any) -> None:
    """Everything else."""
    answer = shared_caller.call("POST", "projects", "account_write", json={"name": name})

    assert (answer.status_code, answer.json()["err"]) == (422, 1)
    assert "name" in answer.json()["message"]


def test_a_name_is_given_once(caller: Caller) -> None:
    """Upper and lower case are the same."""
    made(caller, "shop")
    answer = caller.call("POST", "projects", "account_write", json={"name": "Shop"})

    assert (answer.status_code, answer.json()["message"]) == (422, "Project with this name already exists.")


def test_a_source_has_to_be_there(caller: Caller) -> None:
    """Its settings are copied, of which there are none; but it must not be anything."""
    body = {"name": "copy", "source_project_id": 9}
    assert caller.call("POST", "projects", "account_write", json=body).status_code == 404
    assert len(caller.call("GET", "projects", "account_read").json()["result"]) == 1
    assert caller.call("POST", "projects", "account_write", json={**body, "source_project_id": 1}).status_code == 200


def test_an_account_reads_and_writes_a_named_project(caller: Caller) -> None:
    """Also one whose own tokens are all gone."""
    project = made(caller)
    texts = texts_of(project)
    call_with(caller, texts["post_server_item"], "POST", "item/", json=item("of the shop"))
    for text in texts.values():
        caller.call("DELETE", f"project/2/access_token/{text}", "account_write")

    read = caller.call("GET", "items?project_id=2", "account_read").json()["result"]["items"]
    assert [each["title"] for each in read] == ["of the shop"]
    changed = caller.call(
        "PATCH", f"item/{read[0]['id']}", "account_write", json={"project_id": 2, "status": "resolved"}
    )
    assert changed.status_code == 200
    for unknown in ("9", "9" * 30, "9" * 5000):
        answer = caller.call("GET", f"items?project_id={unknown}", "account_read")
        assert (answer.status_code, answer.json()["message"]) == (404, "Project not found in this account.")


def test_an_account_lists_the_items_of_several_projects(caller: Caller) -> None:
    """By ``project_ids``, once for each; a project's token stays in its own, whatever is named beside it."""
    project = made(caller)
    text = texts_of(project)["post_server_item"]
    assert caller.post(item("mine")).status_code == 200
    assert call_with(caller, text, "POST", "item", json=item("theirs")).status_code == 200

    def listed(scope: str, *ids: object) -> Any:
        query = "&".join(f"project_ids={each}" for each in ids)
        return caller.call("GET", f"items?{query}", scope)

    both = listed("account_read", 1, project["id"], 1).json()["result"]
    assert [each["title"] for each in both["items"]] == ["theirs", "mine"]
    assert both["total_count"] == 2
    assert [each["title"] for each in listed("read", 1, project["id"]).json()["result"]["items"]] == ["mine"]
    assert [listed("account_read", *ids).status_code for ids in ((99, 1), (1, "x"), ("9" * 20, 1))] == [404, 422, 404]


def filled_project(caller: Caller) -> tuple[int, dict[str, str]]:
    """Return a project with something in every table that the API fills, and its tokens."""
    project = made(caller)
    texts = texts_of(project)
    for number in range(3):
        payload = error_item(f"number {number}", code_version="1.0", environment=f"e{number}")
        assert call_with(caller, texts["post_server_item"], "POST", "item/", json=payload).status_code == 200
    told = {"environment": "production", "revision": "1"}
    assert call_with(caller, texts["post_server_item"], "POST", "deploy", json=told).status_code == 200
    return project["id"], texts


def test_a_deleted_project_is_gone_with_everything(caller: Caller) -> None:
    """At once for those who ask, and soon from the database; its neighbour stays as it was."""
    caller.post(item("stays"))
    project_id, texts = filled_project(caller)
    stays = rows_of(caller.server, 1)
    assert {"items", "occurrences", "deploys", "hourly_counts", "version_counts", "environments"} <= set(
        rows_of(caller.server, project_id)
    )

    answer = caller.call("DELETE", f"project/{project_id}", "account_write")

    assert (answer.status_code, answer.json()) == (200, {"err": 0})
    for text in texts.values():
        assert call_with(caller, text, "GET", "items").status_code == 403
    assert caller.call("GET", f"project/{project_id}", "account_read").status_code == 404
    assert caller.call("DELETE", f"project/{project_id}", "account_write").status_code == 404
    assert caller.call("GET", f"items?project_id={project_id}", "account_read").status_code == 404
    eventually(lambda: rows_of(caller.server, project_id) == {})
    assert rows_of(caller.server, 1) == stays
    again = made(caller, "shop")
    assert again["id"] not in {1, project_id}


def test_a_deletion_goes_on_after_a_restart(tmp_path: Path) -> None:
    """What a stop interrupts is finished by the next start; the name is free before."""
    database = tmp_path / "store.db"
    with LocalServer(database=database) as server:
        caller = Caller(server)
        with caller.session:
            project_id, _ = filled_project(caller)
            server._up._database.change(lambda connection: mark_deleted(connection, project_id, 1.0)).result()
            assert "occurrences" in rows_of(server, project_id)
            again = made(caller, "shop")

    with LocalServer(database=database) as server:
        eventually(lambda: rows_of(server, project_id) == {})
        assert "projects" in rows_of(server, again["id"])


def test_the_first_project_stays(caller: Caller) -> None:
    """The server's own page and variables are about it."""
    answer = caller.call("DELETE", "project/1", "account_write")

    assert (answer.status_code, answer.json()["message"]) == (
        422,
        "The first project of this server can not be deleted.",
    )
    assert caller.get("items").status_code == 200


def test_the_teams_of_a_project(caller: Caller) -> None:
    """Those that are built in look after every new one."""
    teams = {team["name"]: team["id"] for team in caller.call("GET", "teams", "account_read").json()["result"]}

    def ids(query: str = "") -> list[int]:
        found = caller.call("GET", f"project/1/teams{query}", "account_read").json()["result"]
        assert all(team["project_id"] == 1 for team in found)
        return sorted(team["team_id"] for team in found)

    assert ids() == sorted([teams["Owners"], teams["Everyone"]])
    assert ids("?exclude_owners_team=true") == [teams["Everyone"]]
    assert ids("?exclude_builtin_teams=1") == []
    assert caller.call("GET", "project/1/teams?exclude_owners_team=x", "account_read").status_code == 422
    assert caller.call("GET", "project/9/teams", "account_read").status_code == 404


def test_environments_appear_with_their_occurrences(caller: Caller) -> None:
    """Twenty a page, in the order in which they appeared."""
    for number in range(21):
        caller.post(item("m", environment=f"e{number}"))

    def names(query: str) -> list[str]:
        listed = caller.get(f"environments{query}").json()["result"]
        return [each["environment"] for each in listed["environments"]]

    first = caller.get("environments").json()["result"]["environments"][0]
    assert (first["project_id"], first["environment"], first["visible"]) == (1, "e0", True)
    assert names("/") == [f"e{number}" for number in range(20)]
    assert names("?page=2") == ["e20"]
    assert names("?page=2&limit=3") == ["e3", "e4", "e5"]
