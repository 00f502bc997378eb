"""The one thread that writes, those that read, and how the others reach them.

Occurrences that arrive while a transaction is being written are written together in the next one, so
that the disk is waited for once per group and not once per call. A read sees every occurrence that was
answered before it was asked for.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import Connection, Engine

from rollbar_logging.errors import RollbarError
from rollbar_logging.server.arrival import Arrival
from rollbar_logging.server.storage.opening import READERS, Store
from rollbar_logging.server.storage.writing import Added, add_all

_log = logging.getLogger(__name__)
_Result = TypeVar("_Result")
Job = Callable[[Connection], _Result]

_GROUP = 256
"""Occurrences of one transaction: enough to make the disk's part small, few enough to answer soon."""


class _Add(NamedTuple):
    arrival: Arrival
    settled: asyncio.Future[Added]
    loop: asyncio.AbstractEventLoop


class _Change(NamedTuple):
    job: Job[Any]
    settled: Future[Any]


class _Attempt(NamedTuple):
    """What came of storing a group.

    Attributes:
        added: What was stored, of all of the group or none.
        error: Why it was not.
        has_begun: Whether there was a database to begin with.
    """

    added: list[Added]
    error: Exception | None
    has_begun: bool

    def results(self, arrivals: Sequence[Arrival]) -> list[Added | Exception]:
        """Return what to answer for each of the group; a failure is logged."""
        if self.error is None:
            return list(self.added)
        told = "occurrences cannot be stored: %d, from %s on"
        _log.warning(told, len(arrivals), arrivals[0].uuid, exc_info=self.error)
        return [self.error for _ in arrivals]


class Database:
    """The database behind its threads. Usable from `start` to `close`."""

    def __init__(self, opened: Callable[[], Store], unix_clock: Callable[[], float]) -> None:
        """Keep *opened*, which opens the database; it is called on the writer's thread."""
        self._opened = opened
        self._unix_clock = unix_clock
        self._jobs: queue.SimpleQueue[_Add | _Change | None] = queue.SimpleQueue()
        self._writer = threading.Thread(target=self._run, name="rollbar-local-database", daemon=True)
        self._readers: ThreadPoolExecutor | None = None
        self._reading: Engine | None = None
        self._ready: Future[None] = Future()
        self._is_closed = False
        self._closing = threading.Lock()
        self.on_stored: Callable[[Sequence[Added]], None] = _nothing
        """Called on the event loop with what each group has stored."""
        self.on_changed: Callable[[Sequence[int]], None] = _nothing
        """Called on the event loop with the items that somebody has changed; with none when all may look different."""

    def start(self) -> None:
        """Open the database; whatever *opened* raises is raised here."""
        self._writer.start()
        self._ready.result()

    def close(self) -> None:
        """Finish what was asked for before, and close the database. May be called more than once."""
        with self._closing:
            self._is_closed = True
            self._jobs.put(None)
        if self._readers is not None:
            self._readers.shutdown()
        if self._writer.ident is not None:
            self._writer.join()

    async def add(self, arrival: Arrival) -> Added:
        """Store one occurrence; on return it is on the disk. For the event loop."""
        loop = asyncio.get_running_loop()
        settled: asyncio.Future[Added] = loop.create_future()
        self._jobs.put(_Add(arrival, settled, loop))
        return await settled

    def ask(self, question: Job[_Result]) -> Future[_Result]:
        """Have *question* answered from the database, which it may not change.

        Raises:
            RollbarError: The server has been stopped.
        """
        if self._readers is None:
            return self.change(question)
        with self._closing:
            self._refuse_if_closed()
            return self._readers.submit(self._read, question)

    def change(self, job: Job[_Result]) -> Future[_Result]:
        """Have *job* done in a transaction of its own, after all that was put before it.

        Raises:
            RollbarError: The server has been stopped.
        """
        settled: Future[_Result] = Future()
        with self._closing:  # nothing may be put after the end, where nobody would answer it
            self._refuse_if_closed()
            self._jobs.put(_Change(job, settled))
        return settled

    def _refuse_if_closed(self) -> None:
        if self._is_closed:
            raise RollbarError("the local server has been stopped")

    def _read(self, question: Job[_Result]) -> _Result:
        assert self._reading is not None  # noqa: S101 - for the type checker: the readers come with it
        with self._reading.connect() as connection:
            return question(connection)

    def _run(self) -> None:
        try:
            store = self._opened()
        except BaseException as error:  # noqa: BLE001 - it belongs to the thread that called start()
            self._ready.set_exception(error)
            return
        if store.readers is not None:
            self._reading = store.readers
            self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="rollbar-local-reader")
        self._ready.set_result(None)
        try:
            while self._work(store.writer):
                pass
        finally:
            store.close()

    def _work(self, engine: Engine) -> bool:
        """Wait for jobs and do them; ``False`` after the last."""
        jobs = [self._jobs.get()]
        with suppress(queue.Empty):
            while len(jobs) < _GROUP:
                jobs.append(self._jobs.get_nowait())
        adds = [job for job in jobs if isinstance(job, _Add)]
        if adds:
            self._settle(adds, self._write(engine, [job.arrival for job in adds]))
        for job in jobs:
            if isinstance(job, _Change):
                _do(engine, job)
        return None not in jobs

    def _write(self, engine: Engine, arrivals: Sequence[Arrival]) -> list[Added | Exception]:
        """Store a group; one that cannot be stored does not take its neighbours along."""
        attempt = self._attempt(engine, arrivals)
        if attempt.error is None or len(arrivals) == 1 or not attempt.has_begun:
            return attempt.results(arrivals)
        results: list[Added | Exception] = []
        for at, arrival in enumerate(arrivals):
            attempt = self._attempt(engine, [arrival])
            if not attempt.has_begun:  # each of the others would wait for the database in turn
                return results + attempt.results(arrivals[at:])
            results += attempt.results([arrival])
        return results

    def _attempt(self, engine: Engine, arrivals: Sequence[Arrival]) -> _Attempt:
        has_begun = False
        try:
            with engine.begin() as connection:
                has_begun = True
                added = add_all(connection, arrivals, self._unix_clock())
        except Exception as error:  # noqa: BLE001 - each caller is told, and the thread lives on
            return _Attempt([], error, has_begun)
        return _Attempt(added, None, has_begun)

    def _settle(self, adds: Sequence[_Add], results: Sequence[Added | Exception]) -> None:
        """Hand all results to the event loop in one call: waking it up is what costs."""
        with suppress(RuntimeError):  # the loop was closed by force; nobody waits any more
            adds[0].loop.call_soon_threadsafe(self._set_results, adds, results)

    def _set_results(self, adds: Sequence[_Add], results: Sequence[Added | Exception]) -> None:
        for job, result in zip(adds, results, strict=True):
            if job.settled.done():
                continue
            if isinstance(result, Exception):
                job.settled.set_exception(result)
            else:
                job.settled.set_result(result)
        self.on_stored([result for result in results if isinstance(result, Added) and not result.is_duplicate])


def _nothing(_told: Sequence[Any]) -> None:
    pass


def _do(engine: Engine, change: _Change) -> None:
    if not change.settled.set_running_or_notify_cancel():
        return
    try:
        with engine.begin() as connection:
            result = change.job(connection)
    except Exception as error:  # noqa: BLE001 - it belongs to the one who asked
        change.settled.set_exception(error)
    else:
        change.settled.set_result(result)
