"""The database's one thread."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import Connection, event, select, text
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from rollbar_logging.errors import RollbarError
from rollbar_logging.server.arrival import Arrival, Sender, arrival_of
from rollbar_logging.server.storage.database import Database
from rollbar_logging.server.storage.opening import Store, open_store
from rollbar_logging.server.storage.tables import occurrences
from tests.server.conftest import item


def arrival(uuid: str) -> Arrival:
    """Return an arrival with that uuid."""
    return arrival_of(item("m", uuid=uuid)["data"], Sender(1, "post_server_item", "127.0.0.1", 1.0, 1))


def in_memory() -> Database:
    """Return a database in memory, not yet started."""
    return Database(lambda: open_store(None, 1.0), lambda: 2.0)


def test_one_that_cannot_be_stored_takes_no_other_along() -> None:
    """Of a group that was to be written together, only the one at fault is refused."""
    database = in_memory()
    database.start()
    blocked = threading.Event()
    database.ask(lambda _connection: blocked.wait(10))

    async def add_group() -> list[Any]:
        spoiled = arrival("bad")._replace(project_id=99)
        adding = [asyncio.ensure_future(database.add(each)) for each in (arrival("a"), spoiled, arrival("b"))]
        await asyncio.sleep(0)
        blocked.set()
        return list(await asyncio.gather(*adding, return_exceptions=True))

    first, bad, last = asyncio.run(add_group())
    stored = database.ask(
        lambda connection: connection.scalars(select(occurrences.c.uuid).order_by(occurrences.c.id)).all()
    ).result()
    database.close()

    assert (first.uuid, last.uuid) == ("a", "b")
    assert isinstance(bad, SQLAlchemyError)
    assert stored == ["a", "b"]


def test_a_database_that_goes_away_in_a_group_is_looked_for_once() -> None:
    """Not by each of the group in turn, who would all wait for it."""
    begun: list[int] = []
    is_waiting, blocked = threading.Event(), threading.Event()

    def opened() -> Store:
        store = open_store(None, 1.0)
        event.listen(store.writer, "begin", lambda _connection: begin())
        return store

    def begin() -> None:
        begun.append(len(begun))
        if len(begun) > 2:  # the question that blocks, and the whole group
            raise OperationalError("BEGIN", None, ConnectionError("gone"))

    def block(_connection: Connection) -> None:
        is_waiting.set()
        blocked.wait(10)

    async def add_group(database: Database) -> list[Any]:
        group = [arrival("bad")._replace(project_id=99), *map(arrival, "abc")]
        adding = [asyncio.ensure_future(database.add(each)) for each in group]
        await asyncio.sleep(0)
        blocked.set()
        return list(await asyncio.gather(*adding, return_exceptions=True))

    database = Database(opened, lambda: 2.0)
    database.start()
    database.ask(block)
    assert is_waiting.wait(60)
    refused = asyncio.run(add_group(database))
    database.close()

    assert [type(each) for each in refused] == [OperationalError] * 4
    assert len(begun) == 3


def test_a_question_that_fails_fails_for_its_asker_only() -> None:
    """An error belongs to the one who asked; the next question is answered."""
    database = in_memory()
    database.start()

    with pytest.raises(OperationalError):
        database.ask(lambda connection: connection.execute(text("nonsense"))).result()
    assert database.ask(lambda connection: connection.scalar(text("SELECT 1"))).result() == 1
    database.close()


def test_no_question_waits_for_ever() -> None:
    """Whenever the end comes, each question is answered or refused."""
    database = in_memory()
    database.start()
    start = threading.Barrier(5)

    def ask_until_the_end() -> str:
        start.wait(10)
        try:
            while True:
                assert database.ask(lambda _connection: 1).result(timeout=60) == 1
        except RollbarError:
            return "refused"

    with ThreadPoolExecutor(4) as pool:
        asking = [pool.submit(ask_until_the_end) for _ in range(4)]
        start.wait(10)
        database.close()
        assert [each.result(timeout=60) for each in asking] == ["refused"] * 4


def test_a_database_that_cannot_be_opened_is_told_to_the_starter() -> None:
    """What goes wrong on the thread is raised where it was started."""

    def fail() -> Store:
        raise RollbarError("no disk")

    database = Database(fail, lambda: 2.0)
    with pytest.raises(RollbarError, match="no disk"):
        database.start()
    database.close()
