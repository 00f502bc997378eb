"""The Rollbar API as typed calls: `RollbarClient`."""

from __future__ import annotations

from types import TracebackType

from rollbar_logging.client.connection import DEFAULT_ENDPOINT, Connection, Patience
from rollbar_logging.client.deploys import Deploy, Deploys
from rollbar_logging.client.errors import (
    AccessDenied,
    ApiError,
    BadRequest,
    Conflict,
    NotFound,
    RateLimited,
    ServerError,
    TooLarge,
    Unprocessable,
    Unreachable,
)
from rollbar_logging.client.items import Item, Items
from rollbar_logging.client.notifications import Notifications, Rule
from rollbar_logging.client.occurrences import Occurrence, Occurrences
from rollbar_logging.client.people import Invite, People, Team, Teams, User, Users
from rollbar_logging.client.projects import AccessToken, AccessTokens, Environment, Environments, Project, Projects
from rollbar_logging.client.results import Result, UnexpectedAnswer
from rollbar_logging.client.rql import Rql, RqlError, RqlJob, RqlResult, RqlTimeout
from rollbar_logging.client.statistics import Count, Metrics, Reports, TopItem, Version, Versions
from rollbar_logging.client.uploads import SourceMaps

__all__ = [
    "AccessDenied",
    "AccessToken",
    "ApiError",
    "BadRequest",
    "Conflict",
    "Count",
    "Deploy",
    "Environment",
    "Invite",
    "Item",
    "NotFound",
    "Occurrence",
    "Patience",
    "Project",
    "RateLimited",
    "Result",
    "RollbarClient",
    "RqlError",
    "RqlJob",
    "RqlResult",
    "RqlTimeout",
    "Rule",
    "ServerError",
    "Team",
    "TooLarge",
    "TopItem",
    "UnexpectedAnswer",
    "Unprocessable",
    "Unreachable",
    "User",
    "Version",
]


class RollbarClient:
    """Calls of the Rollbar API with one access token.

    A project's token reaches the calls of its scopes. The account's token reaches the account's calls, and with
    *project_id* also those of that project. Not for several threads at once: give each its own.

    Args:
        access_token: A project's or the account's.
        endpoint: The API's base.
        project_id: The project, for an account's token.
        patience: How long to wait, and how often to try again.

    Raises:
        RollbarError: The access token has signs that none can have.

    Attributes:
        items: Items.
        occurrences: Occurrences.
        deploys: Deploys.
        rql: Queries.
        environments: The project's environments.
        versions: Versions of the code.
        reports: Figures of the dashboard.
        metrics: Metrics.
        notifications: Rules of whom to tell.
        source_maps: Source maps.
        projects: The account's projects.
        access_tokens: Tokens of the account's projects.
        users: The account's users.
        teams: The account's teams.
        people: Deletion of persons.
    """

    def __init__(
        self,
        access_token: str,
        endpoint: str = DEFAULT_ENDPOINT,
        *,
        project_id: int | None = None,
        patience: Patience | None = None,
    ) -> None:
        self._connection = Connection(access_token, endpoint, patience or Patience())
        self.items = Items(self._connection, project_id)
        self.occurrences = Occurrences(self._connection, project_id)
        self.deploys = Deploys(self._connection, project_id)
        self.rql = Rql(self._connection, project_id)
        self.environments = Environments(self._connection, project_id)
        self.versions = Versions(self._connection, project_id)
        self.reports = Reports(self._connection, project_id)
        self.metrics = Metrics(self._connection, project_id)
        self.notifications = Notifications(self._connection, project_id)
        self.source_maps = SourceMaps(self._connection)
        self.projects = Projects(self._connection)
        self.access_tokens = AccessTokens(self._connection)
        self.users = Users(self._connection)
        self.teams = Teams(self._connection)
        self.people = People(self._connection)

    def __repr__(self) -> str:
        return f"RollbarClient({self._connection!r})"

    def __enter__(self) -> RollbarClient:  # noqa: PYI034 - typing.Self came with Python 3.11
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._connection.close()

    def ping(self) -> str:
        """Ask whether the API is there; it answers ``pong``. Needs no valid token.

        Raises:
            Unreachable: It is not.
            ApiError: Something else answers there.
        """
        return self._connection.ping()
