"""How a database is opened: a SQLite file, one in memory, or PostgreSQL by its URL."""

from __future__ import annotations

import os
import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import Engine, create_engine, event, make_url
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.pool import StaticPool

from rollbar_logging.errors import RollbarError
from rollbar_logging.server.rql.sqlite_functions import register_functions
from rollbar_logging.server.storage.migration import bring_up_to_date

READERS = 4
"""Connections beside the writer's, so that nobody who looks holds up what arrives."""

_BUSY_SECONDS = 10
_MAPPED_BYTES = 2**31 - 65536
"""SQLite maps no more."""
_CONNECT_SECONDS = 5

_TAKE_TURN = (
    "SELECT pg_advisory_xact_lock(7812735429104418674), set_config('idle_in_transaction_session_timeout', '60s', true)"
)
"""Waits for the transactions of other servers that use the database. The number is any; all versions have the same.
A server that has stopped in the middle of a transaction, or cannot be reached, loses its turn after a minute."""


class Store(NamedTuple):
    """An open database.

    Attributes:
        writer: For the one thread that writes.
        readers: For those that read at the same time; ``None`` where only the writer's connection exists.
    """

    writer: Engine
    readers: Engine | None

    def close(self) -> None:
        """Close all connections."""
        self.writer.dispose()
        if self.readers is not None:
            self.readers.dispose()


def open_store(database: str | Path | None, now: float) -> Store:
    """Open the database, making it or bringing its layout up to date where that is due.

    Args:
        database: A SQLite file, a URL that begins with ``postgresql:``, or ``None`` for memory.
        now: Unix seconds.

    Raises:
        RollbarError: It cannot be opened or written, is no database, or a newer version of this server made it.
    """
    try:
        store = _connect(database)
    except (OSError, SQLAlchemyError, sqlite3.Error) as error:
        raise RollbarError(f"cannot open the database {shown(database)}: {_reason(error)}") from error
    try:
        bring_up_to_date(store.writer, now)
    except (SQLAlchemyError, sqlite3.Error) as error:
        store.close()
        raise RollbarError(f"cannot use the database {shown(database)}: {_reason(error)}") from error
    except BaseException:
        store.close()
        raise
    return store


def shown(database: str | Path | None) -> str:
    """Say which database it is, without a password."""
    if database is None:
        return "in memory"
    return _postgres_url(database).render_as_string() if _is_postgres(database) else str(database)


def _connect(database: str | Path | None) -> Store:
    if database is None:
        memory = create_engine(
            "sqlite://", hide_parameters=True, poolclass=StaticPool, connect_args={"check_same_thread": False}
        )
        return Store(_prepared(memory, "BEGIN"), None)
    if _is_postgres(database):
        return _connect_postgres(_postgres_url(database))
    path = Path(database)
    _make_private(path)
    url = URL.create("sqlite", database=str(path))
    arguments = {"timeout": _BUSY_SECONDS, "check_same_thread": False}
    writer = create_engine(url, hide_parameters=True, pool_size=1, max_overflow=0, connect_args=arguments)
    readers = create_engine(url, hide_parameters=True, pool_size=READERS, max_overflow=0, connect_args=arguments)
    return Store(_prepared(writer, "BEGIN IMMEDIATE"), _prepared(readers, "BEGIN", is_reader=True))


def _connect_postgres(url: URL) -> Store:
    try:
        return Store(_in_turns(_postgres_engine(url, 1)), _postgres_engine(url, READERS))
    except ModuleNotFoundError as error:
        raise RollbarError("PostgreSQL needs one more package: pip install 'rollbar-logging[postgres]'") from error


def _postgres_engine(url: URL, connections: int) -> Engine:
    # A connection that the database's restart has cut is found by the ping, and made anew.
    arguments = {"connect_timeout": _CONNECT_SECONDS}
    return create_engine(
        url, hide_parameters=True, pool_size=connections, max_overflow=0, pool_pre_ping=True, connect_args=arguments
    )


def _in_turns(engine: Engine) -> Engine:
    """Let one server write at a time, as SQLite does, so that what a transaction has looked at stays as it is."""

    @event.listens_for(engine, "begin")
    def take_turn(connection: Any) -> None:
        connection.exec_driver_sql(_TAKE_TURN)

    return engine


def _is_postgres(database: str | Path) -> bool:
    return str(database).startswith(("postgresql:", "postgres:", "postgresql+psycopg:"))


def _postgres_url(database: str | Path) -> URL:
    try:
        return make_url(str(database)).set(drivername="postgresql+psycopg")
    except ArgumentError:
        raise RollbarError("the database's URL cannot be read: postgresql://USER:PASSWORD@HOST/NAME") from None


def _prepared(engine: Engine, begin: str, *, is_reader: bool = False) -> Engine:
    """Take the transactions of SQLite into our own hands: its driver would begin them late, or not at all."""

    @event.listens_for(engine, "connect")
    def set_up(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        register_functions(connection)
        connection.execute("PRAGMA journal_mode = WAL")
        # FULL: an answer of 200 means that the occurrence is on the disk, not on its way there.
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        if is_reader:
            connection.execute("PRAGMA query_only = ON")
            # Whoever goes through all occurrences reads their first columns only, and need not copy the rest.
            connection.execute(f"PRAGMA mmap_size = {_MAPPED_BYTES}")

    @event.listens_for(engine, "begin")
    def start(connection: Any) -> None:
        connection.exec_driver_sql(begin)

    return engine


def _make_private(path: Path) -> None:
    # It holds whatever the reports hold: for its owner's eyes. SQLite's side files follow suit.
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))


def _reason(error: Exception) -> str:
    """Say what went wrong in the driver's own words: SQLAlchemy's add the statement and a link."""
    return str(getattr(error, "orig", None) or error).strip()
