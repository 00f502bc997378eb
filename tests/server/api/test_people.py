"""Users, teams and invites."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rollbar_logging.errors import RollbarError
from rollbar_logging.server import LocalServer
from tests.server.conftest import Caller, item


@pytest.fixture
def people() -> Iterator[Caller]:
    """A caller of a server with one user besides its owner."""
    with LocalServer(users={"ada": "Ada@Example.com"}) as server:
        caller = Caller(server)
        with caller.session:
            yield caller


def read(caller: Caller, path: str) -> Any:
    """Return what the account may read there."""
    answer = caller.call("GET", path, "account_read")
    assert (answer.status_code, answer.json()["err"]) == (200, 0), answer.text
    return answer.json()["result"]


def write(caller: Caller, method: str, path: str, **body: Any) -> Any:
    """Return the answer to a change of the account."""
    return caller.call(method, path, "account_write", json=body)


def refused(answer: Any) -> tuple[int, str]:
    """Return status and message of a refusal."""
    assert answer.json()["err"] == 1
    return answer.status_code, answer.json()["message"]


def ids_of_teams(caller: Caller) -> dict[str, int]:
    """Return the ids of all teams by name."""
    return {team["name"]: team["id"] for team in read(caller, "teams")}


def test_a_server_begins_with_an_owner(caller: Caller) -> None:
    """Who is in both of the built-in teams, and so looks after all projects."""
    assert read(caller, "users/") == {"users": [{"id": 1, "username": "owner", "email": "owner@localhost"}]}
    assert [team["name"] for team in read(caller, "user/1/teams")["teams"]] == ["Everyone", "Owners"]
    assert read(caller, "user/1/projects") == {
        "projects": [{"id": 1, "account_id": 1, "slug": "local", "status": "enabled"}]
    }


def test_users_are_found_by_address(people: Caller) -> None:
    """Upper and lower case are the same."""
    ada = {"id": 2, "username": "ada", "email": "ada@example.com"}

    assert read(people, "users?email=ADA@example.com") == {"users": [ada]}
    assert read(people, "users?email=bob@example.com") == {"users": []}
    assert read(people, "users?email=%00") == {"users": []}
    assert read(people, "user/2") == {**ada, "email_enabled": 1}
    assert [team["name"] for team in read(people, "user/2/teams")["teams"]] == ["Everyone"]
    for path in ("user/9", "user/9/teams", "user/9/projects"):
        assert refused(people.call("GET", path, "account_read")) == (404, "User not found for this account")


def test_users_stay_and_may_be_renamed(tmp_path: Path) -> None:
    """The address says who it is; no two have the same name."""
    database = tmp_path / "store.db"
    with LocalServer(database=database, users={"ada": "ada@example.com", "bob": "bob@example.com"}) as server:
        tokens = server.tokens
    with LocalServer(database=database, users={"countess": "Ada@example.com"}, tokens=tokens) as server:
        caller = Caller(server)
        with caller.session:
            assert [user["username"] for user in read(caller, "users")["users"]] == ["owner", "countess", "bob"]
    with pytest.raises(RollbarError, match=r"bob is that of bob@example\.com"):
        LocalServer(database=database, users={"bob": "ada@example.com"}).start()


def test_items_are_assigned_to_them(people: Caller) -> None:
    """And found by their names."""
    people.post(item("one"))
    people.post(item("other"))
    assert people.call("PATCH", "item/1", "write", json={"assigned_user_id": 2}).status_code == 200

    assert [each["id"] for each in people.get("items?assigned_user=ada").json()["result"]["items"]] == [1]


def test_the_built_in_teams_are_listed(people: Caller) -> None:
    """With the access levels that no other team has."""
    teams = read(people, "teams/")

    assert [(team["name"], team["access_level"], team["account_id"]) for team in teams] == [
        ("Everyone", "everyone", 1),
        ("Owners", "owner", 1),
    ]


def test_a_team_is_made_filled_and_deleted(people: Caller) -> None:
    """Members and projects come and go; who is assigned to it is nobody's afterwards."""
    made = write(people, "POST", "teams", name="Night shift", access_level="light").json()["result"]
    team = made["id"]
    assert made == {"id": team, "account_id": 1, "name": "Night shift", "access_level": "light"}
    assert read(people, f"team/{team}") == made
    member, project = {"team_id": team, "user_id": 2}, {"team_id": team, "project_id": 1}
    for path, value, missing in (
        (f"team/{team}/user/2", member, "User is not on this Team."),
        (f"team/{team}/project/1", project, "Project is not in this Team."),
    ):
        assert refused(people.call("GET", path, "account_read")) == (404, missing)
        assert refused(write(people, "DELETE", path)) == (404, missing)
        for _ in range(2):
            assert write(people, "PUT", f"{path}/").json() == {"err": 0, "result": value}
        assert read(people, path) == value
    assert read(people, f"team/{team}/users") == [member]
    assert read(people, f"team/{team}/projects") == [project]
    assert read(people, f"team/{team}/users?page=2") == []
    assert "Night shift" in [each["name"] for each in read(people, "user/2/teams")["teams"]]
    for path in (f"team/{team}/user/2", f"team/{team}/project/1"):
        assert write(people, "DELETE", path).json() == {"err": 0}
    assert (read(people, f"team/{team}/users"), read(people, f"team/{team}/projects")) == ([], [])
    people.post(item("one"))
    assert people.call("PATCH", "item/1", "write", json={"assigned_team_id": team}).status_code == 200

    assert write(people, "DELETE", f"team/{team}").json() == {"err": 0}

    assert refused(people.call("GET", f"team/{team}", "account_read")) == (404, "Team not found for this account")
    assert people.get("item/1").json()["result"]["assigned_team_id"] is None


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ({}, "name is missing"),
        ({"name": "x" * 33}, "name should be string of at most 32"),
        ({"name": "a", "access_level": "owner"}, "access_level should be one of standard, light, view"),
        ({"name": "a", "access_level": []}, "access_level should be string"),
        ({"name": "owners"}, "Team with this name already exists."),
    ],
)
def test_teams_that_cannot_be(shared_caller: Caller, body: dict[str, Any], complaint: str) -> None:
    """Are refused, and none is made."""
    status, message = refused(write(shared_caller, "POST", "teams", **body))

    assert status == 422
    assert complaint in message
    assert len(read(shared_caller, "teams")) == 2


def test_a_name_is_given_once_in_any_script(people: Caller) -> None:
    """Upper and lower case are the same, whatever the database thinks of letters."""
    assert write(people, "POST", "teams", name="Équipe").status_code == 200
    for name in ("Équipe", "équipe"):
        assert refused(write(people, "POST", "teams", name=name)) == (422, "Team with this name already exists.")


def test_built_in_teams_stay_whole(people: Caller) -> None:
    """Everyone is in 'Everyone', someone is in 'Owners', and neither can be deleted."""
    teams = ids_of_teams(people)
    everyone, owners = teams["Everyone"], teams["Owners"]
    for path in (
        f"team/{everyone}",
        f"team/{owners}",
        f"team/{everyone}/user/2",
        f"team/{owners}/user/1",
        f"team/{owners}/project/1",
    ):
        assert write(people, "DELETE", path).status_code == 422
    assert write(people, "PUT", f"team/{owners}/user/2").status_code == 200
    assert write(people, "DELETE", f"team/{owners}/user/1").status_code == 200
    assert write(people, "DELETE", f"team/{everyone}/project/1").status_code == 200


def test_what_is_not_there_joins_no_team(people: Caller) -> None:
    """Each has its own words."""
    team = ids_of_teams(people)["Everyone"]
    for path, message in (
        (f"team/{team}/user/9", "User not found for this account"),
        (f"team/{team}/project/9", "Project not found in this account."),
        ("team/9/user/1", "Team not found for this account"),
        ("team/9/project/1", "Team not found for this account"),
    ):
        assert refused(write(people, "PUT", path)) == (404, message)
    for path in ("team/9/users", "team/9/projects", "team/9/invites", "team/9/user/1", "team/9/project/1"):
        assert refused(people.call("GET", path, "account_read")) == (404, "Team not found for this account")


def test_an_invite_waits_for_its_user(tmp_path: Path) -> None:
    """Who becomes a user later on is in the team then."""
    database = tmp_path / "store.db"
    with LocalServer(database=database, unix_clock=lambda: 1_700_000_000.0) as server:
        tokens = server.tokens
        caller = Caller(server)
        with caller.session:
            team = write(caller, "POST", "teams", name="Night shift").json()["result"]["id"]
            invite = write(caller, "POST", f"team/{team}/invites", email="Bob@example.com").json()["result"]
            assert invite == {
                "id": 1,
                "from_user_id": 1,
                "team_id": team,
                "to_email": "bob@example.com",
                "status": "pending",
                "date_created": 1_700_000_000,
                "date_redeemed": None,
            }
            again = write(caller, "POST", f"team/{team}/invites/", email="bob@example.com").json()["result"]
            assert (again, read(caller, f"team/{team}/invites"), read(caller, "invite/1")) == (invite, [invite], invite)
            assert len(read(caller, "users")["users"]) == 1
    users = {"bob": "bob@example.com"}
    with LocalServer(database=database, tokens=tokens, users=users, unix_clock=lambda: 1_700_000_009.0) as server:
        caller = Caller(server)
        with caller.session:
            told = read(caller, "invite/1")
            assert (told["status"], told["date_redeemed"]) == ("accepted", 1_700_000_009)
            assert read(caller, f"team/{team}/users") == [{"team_id": team, "user_id": 2}]


def test_a_user_is_in_the_team_at_once(people: Caller) -> None:
    """There is nobody to ask, and no mail to wait for."""
    team = write(people, "POST", "teams", name="Night shift").json()["result"]["id"]

    invite = write(people, "POST", f"team/{team}/invites", email="ada@example.com").json()["result"]

    assert invite["status"] == "accepted"
    assert read(people, f"team/{team}/user/2") == {"team_id": team, "user_id": 2}


def test_an_invite_is_canceled_once(people: Caller) -> None:
    """It is kept, as canceled; the next one is a new one."""
    path = f"team/{ids_of_teams(people)['Everyone']}/invites"
    first = write(people, "POST", path, email="bob@example.com").json()["result"]["id"]
    assert write(people, "DELETE", f"invite/{first}").json() == {"err": 0}
    assert read(people, f"invite/{first}")["status"] == "canceled"
    assert write(people, "DELETE", f"invite/{first}").status_code == 422
    assert write(people, "POST", path, email="bob@example.com").json()["result"]["id"] == first + 1
    assert write(people, "DELETE", "invite/99").status_code == 404


@pytest.mark.parametrize("email", [None, "", "bob", "@", "a b@c", ["bob@example.com"], "x" * 250 + "@a.example"])
def test_an_invite_needs_an_address(shared_caller: Caller, email: Any) -> None:
    """Nothing else is invited."""
    path = f"team/{ids_of_teams(shared_caller)['Everyone']}/invites"
    assert write(shared_caller, "POST", path, email=email).status_code == 422
    assert read(shared_caller, path) == []
