"""Jobs that run RQL: what was asked, how far it is, and what came of it."""

from __future__ import annotations

import hashlib
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, func, insert, null, select, update

from rollbar_logging.server.storage.tables import rql_jobs

KEPT_SECONDS = 7 * 24 * 3600
"""So long a result is kept; after that the job is marked ``deleted``."""

_AT_WORK = -(2**40)
"""Numbers from here downwards are locks of jobs in PostgreSQL."""

UNFINISHED = ("new", "running")
_USABLE = (*UNFINISHED, "success")


class RqlJob(NamedTuple):
    """One job.

    Attributes:
        status: ``new``, ``running``, ``success``, ``failed``, ``cancelled``, ``timed_out`` or ``deleted``.
        job_hash: The same for the same query.
        date_created: Unix seconds.
        date_modified: Unix seconds, of its last change of status.
    """

    id: int
    project_id: int
    query_string: str
    status: str
    job_hash: str
    date_created: int
    date_modified: int


_COLUMNS = tuple(rql_jobs.c[name] for name in RqlJob._fields)


def take_job(connection: Connection, project_id: int, query_string: str, *, is_refreshed: bool, now: float) -> RqlJob:
    """Return the last job of the same query, or a new one where there is none, or it failed, or *is_refreshed*."""
    delete_old_results(connection, now)
    # Not a secret: the same query has the same, in every database.
    job_hash = hashlib.sha1(query_string.strip().encode("utf-8"), usedforsecurity=False).hexdigest()
    if not is_refreshed:
        same = (rql_jobs.c.project_id == project_id, rql_jobs.c.job_hash == job_hash, rql_jobs.c.status.in_(_USABLE))
        earlier = connection.execute(select(*_COLUMNS).where(*same).order_by(rql_jobs.c.id.desc()).limit(1)).first()
        if earlier is not None:
            return RqlJob(*earlier)
    values = {
        "project_id": project_id,
        "query_string": query_string,
        "job_hash": job_hash,
        "status": "new",
        "date_created": int(now),
        "date_modified": int(now),
        "result": null(),
    }
    return RqlJob(*connection.execute(insert(rql_jobs).values(values).returning(*_COLUMNS)).one())


def delete_old_results(connection: Connection, now: float) -> None:
    """Delete the results of jobs that were finished more than a week ago, and mark these jobs."""
    is_old = (rql_jobs.c.date_modified < int(now) - KEPT_SECONDS, rql_jobs.c.status.not_in((*UNFINISHED, "deleted")))
    connection.execute(update(rql_jobs).where(*is_old).values(status="deleted", result=null()))


def find_job(connection: Connection, project_id: int, job_id: int, now: float) -> tuple[RqlJob, Any] | None:
    """Return a job and its result (``None`` before there is one), or ``None``."""
    query = select(*_COLUMNS, rql_jobs.c.result).where(rql_jobs.c.project_id == project_id, rql_jobs.c.id == job_id)
    row = connection.execute(query).first()
    if row is None:
        return None
    job = _aged(RqlJob(*row[:-1]), now)
    return job, None if job.status == "deleted" else row[-1]


def list_jobs(connection: Connection, project_id: int, *, limit: int, offset: int, now: float) -> list[RqlJob]:
    """Return a project's jobs, the newest first."""
    query = select(*_COLUMNS).where(rql_jobs.c.project_id == project_id).order_by(rql_jobs.c.id.desc())
    return [_aged(RqlJob(*row), now) for row in connection.execute(query.limit(limit).offset(offset))]


def _aged(job: RqlJob, now: float) -> RqlJob:
    # A reader cannot write; what is too old is deleted when the next job comes.
    is_old = job.status not in UNFINISHED and job.date_modified < int(now) - KEPT_SECONDS
    return job._replace(status="deleted") if is_old else job


def claim(connection: Connection, job_id: int) -> bool:
    """Whether no other server that uses the database is at the job; then none will be until the transaction ends."""
    if connection.dialect.name != "postgresql":
        return True
    return bool(connection.scalar(select(func.pg_try_advisory_xact_lock(_AT_WORK - job_id))))


def set_status(connection: Connection, job_id: int, status: str, now: float, result: Any = None) -> bool:
    """Change the status of a job that is not finished, and keep its result; ``False`` when it is, or is gone."""
    is_unfinished: ColumnElement[bool] = rql_jobs.c.status.in_(UNFINISHED)
    values = {"status": status, "date_modified": int(now), "result": null() if result is None else result}
    changed = connection.execute(update(rql_jobs).where(rql_jobs.c.id == job_id, is_unfinished).values(values))
    return changed.rowcount > 0
