"""RQL: a query becomes a job, which is waited for."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rollbar_logging.client.connection import Connection
from rollbar_logging.client.paging import by_number
from rollbar_logging.client.results import Result, UnexpectedAnswer, moment, values_of
from rollbar_logging.errors import RollbarError

_FIRST_PAUSE, _LONGEST_PAUSE, _GROWTH = 0.1, 3.0, 1.5
_UNDER_WAY = frozenset({"new", "running"})


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
    """A query was not done in the time that the caller gave it; it may still be running."""


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
        self, connection: Connection, project_id: int | None, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._connection = connection
        self._project_id = project_id
        self._sleep = sleep

    def run(self, query: str, *, timeout: float = 600.0, is_fresh: bool = False) -> RqlResult:
        """Submit a query, wait for it with growing pauses, and return what it found.

        Args:
            query: In RQL.
            timeout: Seconds to wait.
            is_fresh: Whether the query is to run although the same one has run before.

        Raises:
            RqlError: The query failed.
            RqlTimeout: It was not done in time.
        """
        job = self.wait(self.submit(query, is_fresh=is_fresh), timeout=timeout)
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
        """Wait until a job is done and return it.

        Raises:
            RqlError: It failed, was cancelled or timed out.
            RqlTimeout: It was not done in time.
        """
        left, pause = timeout, _FIRST_PAUSE
        while job.status in _UNDER_WAY:
            if left <= 0:
                raise RqlTimeout(f"RQL job {job.id} is still {job.status} after {timeout:g} s")
            self._sleep(min(pause, left))
            left -= pause
            pause = min(pause * _GROWTH, _LONGEST_PAUSE)
            job = self.job(job.id)
        if job.status != "success":
            raise RqlError(job, self._errors_of(job))
        return job

    def job(self, job_id: int) -> RqlJob:
        """Return a job as it is now.

        Raises:
            NotFound: There is none of that id.
        """
        return RqlJob.from_json(self._connection.get(f"rql/job/{job_id}", **self._project))

    def result(self, job_id: int) -> RqlResult:
        """Return what a job found.

        Raises:
            ApiError: It is not done, or its result has been thrown away.
        """
        return RqlResult.of(self._connection.get(f"rql/job/{job_id}/result", **self._project))

    def cancel(self, job_id: int) -> RqlJob:
        """Cancel a job and return it."""
        answer = self._connection.call("POST", f"rql/job/{job_id}/cancel", params=self._project, is_repeatable=True)
        return RqlJob.from_json(answer)

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
