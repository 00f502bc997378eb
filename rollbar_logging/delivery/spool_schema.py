"""The spool's tables."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rollbar_logging.delivery.spool_place import SpoolError

if TYPE_CHECKING:
    import sqlite3

VERSION = 1
"""Kept in the file as ``user_version``."""

# Claims change often and bodies never, so bodies are kept apart. ``usage`` spares adding up all sizes each time.
_SCHEMA = """
CREATE TABLE owner (id INTEGER PRIMARY KEY, who TEXT NOT NULL UNIQUE, since REAL NOT NULL, until REAL NOT NULL);
CREATE TABLE report (
    id INTEGER PRIMARY KEY, token TEXT NOT NULL, uuid TEXT NOT NULL, rank INTEGER NOT NULL, created REAL NOT NULL,
    size INTEGER NOT NULL, owner INTEGER, UNIQUE (token, uuid)
);
CREATE INDEX report_order ON report (token, rank, created);
CREATE INDEX report_owner ON report (owner) WHERE owner IS NOT NULL;
CREATE TABLE body (id INTEGER PRIMARY KEY, body BLOB NOT NULL);
CREATE TABLE usage (token TEXT PRIMARY KEY, bytes INTEGER NOT NULL) WITHOUT ROWID;
CREATE TRIGGER report_added AFTER INSERT ON report BEGIN
    INSERT OR IGNORE INTO usage VALUES (new.token, 0);
    UPDATE usage SET bytes = bytes + new.size WHERE token = new.token;
END;
CREATE TRIGGER report_changed AFTER UPDATE OF size ON report BEGIN
    UPDATE usage SET bytes = bytes + new.size - old.size WHERE token = new.token;
END;
CREATE TRIGGER report_removed AFTER DELETE ON report BEGIN
    DELETE FROM body WHERE id = old.id;
    UPDATE usage SET bytes = bytes - old.size WHERE token = old.token;
END;
CREATE TABLE rate_window (
    token TEXT PRIMARY KEY, generation INTEGER NOT NULL, allows REAL NOT NULL, until REAL NOT NULL,
    refusals INTEGER NOT NULL, outstanding INTEGER NOT NULL, prober TEXT NOT NULL, margin REAL NOT NULL
) WITHOUT ROWID;
"""


def make_tables(connection: sqlite3.Connection) -> None:
    """Make the tables in a new file.

    Raises:
        SpoolError: The file is of a newer version, or another program's.
    """
    if _version(connection) == VERSION:
        return
    connection.execute("BEGIN IMMEDIATE")
    version = _version(connection)
    if version > VERSION:
        raise SpoolError(
            f"{_file_of(connection)} was written by a newer rollbar_logging (its version is {version}, "
            f"known is {VERSION}): update this one, or choose another folder"
        )
    if version < VERSION:
        if connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            raise SpoolError(f"{_file_of(connection)} is a database of another program: choose another folder")
        for statement in _statements(_SCHEMA):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version={VERSION}")
    connection.execute("COMMIT")


def _statements(script: str) -> Iterator[str]:
    """Split a script; ``executescript`` would commit by itself."""
    import sqlite3  # noqa: PLC0415 - only who uses a spool pays for it

    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _file_of(connection: sqlite3.Connection) -> str:
    return str(connection.execute("PRAGMA database_list").fetchone()[2])
