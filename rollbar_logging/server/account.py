"""What an account has beside items, as plain values; their names are those of the API's objects."""

from __future__ import annotations

from typing import NamedTuple

ACCOUNT_ID = 1
"""A server has one account."""

OWNERS = "owner"
EVERYONE = "everyone"
"""Access levels of the two teams that are built in; no other team has them."""

ACCESS_LEVELS = ("standard", "light", "view")
"""Of all other teams."""

DEPLOY_STATUSES = ("started", "succeeded", "failed", "timed_out")
DEPLOY_TIMEOUT = 3600
"""Seconds after which a deploy that is still ``started`` counts as ``timed_out``."""


class Project(NamedTuple):
    """One project; times are Unix seconds."""

    id: int
    name: str
    status: str
    date_created: int
    date_modified: int


class User(NamedTuple):
    """Someone to whom items can be assigned. No user can log in: there is nothing to log in to."""

    id: int
    username: str
    email: str
    email_enabled: bool


class Team(NamedTuple):
    """Users who look after projects together."""

    id: int
    name: str
    access_level: str

    @property
    def is_built_in(self) -> bool:
        """Whether it is 'Owners' or 'Everyone'."""
        return self.access_level in {OWNERS, EVERYONE}


class Invite(NamedTuple):
    """An address that is asked into a team; times are Unix seconds."""

    id: int
    from_user_id: int | None
    team_id: int
    to_email: str
    status: str
    date_created: int
    date_redeemed: int | None


class Deploy(NamedTuple):
    """A version of the application that went live, or was about to; times are Unix seconds."""

    id: int
    project_id: int
    environment: str
    revision: str
    status: str
    comment: str | None
    local_username: str | None
    user_id: int | None
    start_time: int
    finish_time: int | None


def as_of(deploy: Deploy, now: float) -> Deploy:
    """Return the deploy as it is at that Unix time: one that never ended has timed out by then."""
    ends_at = deploy.start_time + DEPLOY_TIMEOUT
    if deploy.status != "started" or now < ends_at:
        return deploy
    return deploy._replace(status="timed_out", finish_time=ends_at)
