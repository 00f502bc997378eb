"""RQL: a query becomes a job, which is waited for."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rollbar_logging.client.connection import Connection
from rollbar_logging.client.errors import Unreachable
from rollbar_logging.client.paging import by_number
from rollbar_logging.client.results import Result, UnexpectedAnswer, moment, values_of
from rollbar_logging.errors import RollbarError

_FIRST_PAUSE, _LONGEST_PAUSE, _GROWTH = 0.1, 3.0, 1.5
_UNDER_WAY = frozenset({"new", "running"})
_LAST_LOOK = 5.0
"""Seconds that the last look at a job may take after the time that it was given."""
_CANCELLING = 5.0
"""Seconds that a job's cancelling may hold up an error."""

_logger = logging.getLogger("rollbar_logging")


class RqlError(RollbarError):
    """A query failed, was cancelled, or took too long.

    Attributes:
        job: The job's last state.
        errors: What the API said of it.
    """

    def __init__(self, job: RqlJob, errors: Sequence[str]) -> None:
        super().__init__(f"RQL job {job.id} {job.status}: {'; '.join(errors) or 'no reason was given'}")
        self.job = job
        self.errors = tuple(errors)

    def __reduce__(self) -> tuple[type[RqlError], tuple[object, ...]]:
        return type(self), (self.job, self.errors)


class RqlTimeout(RollbarError, TimeoutError):  # noqa: N818 - it is one already
    """A query was not done in the time that the caller gave it.

    Attributes:
        job: Its last state that is known; after `Rql.wait` it goes on, `Rql.run` has it cancelled.
    """

    def __init__(self, job: RqlJob, timeout: float) -> None:
        super().__init__(f"RQL job {job.id} was still {job.status} after {timeout:g} s")
        self.job = job
        self.timeout = timeout

    def __reduce__(self) -> tuple[type[RqlTimeout], tuple[object, ...]]:
        return type(self), (self.job, self.timeout)


@dataclass(frozen=True, kw_only=True)
class RqlJob(Result):
    """A query under way or done.

    Attributes:
        status: ``new``, ``running``, ``success``, ``failed``, ``cancelled`` or ``timed_out``.
    """

    id: int
    status: str
    query_string: str | None = None
    project_id: int | None = None
    job_hash: str | None = None
    date_created: int | None = None
    date_modified: int | None = None

    @property
    def created_at(self) -> datetime | None:
        """When it was submitted, in UTC."""
        return moment(self.date_created)

    @property
    def modified_at(self) -> datetime | None:
        """When its status last changed, in UTC."""
        return moment(self.date_modified)


@dataclass(frozen=True, kw_only=True)
class RqlResult(Result):
    """What a query found.

    Attributes:
        columns: Names, in the order of the values of a row.
        rows: Each a list of values.
        errors: What the API said.
        warnings: Likewise.
        execution_time: As the API says; its unit is not documented.
    """

    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]
    errors: Sequence[str] = ()
    warnings: Sequence[str] = ()
    execution_time: float | None = None

    @classmethod
    def of(cls, answer: Any) -> RqlResult:
        """Make it of the API's ``result``, whose rows may be lists or objects.

        Raises:
            UnexpectedAnswer: It is no result.
        """
        raw = answer.get("result", answer) if isinstance(answer, dict) else None
        if not isinstance(raw, dict) or "rows" not in raw:
            raise UnexpectedAnswer("the API answered with something that is no result of a query")
        columns = list(raw.get("selectionColumns") or raw.get("columns") or [])
        found = raw.get("rows") or []
        if not columns and found and isinstance(found[0], dict):
            columns = list(found[0])
        rows = [[row.get(name) for name in columns] if isinstance(row, dict) else list(row) for row in found]
        return cls(
            raw=raw,
            columns=columns,
            rows=rows,
            errors=_texts(raw.get("errors")),
            warnings=_texts(raw.get("warnings")),
            execution_time=raw.get("executionTime"),
        )

    def dicts(self) -> Iterator[dict[str, Any]]:
        """Yield each row by the names of its columns."""
        return (dict(zip(self.columns, row, strict=False)) for row in self.rows)

    def column(self, name: str) -> list[Any]:
        """Return one column's values; ``ValueError`` when there is none of that name."""
        index = list(self.columns).index(name)
        return [row[index] for row in self.rows]


def _texts(values: Any) -> list[str]:
    return [value if isinstance(value, str) else str(value) for value in values or ()]


class Rql:
    """Calls for RQL. They need the scope ``read``."""

    def __init__(
        self,
        connection: Connection,
        project_id: int | None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Keep what calls need.

        Args:
            connection: The way to the API.
            project_id: The project, for an account's token.
            sleep: Waits so many seconds.
            clock: Seconds that only go forward.
        """
        self._connection = connection
        self._project_id = project_id
        self._sleep = sleep
        self._clock = clock

    def run(self, query: str, *, timeout: float = 600.0, is_fresh: bool = False) -> RqlResult:
        """Submit a query, wait for it with growing pauses, and return what it found.

        When the wait ends early, by the timeout or by Ctrl+C, the job is cancelled, as an account may have only two at
        work; so it is for all who wait for the same query. Where that fails, the logger ``rollbar_logging`` says so.

        Args:
            query: In RQL.
            timeout: Seconds to wait for the job, as in `wait`.
            is_fresh: Whether the query is to run although the same one has run before.

        Raises:
            RqlError: The query failed.
            RqlTimeout: It was not done in time.
        """
        job = self.submit(query, is_fresh=is_fresh)
        try:
            job = self.wait(job, timeout=timeout)
        except RqlError:
            raise  # it has ended
        except BaseException:
            self._give_up(job)
            raise
        return self.result(job.id)

    def submit(self, query: str, *, is_fresh: bool = False) -> RqlJob:
        """Submit a query and return its job.

        Raises:
            Unprocessable: The API does not take it.
        """
        fields = {"query_string": query, "force_refresh": is_fresh}
        # Submitting twice gives the same job, unless a fresh run is asked for.
        answer = self._connection.call(
            "POST", "rql/jobs", json=fields, params=self._project, is_repeatable=not is_fresh
        )
        return RqlJob.from_json(answer)

    def wait(self, job: RqlJob, *, timeout: float = 600.0) -> RqlJob:
        """Wait until a job is done and return it; it is not cancelled when it is not.

        Args:
            job: As `submit` gave it.
            timeout: Seconds, those that the looks at the job take included; the last one may add 5.

        Raises:
            RqlError: It failed, was cancelled or timed out.
            RqlTimeout: It was not done in time.
        """
        deadline, pause = self._clock() + timeout, _FIRST_PAUSE
        while job.status in _UNDER_WAY:
            left = deadline - self._clock()
            if left <= 0:
                raise RqlTimeout(job, timeout)
            self._sleep(min(pause, left))
            pause = min(pause * _GROWTH, _LONGEST_PAUSE)
            try:
                job = self._job(job.id, self._connection.within(max(deadline - self._clock(), _LAST_LOOK)))
            except Unreachable as error:
                if self._clock() < deadline:
                    raise
                raise RqlTimeout(job, timeout) from error
        if job.status != "success":
            raise RqlError(job, self._errors_of(job))
        return job

    def job(self, job_id: int) -> RqlJob:
        """Return a job as it is now.

        Raises:
            NotFound: There is none of that id.
        """
        return self._job(job_id, self._connection)

    def _job(self, job_id: int, connection: Connection) -> RqlJob:
        return RqlJob.from_json(connection.get(f"rql/job/{job_id}", **self._project))

    def result(self, job_id: int) -> RqlResult:
        """Return what a job found.

        Raises:
            ApiError: It is not done, or its result has been thrown away.
        """
        return RqlResult.of(self._connection.get(f"rql/job/{job_id}/result", **self._project))

    def cancel(self, job_id: int) -> RqlJob:
        """Cancel a job and return it."""
        return self._cancel(job_id, self._connection)

    def _cancel(self, job_id: int, connection: Connection) -> RqlJob:
        answer = connection.call("POST", f"rql/job/{job_id}/cancel", params=self._project, is_repeatable=True)
        return RqlJob.from_json(answer)

    def _give_up(self, job: RqlJob) -> None:
        """Cancel a job that nobody waits for any more; that it cannot be done must not hide why."""
        try:
            self._cancel(job.id, self._connection.within(_CANCELLING))
        except RollbarError as error:
            _logger.warning("RQL job %d could not be cancelled, and may still be running: %s", job.id, error)

    def list(self) -> Iterator[RqlJob]:
        """Yield the project's jobs, the last first."""

        def page_of(number: int) -> tuple[Sequence[RqlJob], int | None]:
            return values_of(RqlJob, self._connection.get("rql/jobs", page=number, **self._project)), None

        return by_number(page_of, key=lambda job: job.id)

    def _errors_of(self, job: RqlJob) -> Sequence[str]:
        answer = self._connection.get(f"rql/job/{job.id}", expand="result", **self._project)
        result = answer.get("result") if isinstance(answer, dict) else None
        return RqlResult.of(result).errors if isinstance(result, dict) else ()

    @property
    def _project(self) -> dict[str, Any]:
        return {"project_id": self._project_id}
