"""Deploys."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from rollbar_logging.client.connection import Connection
from rollbar_logging.client.errors import ApiError
from rollbar_logging.client.paging import by_number
from rollbar_logging.client.results import Result, moment, part_of, values_of

_PER_PAGE = 20


@dataclass(frozen=True, kw_only=True)
class Deploy(Result):
    """One deploy. Timestamps are Unix seconds.

    Attributes:
        revision: SHA or version.
        status: ``started``, ``succeeded``, ``failed`` or ``timed_out``.
        finish_time: ``None`` while it has not ended.
    """

    id: int
    environment: str
    revision: str
    status: str
    project_id: int | None = None
    comment: str | None = None
    local_username: str | None = None
    user_id: int | None = None
    start_time: int | None = None
    finish_time: int | None = None

    @property
    def started_at(self) -> datetime | None:
        """When it began, in UTC."""
        return moment(self.start_time)

    @property
    def finished_at(self) -> datetime | None:
        """When it ended, in UTC."""
        return moment(self.finish_time)


class Deploys:
    """Calls for deploys. Reporting needs the scope ``post_server_item``, reading ``read``."""

    def __init__(self, connection: Connection, project_id: int | None) -> None:
        self._connection = connection
        self._project_id = project_id

    def report(
        self,
        environment: str,
        revision: str,
        *,
        status: str = "succeeded",
        comment: str | None = None,
        local_username: str | None = None,
        rollbar_username: str | None = None,
    ) -> int:
        """Report a deploy and return its id. Not repeated after a lost answer, which would make two of it.

        Args:
            environment: Where.
            revision: SHA or version.
            status: ``started``, ``succeeded``, ``failed`` or ``timed_out``.
            comment: For people.
            local_username: Who, when not a user of Rollbar.
            rollbar_username: Who.

        Raises:
            Unprocessable: Something is missing or wrong.
        """
        given = {
            "environment": environment,
            "revision": revision,
            "status": status,
            "comment": comment,
            "local_username": local_username,
            "rollbar_username": rollbar_username,
            "project_id": self._project_id,
        }
        fields = {key: value for key, value in given.items() if value is not None}
        data = self._connection.call("POST", "deploy", json=fields, key="data")
        return int(part_of(data, "deploy_id"))

    def update(self, deploy_id: int, status: str, *, comment: str | None = None) -> None:
        """Change a deploy that has been started.

        Raises:
            Conflict: It has ended already; maybe by this call, when the answer to a first attempt was lost.
            NotFound: There is none of that id.
        """
        fields = {"status": status} if comment is None else {"status": status, "comment": comment}
        params = {"project_id": self._project_id}
        self._connection.call("PATCH", f"deploy/{deploy_id}", json=fields, params=params, is_repeatable=True)

    @contextmanager
    def track(
        self, environment: str, revision: str, *, comment: str | None = None, local_username: str | None = None
    ) -> Iterator[int]:
        """Report a deploy as started, and as succeeded or failed when the block is left; gives its id.

        The block's own error goes on in any case. Where the end cannot be reported after such an error, that is
        noted on it (`add_note`, Python 3.11); otherwise it is raised.
        """
        deploy_id = self.report(environment, revision, status="started", comment=comment, local_username=local_username)
        try:
            yield deploy_id
        except BaseException as error:
            try:
                self.update(deploy_id, "failed")
            except ApiError as failure:
                if hasattr(error, "add_note"):
                    error.add_note(f"deploy {deploy_id} could not be reported as failed: {failure}")
            raise
        self.update(deploy_id, "succeeded")

    def get(self, deploy_id: int) -> Deploy:
        """Return one deploy.

        Raises:
            NotFound: The project has none of that id.
        """
        return Deploy.from_json(self._connection.get(f"deploy/{deploy_id}", project_id=self._project_id))

    def list(self) -> Iterator[Deploy]:
        """Yield the project's deploys, the last first, fetching pages of 20 as they are asked for."""

        def page_of(number: int) -> tuple[Sequence[Deploy], int | None]:
            result = self._connection.get("deploys", page=number, limit=_PER_PAGE, project_id=self._project_id)
            return values_of(Deploy, result, "deploys"), None

        return by_number(page_of, key=lambda deploy: deploy.id)
