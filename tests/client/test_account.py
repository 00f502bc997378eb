"""Projects, access tokens, environments, users, teams and the deletion of persons."""

from __future__ import annotations

from dataclasses import replace
from datetime import timezone

import pytest

from rollbar_logging.client import (
    AccessDenied,
    ApiError,
    BadRequest,
    NotFound,
    RollbarClient,
    Unprocessable,
)
from rollbar_logging.client.people import People
from rollbar_logging.client.projects import AccessToken
from rollbar_logging.errors import RollbarError
from rollbar_logging.server import LocalServer
from tests.client.conftest import QUICK, post


def test_projects_are_made_and_deleted(account: RollbarClient) -> None:
    """A new project is in the list, until it is deleted."""
    (first,) = account.projects.list()
    made = account.projects.create("Shop")

    assert made.name == "Shop"
    assert made.created_at is not None
    assert made.created_at.tzinfo is timezone.utc
    assert {each.id for each in account.projects.list()} == {first.id, made.id}
    assert account.projects.get(made.id).name == "Shop"
    with pytest.raises(ApiError):
        account.projects.create("1 begins with a digit")
    account.projects.delete(made.id)
    with pytest.raises(NotFound):
        account.projects.get(made.id)


def test_a_projects_token_is_not_the_accounts(reader: RollbarClient) -> None:
    """Account calls are refused to it."""
    with pytest.raises(AccessDenied):
        reader.projects.list()


def test_an_accounts_token_reaches_a_project(server: LocalServer, account: RollbarClient) -> None:
    """With a project's id it reads that project's items; without one the API says what is missing."""
    post(server, "mine")
    (project,) = account.projects.list()

    with RollbarClient(
        server.tokens["account_write"], server.endpoint, project_id=project.id, patience=QUICK
    ) as client:
        (item,) = client.items.list()
        client.items.resolve(item.id)
        assert client.items.get(item.id).status == "resolved"
        assert [each.environment for each in client.environments.list()] == ["test"]
        (occurrence,) = client.occurrences.list(item_id=item.id)
        assert client.rql.run("SELECT count(*) FROM item_occurrence").rows[0][0] == 1
        client.occurrences.delete(occurrence.id)
        assert list(client.occurrences.list()) == []
    with pytest.raises(Unprocessable, match="project_id"):
        next(account.items.list())


def test_environments_are_listed(server: LocalServer, reader: RollbarClient) -> None:
    """More than a page holds of them, each once."""
    for number in range(25):
        post(server, environment=f"env-{number}")

    assert {each.environment for each in reader.environments.list()} == {f"env-{number}" for number in range(25)}


def test_a_token_is_made_limited_rotated_and_deleted(server: LocalServer, account: RollbarClient) -> None:
    """The text is shown once; the old token works until it is deleted, and the new one like it."""
    (project,) = account.projects.list()
    made = account.access_tokens.create(
        project.id, "reporter", ["read"], rate_limit_window_size=60, rate_limit_window_count=9
    )
    text = made.access_token

    assert text
    assert text not in repr(made)
    assert made.created_at is not None
    (listed,) = [each for each in account.access_tokens.list(project.id) if each.name == "reporter"]
    assert (listed.rate_limit_window_size, listed.rate_limit_window_count) == (60, 9)
    account.access_tokens.set_rate_limit(project.id, listed, window_size=300, window_count=7)
    (listed,) = [each for each in account.access_tokens.list(project.id) if each.name == "reporter"]
    assert (listed.rate_limit_window_size, listed.rate_limit_window_count) == (300, 7)

    new = account.access_tokens.rotate(project.id, listed)
    assert (new.name, list(new.scopes), new.rate_limit_window_size) == ("reporter", ["read"], 300)
    assert new.access_token != text
    for each in (text, new.access_token):
        with RollbarClient(str(each), server.endpoint, patience=QUICK) as client:
            assert list(client.items.list()) == []
    assert listed.public_id is not None
    account.access_tokens.delete(project.id, listed.public_id)
    with RollbarClient(text, server.endpoint, patience=QUICK) as client, pytest.raises(AccessDenied):
        next(client.items.list())
    with pytest.raises(ValueError, match="no access token"):
        account.access_tokens.rotate(project.id, "unknown")
    nameless = replace(new, access_token=None, public_id=None)
    for call in (account.access_tokens.rotate, account.access_tokens.delete):
        with pytest.raises(ValueError, match="neither a public id nor a text"):
            call(project.id, nameless)
    with pytest.raises(BadRequest):
        account.access_tokens.set_rate_limit(project.id, new, window_size=61, window_count=1)


def test_a_token_of_either_kind_is_made(account: RollbarClient) -> None:
    """The API knows several kinds; which is up to it, where nothing is said."""
    made = account.access_tokens.create(1, "long", ["read"], token_type="v2")

    assert made.token_type == "v2"


def test_a_token_of_old_is_named_by_its_text() -> None:
    """The API lists such tokens with their texts and without public ids."""
    from rollbar_logging.client.projects import _named  # noqa: PLC0415 - nothing on a server of today shows it

    assert _named(AccessToken(name="n", scopes=["read"], status="enabled", access_token="text")) == {
        "project_access_token": "text"
    }


def test_users_and_teams(account: RollbarClient) -> None:
    """A team takes users and projects in and lets them go."""
    (project,) = account.projects.list()
    user = account.users.list()[0]
    team = account.teams.create("Night shift", access_level="light")

    assert account.users.get(user.id) == user or account.users.get(user.id).username == user.username
    assert user.email is not None
    assert [each.id for each in account.users.list(email=user.email)] == [user.id]
    assert account.teams.get(team.id).access_level == "light"
    assert team.id in {each.id for each in account.teams.list()}

    assert not account.teams.has_user(team.id, user.id)
    account.teams.add_user(team.id, user.id)
    assert account.teams.has_user(team.id, user.id)
    assert list(account.teams.user_ids(team.id)) == [user.id]
    assert team.id in {each.id for each in account.users.teams(user.id)}
    account.teams.remove_user(team.id, user.id)
    assert list(account.teams.user_ids(team.id)) == []

    assert not account.teams.has_project(team.id, project.id)
    account.teams.add_project(team.id, project.id)
    assert list(account.teams.project_ids(team.id)) == [project.id]
    everybody = set(account.teams.of_project(project.id))
    assert team.id in everybody
    assert set(account.teams.of_project(project.id, with_builtin=False)) == {team.id}
    assert {team.id} < set(account.teams.of_project(project.id, with_owners=False)) < everybody
    account.teams.remove_project(team.id, project.id)
    assert not account.teams.has_project(team.id, project.id)

    invite = account.teams.invite(team.id, "new@example.org")
    assert (invite.to_email, invite.status) == ("new@example.org", "pending")
    assert [each.id for each in account.teams.invites(team.id)] == [invite.id]
    account.teams.cancel_invite(invite.id)
    assert account.teams.get_invite(invite.id).status == "canceled"
    account.teams.delete(team.id)
    with pytest.raises(NotFound):
        account.teams.get(team.id)


def test_what_is_known_of_a_person_is_deleted(
    server: LocalServer, account: RollbarClient, reader: RollbarClient
) -> None:
    """Their occurrences are gone when the job is done, others stay."""
    post(server, "of A", person={"id": "a", "email": "a@example.org"})
    post(server, "of B", person={"id": "b"})
    job = account.people.delete(id="a")

    assert account.people.wait(job, timeout=30) == "success"
    assert [each.data["person"]["id"] for each in reader.occurrences.list()] == ["b"]
    with pytest.raises(ValueError, match="one of id, username and email"):
        account.people.delete(id="a", email="b")
    with pytest.raises(ValueError, match="given: none"):
        account.people.delete()


def test_a_deletion_that_takes_too_long_is_told() -> None:
    """The wait ends."""

    class Never:
        def get(self, _path: str) -> dict[str, str]:
            return {"state": "running"}

    with pytest.raises(RollbarError, match="still running after 3 s"):
        People(Never(), sleep=lambda _seconds: None).wait(1, timeout=3)  # type: ignore[arg-type]
