"""The one thread that owns the database, and how the others reach it.

Occurrences that arrive while a transaction is being written are written together in the next one, so
that the disk is waited for once per group and not once per call. A read sees every occurrence that was
answered before it was asked for.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import sqlite3
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, NamedTuple, TypeVar

from rollbar_logging.errors import RollbarError
from rollbar_logging.server.arrival import Arrival
from rollbar_logging.server.writing import Added, add_all

_log = logging.getLogger(__name__)
_Result = TypeVar("_Result")

_GROUP = 256
"""Occurrences of one transaction: enough to make the disk's part small, few enough to answer soon."""


class _Add(NamedTuple):
    arrival: Arrival
    settled: asyncio.Future[Added]
    loop: asyncio.AbstractEventLoop


class _Ask(NamedTuple):
    question: Callable[[sqlite3.Connection], Any]
    settled: Future[Any]


class Database:
    """The database behind its thread. Usable from `start` to `close`."""

    def __init__(self, opened: Callable[[], sqlite3.Connection]) -> None:
        """Keep *opened*, which opens the database; it is called on the thread."""
        self._opened = opened
        self._jobs: queue.SimpleQueue[_Add | _Ask | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="rollbar-local-database", daemon=True)
        self._ready: Future[None] = Future()
        self._is_closed = False
        self._closing = threading.Lock()

    def start(self) -> None:
        """Open the database; whatever *opened* raises is raised here."""
        self._thread.start()
        self._ready.result()

    def close(self) -> None:
        """Finish what was asked for before, and close the database. May be called more than once."""
        with self._closing:
            self._is_closed = True
            self._jobs.put(None)
        if self._thread.ident is not None:
            self._thread.join()

    async def add(self, arrival: Arrival) -> Added:
        """Store one occurrence; on return it is on the disk. For the event loop."""
        loop = asyncio.get_running_loop()
        settled: asyncio.Future[Added] = loop.create_future()
        self._jobs.put(_Add(arrival, settled, loop))
        return await settled

    def ask(self, question: Callable[[sqlite3.Connection], _Result]) -> Future[_Result]:
        """Have *question* answered on the thread.

        Raises:
            RollbarError: The server has been stopped.
        """
        settled: Future[_Result] = Future()
        with self._closing:  # nothing may be put after the end, where nobody would answer it
            if self._is_closed:
                raise RollbarError("the local server has been stopped")
            self._jobs.put(_Ask(question, settled))
        return settled

    def _run(self) -> None:
        try:
            connection = self._opened()
        except BaseException as error:  # noqa: BLE001 - it belongs to the thread that called start()
            self._ready.set_exception(error)
            return
        self._ready.set_result(None)
        try:
            while self._work(connection):
                pass
        finally:
            connection.close()

    def _work(self, connection: sqlite3.Connection) -> bool:
        """Wait for jobs and do them; ``False`` after the last."""
        jobs = [self._jobs.get()]
        with suppress(queue.Empty):
            while len(jobs) < _GROUP:
                jobs.append(self._jobs.get_nowait())
        adds = [job for job in jobs if isinstance(job, _Add)]
        if adds:
            _settle(adds, _write(connection, [job.arrival for job in adds]))
        for job in jobs:
            if isinstance(job, _Ask):
                _answer(connection, job)
        return None not in jobs


def _write(connection: sqlite3.Connection, arrivals: Sequence[Arrival]) -> list[Added | Exception]:
    try:
        return list(add_all(connection, arrivals))
    except Exception as error:  # noqa: BLE001 - each caller is told, and the thread lives on
        if len(arrivals) == 1:
            _log.warning("occurrence %s cannot be stored", arrivals[0].uuid, exc_info=True)
            return [error]
    # One that cannot be stored must not take its neighbours along.
    return [result for arrival in arrivals for result in _write(connection, [arrival])]


def _settle(adds: Sequence[_Add], results: Sequence[Added | Exception]) -> None:
    """Hand all results to the event loop in one call: waking it up is what costs."""
    with suppress(RuntimeError):  # the loop was closed by force; nobody waits any more
        adds[0].loop.call_soon_threadsafe(_set_results, adds, results)


def _set_results(adds: Sequence[_Add], results: Sequence[Added | Exception]) -> None:
    for job, result in zip(adds, results, strict=True):
        if job.settled.done():
            continue
        if isinstance(result, Exception):
            job.settled.set_exception(result)
        else:
            job.settled.set_result(result)


def _answer(connection: sqlite3.Connection, job: _Ask) -> None:
    if not job.settled.set_running_or_notify_cancel():
        return
    try:
        job.settled.set_result(job.question(connection))
    except Exception as error:  # noqa: BLE001 - it belongs to the one who asked
        job.settled.set_exception(error)
