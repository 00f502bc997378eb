"""What takes long to delete: a project, and all occurrences of a person. Step by step, on the writer's thread.

Each step is a transaction of its own, queued behind what has arrived meanwhile. What a stop of the server
interrupts goes on at its next start.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Table, delete, func, insert, select, update

from rollbar_logging.errors import RollbarError
from rollbar_logging.server.storage.database import Database
from rollbar_logging.server.storage.projects import DELETED
from rollbar_logging.server.storage.tables import items, occurrences, people_delete_jobs, projects
from rollbar_logging.server.traits import storable

_log = logging.getLogger(__name__)

_STEP = 500
"""Rows of one step: a few milliseconds, in which nothing else is written."""

_UNFINISHED = ("new", "running")

PERSON_COLUMNS = {"id": "user_id", "username": "username", "email": "email"}
"""By what a person is named, and the occurrences' columns of it."""


class PeopleJob(NamedTuple):
    """The deletion of a person's occurrences; ``state`` is new, running, success or failed."""

    id: int
    state: str
    date_created: int


def add_people_job(connection: Connection, named_by: str, value: str, now: float) -> int:
    """Note that a person's occurrences are to be deleted; return the job's id. `remove_person` begins it.

    Args:
        connection: The writer's.
        named_by: A key of `PERSON_COLUMNS`.
        value: The person's id, username or e-mail address.
        now: Unix seconds.
    """
    added = connection.execute(
        insert(people_delete_jobs)
        .values(person=f"{named_by}:{storable(value)}", state="new", date_created=int(now))
        .returning(people_delete_jobs.c.id)
    )
    return int(added.scalar_one())


def find_people_job(connection: Connection, job_id: int) -> PeopleJob | None:
    """Return the job of that id, or ``None``."""
    columns = (people_delete_jobs.c[name] for name in PeopleJob._fields)
    row = connection.execute(select(*columns).where(people_delete_jobs.c.id == job_id)).first()
    return None if row is None else PeopleJob(*row)


def remove_person(database: Database, job_id: int) -> None:
    """Delete what a job names; returns at once."""
    removal = _PersonRemoval(job_id)
    _run_in_steps(database, removal.step, removal.fail)


def remove_project(database: Database, project_id: int) -> None:
    """Delete what a project marked as deleted holds, and then the project; returns at once."""
    removal = _ProjectRemoval(project_id)
    _run_in_steps(database, removal.step, lambda _connection: None)


def resume_removals(database: Database) -> None:
    """Go on with what the last stop of the server interrupted; returns at once."""
    jobs = select(people_delete_jobs.c.id).where(people_delete_jobs.c.state.in_(_UNFINISHED))
    deleted = select(projects.c.id).where(projects.c.status == DELETED)
    for job_id in database.ask(lambda connection: connection.scalars(jobs).all()).result():
        remove_person(database, job_id)
    for project_id in database.ask(lambda connection: connection.scalars(deleted).all()).result():
        remove_project(database, project_id)


def _run_in_steps(database: Database, step: Callable[[Connection], bool], fail: Callable[[Connection], None]) -> None:
    """Have *step* done again and again until it returns ``False``; *fail*, when it raises."""

    def next_one() -> None:
        with suppress(RollbarError):  # the server is being stopped
            database.change(step).add_done_callback(after)

    def after(done: Future[bool]) -> None:
        error = done.exception()
        if error is not None:
            _log.warning("a deletion could not be finished", exc_info=error)
            with suppress(RollbarError):
                database.change(fail)
        elif done.result():
            next_one()

    next_one()


class _PersonRemoval:
    """Walks once over the occurrences that were there at its first step, by their ids."""

    def __init__(self, job_id: int) -> None:
        self._is_unfinished = (people_delete_jobs.c.id == job_id, people_delete_jobs.c.state.in_(_UNFINISHED))
        self._next, self._last = -1, -1

    def step(self, connection: Connection) -> bool:
        """Do a part; return whether there is more."""
        person = connection.scalars(select(people_delete_jobs.c.person).where(*self._is_unfinished)).first()
        if person is None:
            return False  # another server that uses the database has finished it
        if self._next < 0:
            first, last = connection.execute(select(func.min(occurrences.c.id), func.max(occurrences.c.id))).one()
            self._next, self._last = first or 0, last or 0
            self._set(connection, state="running")
            return True
        named_by, _, value = person.partition(":")
        connection.execute(
            delete(occurrences).where(
                occurrences.c.id.between(self._next, self._next + _STEP - 1),
                occurrences.c[PERSON_COLUMNS[named_by]] == value,
            )
        )
        self._next += _STEP
        if self._next <= self._last:
            return True
        self._set(connection, state="success", person="")  # of whom nothing shall be left, no name is kept
        return False

    def fail(self, connection: Connection) -> None:
        """Note that it failed."""
        self._set(connection, state="failed")

    def _set(self, connection: Connection, **columns: Any) -> None:
        connection.execute(update(people_delete_jobs).where(*self._is_unfinished).values(**columns))


class _ProjectRemoval:
    """Deletes the many rows first, a few at a time, so that little is left to go with the project."""

    def __init__(self, project_id: int) -> None:
        self._project_id = project_id

    def step(self, connection: Connection) -> bool:
        """Do a part; return whether there is more."""
        for table in (occurrences, items):
            if _delete_some(connection, table, table.c.project_id == self._project_id):
                return True
        connection.execute(delete(projects).where(projects.c.id == self._project_id))
        return False


def _delete_some(connection: Connection, table: Table, condition: ColumnElement[bool]) -> bool:
    some = select(table.c.id).where(condition).limit(_STEP)
    return connection.execute(delete(table).where(table.c.id.in_(some))).rowcount > 0
