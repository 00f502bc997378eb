"""Projects, their environments and their access tokens."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from rollbar_logging.client.connection import Connection
from rollbar_logging.client.paging import by_number
from rollbar_logging.client.results import Result, moment, values_of


@dataclass(frozen=True, kw_only=True)
class Environment(Result):
    """An environment of a project."""

    id: int
    environment: str
    project_id: int | None = None
    visible: bool | None = None


@dataclass(frozen=True, kw_only=True)
class Project(Result):
    """A project. Timestamps are Unix seconds."""

    id: int
    name: str
    account_id: int | None = None
    status: str | None = None
    date_created: int | None = None
    date_modified: int | None = None

    @property
    def created_at(self) -> datetime | None:
        """When it was made, in UTC."""
        return moment(self.date_created)

    @property
    def modified_at(self) -> datetime | None:
        """When it was last changed, in UTC."""
        return moment(self.date_modified)


@dataclass(frozen=True, kw_only=True)
class AccessToken(Result):
    """An access token of a project.

    Attributes:
        access_token: Its text; ``None`` where the API does not show it again.
        public_id: How it is named where its text is not to be shown.
        scopes: What it permits.
        rate_limit_window_size: Seconds; 0 or ``None``: no limit of its own.
        rate_limit_window_count: Calls in a window.
        cur_rate_limit_window_start: Unix seconds at which the running window began.
        cur_rate_limit_window_count: Calls in the running window.
        token_type: ``legacy``, ``v1`` or ``v2``, the longer kind.
    """

    name: str
    scopes: Sequence[str]
    status: str
    project_id: int | None = None
    access_token: str | None = field(default=None, repr=False)
    public_id: str | None = None
    rate_limit_window_size: int | None = None
    rate_limit_window_count: int | None = None
    cur_rate_limit_window_start: int | None = None
    cur_rate_limit_window_count: int | None = None
    date_created: int | None = None
    date_modified: int | None = None
    token_type: str | None = None

    @property
    def created_at(self) -> datetime | None:
        """When it was made, in UTC."""
        return moment(self.date_created)

    @property
    def modified_at(self) -> datetime | None:
        """When it was last changed, in UTC."""
        return moment(self.date_modified)

    @property
    def window_started_at(self) -> datetime | None:
        """When the running window of its rate limit began, in UTC."""
        return moment(self.cur_rate_limit_window_start)


class Environments:
    """Calls for environments. They need the scope ``read``."""

    def __init__(self, connection: Connection, project_id: int | None) -> None:
        self._connection = connection
        self._project_id = project_id

    def list(self) -> Iterator[Environment]:
        """Yield the project's environments."""

        def page_of(number: int) -> tuple[Sequence[Environment], int | None]:
            result = self._connection.get("environments", page=number, project_id=self._project_id)
            return values_of(Environment, result, "environments"), None

        return by_number(page_of, key=lambda environment: environment.id)


class Projects:
    """Calls for projects. They need the account's token: ``read``, and to create or delete ``write``."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def list(self) -> list[Project]:
        """Return the account's projects."""
        return values_of(Project, self._connection.get("projects"))

    def get(self, project_id: int) -> Project:
        """Return one project.

        Raises:
            NotFound: The account has none of that id.
        """
        return Project.from_json(self._connection.get(f"project/{project_id}"))

    def create(self, name: str, *, source_project_id: int | None = None) -> Project:
        """Make a project.

        Args:
            name: At most 32 characters, the first a letter.
            source_project_id: A project whose settings are copied.

        Raises:
            Unprocessable: The name is taken or not allowed.
        """
        fields = {"name": name, "source_project_id": source_project_id}
        given = {key: value for key, value in fields.items() if value is not None}
        return Project.from_json(self._connection.call("POST", "projects", json=given))

    def delete(self, project_id: int) -> None:
        """Delete a project and all that is in it.

        Raises:
            NotFound: The account has none of that id.
        """
        self._connection.call("DELETE", f"project/{project_id}")


class AccessTokens:
    """Calls for a project's access tokens. They need the account's token: ``read``, and to change ``write``."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def list(self, project_id: int) -> list[AccessToken]:
        """Return the project's tokens."""
        return values_of(AccessToken, self._connection.get(f"project/{project_id}/access_tokens"))

    def create(
        self,
        project_id: int,
        name: str,
        scopes: Sequence[str],
        *,
        status: str = "enabled",
        rate_limit_window_size: int | None = None,
        rate_limit_window_count: int | None = None,
        token_type: str | None = None,
    ) -> AccessToken:
        """Make a token; its text is in what is returned, and may not be shown again.

        Args:
            project_id: The project.
            name: For people.
            scopes: Of ``post_server_item``, ``post_client_item``, ``read``, ``write``.
            status: ``enabled`` or ``disabled``.
            rate_limit_window_size: Seconds: 0 (no limit), 60, 300, 1800, 3600, 86400, 604800 or 2592000.
            rate_limit_window_count: Calls in a window.
            token_type: ``v1`` or ``v2``, the longer kind; by default, what the API chooses.

        Raises:
            BadRequest: A value is not one of those that the API takes.
        """
        fields = {
            "name": name,
            "scopes": list(scopes),
            "status": status,
            "rate_limit_window_size": rate_limit_window_size,
            "rate_limit_window_count": rate_limit_window_count,
            "token_type": token_type,
        }
        given = {key: value for key, value in fields.items() if value is not None}
        return AccessToken.from_json(self._connection.call("POST", f"project/{project_id}/access_tokens", json=given))

    def set_rate_limit(self, project_id: int, token: AccessToken | str, *, window_size: int, window_count: int) -> None:
        """Change a token's rate limit; a size of 0 takes it away.

        Args:
            project_id: The project.
            token: The token as `list` gives it, or its ``public_id``.
            window_size: Seconds, as in `create`.
            window_count: Calls in a window.

        Raises:
            BadRequest: A value is not one of those that the API takes.
            ValueError: The token has neither a public id nor a text that the API would know it by.
        """
        fields = {"rate_limit_window_size": window_size, "rate_limit_window_count": window_count}
        self._connection.call("PATCH", _path(project_id), json={**fields, **_named(token)}, is_repeatable=True)

    def delete(self, project_id: int, token: AccessToken | str) -> None:
        """Delete a token: whoever uses it is refused from now on.

        Args:
            project_id: The project.
            token: The token as `list` gives it, or its ``public_id``.

        Raises:
            ValueError: The token has neither a public id nor a text that the API would know it by.
        """
        self._connection.call("DELETE", _path(project_id), json=_named(token))

    def rotate(self, project_id: int, token: AccessToken | str) -> AccessToken:
        """Make a token like the one given, and return it; delete the old one when all use the new one.

        Args:
            project_id: The project.
            token: The old token as `list` gives it, or its ``public_id``.

        Raises:
            ValueError: The project has no such token, or it has neither a public id nor a text.
        """
        named = _named(token)
        old = next((each for each in self.list(project_id) if named.items() <= _names_of(each).items()), None)
        if old is None:
            raise ValueError(f"project {project_id} has no access token of that id")
        return self.create(
            project_id,
            old.name,
            old.scopes,
            status=old.status,
            rate_limit_window_size=old.rate_limit_window_size,
            rate_limit_window_count=old.rate_limit_window_count,
        )


def _path(project_id: int) -> str:
    return f"project/{project_id}/access_token"


def _names_of(token: AccessToken) -> dict[str, str | None]:
    return {"public_id": token.public_id, "project_access_token": token.access_token}


def _named(token: AccessToken | str) -> dict[str, str | None]:
    """Name a token in a body, where no log of a server on the way keeps it."""
    if isinstance(token, str):
        return {"public_id": token}
    if token.public_id:
        return {"public_id": token.public_id}
    if not token.access_token:
        raise ValueError(f"the access token called {token.name!r} has neither a public id nor a text to name it by")
    return {"project_access_token": token.access_token}  # a token of old, which the API lists with its text
