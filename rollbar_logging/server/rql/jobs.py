"""Runs jobs in the background, on the threads that read: what arrives is not held up."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from sqlalchemy import Connection

from rollbar_logging.errors import RollbarError
from rollbar_logging.server.parts import Parts
from rollbar_logging.server.rql.run import RqlResult, Stop, run_rql
from rollbar_logging.server.storage.rql_jobs import RqlJob, claim, set_status

_log = logging.getLogger(__name__)

MOST_RUNNING = 2
"""Jobs at a time; the others wait."""


class JobRunner:
    """The jobs that this server has at work. For the event loop."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._slots = asyncio.Semaphore(MOST_RUNNING)
        self._at_work: dict[int, tuple[Stop, asyncio.Task[None]]] = {}

    def start(self, job: RqlJob) -> None:
        """Have a job run, unless it does already."""
        if job.id not in self._at_work:
            stop = Stop()
            self._at_work[job.id] = stop, asyncio.create_task(self._work(job, stop))

    async def cancel(self, job_id: int) -> None:
        """Stop a job that is at work."""
        found = self._at_work.get(job_id)
        if found is not None:
            await asyncio.to_thread(found[0].set)  # PostgreSQL is told over the network

    async def _work(self, job: RqlJob, stop: Stop) -> None:
        try:
            async with self._slots:
                await self._run(job, stop)
        except asyncio.CancelledError:  # the server ends, and a long query must not keep it
            stop.set()
            raise
        except RollbarError:
            _log.debug("RQL job %s was left: the database is closed", job.id)
        finally:
            del self._at_work[job.id]

    async def _run(self, job: RqlJob, stop: Stop) -> None:
        if not await self._set_status(job, "running"):
            return
        now = self._parts.unix_clock()

        def run(database: Connection) -> RqlResult | None:
            if not claim(database, job.id):
                return None
            return run_rql(database, job.project_id, job.query_string, now=now, stop=stop)

        try:
            result = await asyncio.wrap_future(self._parts.database.ask(run))
        except Exception:  # noqa: BLE001 - whatever it was, the job has to end
            _log.exception("RQL job %s failed", job.id)
            result = _BROKEN
        if result is None:
            return  # another server that uses the database has it at work
        await self._set_status(job, status_of(result), result_json(result))

    async def _set_status(self, job: RqlJob, status: str, result: Any = None) -> bool:
        now = self._parts.unix_clock()
        return await asyncio.wrap_future(
            self._parts.database.change(lambda database: set_status(database, job.id, status, now, result))
        )


_BROKEN = RqlResult([], [], ["The query could not be run."], [], 0, 0.0)


def status_of(result: RqlResult) -> str:
    """Return the status of the job that ended with *result*."""
    if result.is_stopped:
        return "cancelled"
    if result.is_timed_out:
        return "timed_out"
    return "failed" if result.errors else "success"


def result_json(result: RqlResult) -> dict[str, Any]:
    """Return a result as the API shows it; ``executionTime`` in milliseconds."""
    return {
        "rows": result.rows,
        "selectionColumns": result.columns,
        "columns": result.columns,
        "errors": result.errors,
        "warnings": result.warnings,
        "rowcount": result.rowcount,
        "executionTime": int(result.execution_time * 1000),
    }
