"""Users, teams, invites, and the deletion of what is known of a person."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rollbar_logging.client.connection import Connection
from rollbar_logging.client.errors import NotFound
from rollbar_logging.client.results import Result, list_of, moment, part_of, values_of
from rollbar_logging.errors import RollbarError

_PAUSE = 1.0
_UNDER_WAY = frozenset({"new", "running", "paused"})


@dataclass(frozen=True, kw_only=True)
class User(Result):
    """A user of the account."""

    id: int
    username: str
    email: str | None = None
    email_enabled: bool | None = None


@dataclass(frozen=True, kw_only=True)
class Team(Result):
    """A team of the account; ``access_level`` is ``standard``, ``light`` or ``view``."""

    id: int
    name: str
    account_id: int | None = None
    access_level: str | None = None


@dataclass(frozen=True, kw_only=True)
class Invite(Result):
    """An invitation to a team; ``status`` is ``pending``, ``accepted``, ``rejected`` or ``canceled``."""

    id: int
    team_id: int
    to_email: str
    status: str
    from_user_id: int | None = None
    date_created: int | None = None
    date_redeemed: int | None = None

    @property
    def created_at(self) -> datetime | None:
        """When it was sent, in UTC."""
        return moment(self.date_created)

    @property
    def redeemed_at(self) -> datetime | None:
        """When it was accepted, in UTC."""
        return moment(self.date_redeemed)


class Users:
    """Calls for users. They need the account's token with the scope ``read``."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def list(self, *, email: str | None = None) -> list[User]:
        """Return the users, or the one of that address."""
        return values_of(User, self._connection.get("users", email=email), "users")

    def get(self, user_id: int) -> User:
        """Return one user.

        Raises:
            NotFound: The account has none of that id.
        """
        return User.from_json(self._connection.get(f"user/{user_id}"))

    def teams(self, user_id: int) -> Sequence[Team]:
        """Return the teams that a user is in."""
        return values_of(Team, self._connection.get(f"user/{user_id}/teams"), "teams")

    def projects(self, user_id: int) -> Sequence[Result]:
        """Return the projects that a user may see; their fields are in ``raw``."""
        return values_of(Result, self._connection.get(f"user/{user_id}/projects"), "projects")


class Teams:
    """Calls for teams. They need the account's token: ``read``, and to change ``write``."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def list(self) -> list[Team]:
        """Return the teams."""
        return values_of(Team, self._connection.get("teams"))

    def get(self, team_id: int) -> Team:
        """Return one team.

        Raises:
            NotFound: The account has none of that id.
        """
        return Team.from_json(self._connection.get(f"team/{team_id}"))

    def create(self, name: str, *, access_level: str = "standard") -> Team:
        """Make a team; *name* has at most 32 characters."""
        fields = {"name": name, "access_level": access_level}
        return Team.from_json(self._connection.call("POST", "teams", json=fields))

    def delete(self, team_id: int) -> None:
        """Delete a team."""
        self._connection.call("DELETE", f"team/{team_id}")

    def user_ids(self, team_id: int) -> Sequence[int]:
        """Return the ids of the users in a team."""
        users = _listed(self._connection.get(f"team/{team_id}/users"), "users")
        return [int(part_of(each, "user_id" if "user_id" in each else "id")) for each in users]

    def has_user(self, team_id: int, user_id: int) -> bool:
        """Whether a user is in a team."""
        return self._has(f"team/{team_id}/user/{user_id}")

    def add_user(self, team_id: int, user_id: int) -> None:
        """Take a user into a team."""
        self._connection.call("PUT", f"team/{team_id}/user/{user_id}")

    def remove_user(self, team_id: int, user_id: int) -> None:
        """Take a user out of a team."""
        self._connection.call("DELETE", f"team/{team_id}/user/{user_id}", is_repeatable=True)

    def project_ids(self, team_id: int) -> Sequence[int]:
        """Return the ids of the projects that a team may see."""
        projects = _listed(self._connection.get(f"team/{team_id}/projects"), "projects")
        return [int(part_of(each, "project_id")) for each in projects]

    def of_project(self, project_id: int, *, with_owners: bool = True, with_builtin: bool = True) -> Sequence[int]:
        """Return the ids of the teams that may see a project.

        Args:
            project_id: It.
            with_owners: With the team of the account's owners.
            with_builtin: With the teams that every account has, the owners' among them.
        """
        left_out = {"exclude_owners_team": not with_owners, "exclude_builtin_teams": not with_builtin}
        params = {name: 1 for name, is_left_out in left_out.items() if is_left_out}
        teams = list_of(self._connection.get(f"project/{project_id}/teams", **params))
        return [int(part_of(each, "team_id")) for each in teams]

    def has_project(self, team_id: int, project_id: int) -> bool:
        """Whether a team may see a project."""
        return self._has(f"team/{team_id}/project/{project_id}")

    def add_project(self, team_id: int, project_id: int) -> None:
        """Let a team see a project."""
        self._connection.call("PUT", f"team/{team_id}/project/{project_id}")

    def remove_project(self, team_id: int, project_id: int) -> None:
        """Let a team see a project no more."""
        self._connection.call("DELETE", f"team/{team_id}/project/{project_id}", is_repeatable=True)

    def invites(self, team_id: int) -> Sequence[Invite]:
        """Return the invitations to a team."""
        return values_of(Invite, self._connection.get(f"team/{team_id}/invites"))

    def invite(self, team_id: int, email: str) -> Invite:
        """Invite somebody to a team."""
        answer = self._connection.call("POST", f"team/{team_id}/invites", json={"email": email})
        return Invite.from_json(answer)

    def get_invite(self, invite_id: int) -> Invite:
        """Return one invitation.

        Raises:
            NotFound: The account has none of that id.
        """
        return Invite.from_json(self._connection.get(f"invite/{invite_id}"))

    def cancel_invite(self, invite_id: int) -> None:
        """Take an invitation back."""
        self._connection.call("DELETE", f"invite/{invite_id}")

    def _has(self, path: str) -> bool:
        try:
            self._connection.get(path)
        except NotFound:
            return False
        return True


def _listed(answer: object, key: str) -> Sequence[Any]:
    """Return the list that is the answer, or a part of it: the API's documentation is not clear on it."""
    return list_of(answer, key if isinstance(answer, dict) else None)


class People:
    """Calls that delete what is known of a person. They need the account's token with the scope ``write``."""

    def __init__(self, connection: Connection, sleep: Callable[[float], None] = time.sleep) -> None:
        self._connection = connection
        self._sleep = sleep

    def delete(self, *, id: str | None = None, username: str | None = None, email: str | None = None) -> int:  # noqa: A002 - the API's name
        """Ask for the deletion of a person named in one of three ways; return the job's id.

        Raises:
            ValueError: Not exactly one is given.
        """
        given = {key: value for key, value in (("id", id), ("username", username), ("email", email)) if value}
        if len(given) != 1:
            raise ValueError(f"give one of id, username and email; given: {', '.join(given) or 'none'}")
        answer = self._connection.call("POST", "people/delete_jobs", json=given, is_repeatable=True)
        return int(part_of(answer, "id"))

    def state(self, job_id: int) -> str:
        """Return a job's state: ``new``, ``running``, ``paused``, ``success``, ``cancelled`` or ``failed``."""
        return str(part_of(self._connection.get(f"people/delete_jobs/{job_id}"), "state"))

    def wait(self, job_id: int, *, timeout: float = 600.0) -> str:
        """Wait until a job is done and return its state.

        Raises:
            RollbarError: It was not done within *timeout* seconds.
        """
        left = timeout
        while (state := self.state(job_id)) in _UNDER_WAY:
            if left <= 0:
                raise RollbarError(f"people delete job {job_id} is still {state} after {timeout:g} s")
            self._sleep(_PAUSE)
            left -= _PAUSE
        return state
