"""RQL jobs: a query is asked for, runs in the background, and is looked at until it has a result."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.routing import BaseRoute, Route

from rollbar_logging.server.answers import Answer, Refused, success
from rollbar_logging.server.api.calls import Call, boolean_field, project_call, required_text
from rollbar_logging.server.parts import Parts
from rollbar_logging.server.rql.jobs import JobRunner
from rollbar_logging.server.rql.words import LONGEST_QUERY
from rollbar_logging.server.storage.rql_jobs import (
    UNFINISHED,
    RqlJob,
    find_job,
    list_jobs,
    set_status,
    take_job,
)
from rollbar_logging.server.traits import storable

_PER_PAGE = 20


def rql_routes(parts: Parts) -> list[BaseRoute]:
    """Return the routes; their paths have no final slash."""
    jobs = _Jobs(JobRunner(parts))

    def route(path: str, endpoint: Callable[[Call], Awaitable[Answer]], method: str = "GET") -> Route:
        return Route(f"/api/1/rql/{path}", project_call(parts, "read", endpoint), methods=[method])

    return [
        route("jobs", jobs.add, "POST"),
        route("jobs", jobs.list),
        route("job/{id:int}", jobs.one),
        route("job/{id:int}/result", jobs.result),
        route("job/{id:int}/cancel", jobs.cancel, "POST"),
    ]


class _Jobs:
    """The endpoints."""

    def __init__(self, runner: JobRunner) -> None:
        self._runner = runner

    async def add(self, call: Call) -> Answer:
        """Have a query run, or return the job that has run it."""
        query = storable(required_text(call.fields, "query_string", longest=LONGEST_QUERY))
        is_refreshed = boolean_field(call.fields, "force_refresh") or False
        now = call.parts.unix_clock()
        job = await call.change(
            lambda database: take_job(database, call.project_id, query, is_refreshed=is_refreshed, now=now)
        )
        self._run_on(job)
        return success(_job_json(job))

    async def list(self, call: Call) -> Answer:
        """List jobs, the newest first."""
        offset = (call.page() - 1) * _PER_PAGE
        now = call.parts.unix_clock()
        found = await call.ask(
            lambda database: list_jobs(database, call.project_id, limit=_PER_PAGE, offset=offset, now=now)
        )
        return success([_job_json(job) for job in found])

    async def one(self, call: Call) -> Answer:
        """Return a job, with ``expand=result`` its result too."""
        job, result = await self._found(call)
        return success({**_job_json(job), "result": result} if _expands(call, "result") else _job_json(job))

    async def result(self, call: Call) -> Answer:
        """Return a job's result, with ``expand=job`` the job too."""
        job, result = await self._found(call)
        if result is None:
            raise Refused(404, f"The job has no result; its status is {job.status}.")
        shown = {"job_id": job.id, "result": result}
        return success({**shown, "job": _job_json(job)} if _expands(call, "job") else shown)

    async def cancel(self, call: Call) -> Answer:
        """Cancel a job; one that has ended stays as it is."""
        job, _ = await self._found(call)
        await call.change(lambda database: set_status(database, job.id, "cancelled", call.parts.unix_clock()))
        await self._runner.cancel(job.id)
        job, _ = await self._found(call)
        return success(_job_json(job))

    async def _found(self, call: Call) -> tuple[RqlJob, Any]:
        wanted = call.path_id()
        now = call.parts.unix_clock()
        found = await call.ask(lambda database: find_job(database, call.project_id, wanted, now))
        if found is None:
            raise Refused(404, "not found")
        self._run_on(found[0])
        return found

    def _run_on(self, job: RqlJob) -> None:
        """Have a job run that does not: a new one, or one that was at work when the server was stopped."""
        if job.status in UNFINISHED:
            self._runner.start(job)


def _expands(call: Call, name: str) -> bool:
    return name in ",".join(call.values("expand")).split(",")


def _job_json(job: RqlJob) -> dict[str, Any]:
    return {
        "id": job.id,
        "project_id": job.project_id,
        "query_string": job.query_string,
        "status": job.status,
        "job_hash": job.job_hash,
        "date_created": job.date_created,
        "date_modified": job.date_modified,
    }
