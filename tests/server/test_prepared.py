"""Statements that the driver runs itself: the same rows come of them as of SQLAlchemy's own way."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from sqlalchemy import Column, Connection, Integer, MetaData, Table, Text, bindparam, create_engine, insert, select

from rollbar_logging.server.storage.payload import Payload
from rollbar_logging.server.storage.prepared import listed, run, run_all, run_for_any

METADATA = MetaData()
WORDS = Table(
    "words",
    METADATA,
    Column("word", Text, primary_key=True),
    Column("length", Integer, nullable=False),
    Column("data", Payload),
)
INSERT = insert(WORDS)


@cache
def known(number: int) -> Any:
    """The words of a length among so many."""
    return select(WORDS.c.word).where(WORDS.c.length == bindparam("length"), WORDS.c.word.in_(listed(number)))


@pytest.fixture
def connection() -> Iterator[Connection]:
    """An empty table."""
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        METADATA.create_all(connection)
        yield connection
    engine.dispose()


def filled(connection: Connection, number: int) -> list[str]:
    """Store that many words of five signs, and one of three."""
    words = [f"w{index:04}" for index in range(number)]
    run_all(connection, INSERT, [{"word": word, "length": len(word)} for word in [*words, "abc"]])
    return words


@pytest.mark.parametrize("number", [1, 2, 4, 5, 64, 256, 257, 600])
def test_any_number_of_values_is_looked_for(connection: Connection, number: int) -> None:
    """Each is found once, and nothing else, however they are filled up."""
    words = filled(connection, number + 3)
    found = run_for_any(connection, known, {"length": 5}, [*words[:number], "abc", "none"])
    assert sorted(word for (word,) in found) == words[:number]


def test_values_are_prepared_as_their_columns_ask(connection: Connection) -> None:
    """What is packed in the table is unpacked by SQLAlchemy."""
    run_all(connection, INSERT, [{"word": "a", "length": 1, "data": '{"a": 1}'}])
    assert connection.scalar(select(WORDS.c.data)) == '{"a": 1}'


def test_rows_with_other_columns_are_another_statement(connection: Connection) -> None:
    """The first group's columns are not the next one's."""
    filled(connection, 1)
    run_all(connection, INSERT, [{"word": "b", "length": 9, "data": "{}"}, {"word": "c", "length": 9, "data": None}])
    assert connection.execute(select(WORDS).where(WORDS.c.length == 9)).all() == [("b", 9, "{}"), ("c", 9, None)]
    statement = select(WORDS.c.word).where(WORDS.c.length == bindparam("length")).order_by(WORDS.c.word)
    assert run(connection, statement, {"length": 9}) == [("b",), ("c",)]
