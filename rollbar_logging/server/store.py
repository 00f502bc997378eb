"""The SQLite database: its shape, how it is opened, and the project's tokens in it."""

from __future__ import annotations

import json
import os
import sqlite3
import time
from contextlib import suppress
from pathlib import Path

from rollbar_logging.errors import RollbarError
from rollbar_logging.server.tokens import Token, new_tokens

SCHEMA_VERSION = 1

_SCHEMA = """
CREATE TABLE projects (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    date_created INTEGER NOT NULL
);
CREATE TABLE access_tokens (
    access_token TEXT PRIMARY KEY,
    project_id INTEGER NOT NULL REFERENCES projects (id),
    name TEXT NOT NULL,
    scopes TEXT NOT NULL,                -- JSON list
    status TEXT NOT NULL,                -- enabled, disabled
    date_created INTEGER NOT NULL,
    date_modified INTEGER NOT NULL,
    UNIQUE (project_id, name)
);
CREATE TABLE items (
    id INTEGER PRIMARY KEY,
    project_id INTEGER NOT NULL REFERENCES projects (id),
    counter INTEGER NOT NULL,            -- the number shown to people; counts up from 1 in each project
    environment TEXT NOT NULL,
    hash TEXT NOT NULL,                  -- fingerprint
    title TEXT NOT NULL,
    level TEXT NOT NULL,                 -- the first occurrence's, like the title
    platform TEXT NOT NULL,
    framework TEXT NOT NULL,
    status TEXT NOT NULL,                -- active, resolved, muted
    first_occurrence_id INTEGER,
    first_occurrence_timestamp INTEGER NOT NULL,
    last_occurrence_id INTEGER,
    last_occurrence_timestamp INTEGER NOT NULL,
    total_occurrences INTEGER NOT NULL,
    UNIQUE (project_id, environment, hash),
    UNIQUE (project_id, counter)
);
CREATE INDEX items_by_last_occurrence ON items (project_id, last_occurrence_id);
CREATE TABLE occurrences (
    id INTEGER PRIMARY KEY,
    project_id INTEGER NOT NULL REFERENCES projects (id),
    item_id INTEGER NOT NULL REFERENCES items (id),
    uuid TEXT NOT NULL,
    kind TEXT NOT NULL,                  -- item, api_error, system
    token_name TEXT NOT NULL,
    received_at REAL NOT NULL,
    body_bytes INTEGER NOT NULL,
    environment TEXT NOT NULL,
    level TEXT NOT NULL,
    title TEXT NOT NULL,
    language TEXT NOT NULL,
    data TEXT NOT NULL,                  -- JSON object
    UNIQUE (project_id, uuid)
);
CREATE INDEX occurrences_by_item ON occurrences (item_id, id);
"""


def open_database(path: Path | None) -> sqlite3.Connection:
    """Open the database, making it when it is not there.

    Args:
        path: The file, or ``None`` for a database in memory.

    Raises:
        RollbarError: The file cannot be opened or written, is no SQLite database, or was made by another
            version of this server.
    """
    try:
        if path is not None:
            _make_private(path)
        connection = sqlite3.connect(path or ":memory:", isolation_level=None, timeout=10)
    except (OSError, sqlite3.Error) as error:
        raise RollbarError(f"cannot open the database {path}: {error}") from error
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        # FULL: an answer of 200 means that the occurrence is on the disk, not on its way there.
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.row_factory = sqlite3.Row
        _make_tables(connection)
    except sqlite3.Error as error:
        connection.close()
        raise RollbarError(f"cannot use the database {path}: {error}") from error
    except RollbarError:
        connection.close()
        raise
    return connection


def _make_private(path: Path) -> None:
    # It holds tokens and whatever the reports hold: for its owner's eyes. SQLite's side files follow suit.
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))


def _make_tables(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN IMMEDIATE")
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version == 0 and not connection.execute("SELECT 1 FROM sqlite_master").fetchone():
        for statement in _SCHEMA.split(";\n"):
            connection.execute(statement)
        connection.execute("INSERT INTO projects VALUES (1, 'local', ?)", (int(time.time()),))
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    elif version != SCHEMA_VERSION:
        connection.execute("ROLLBACK")
        raise RollbarError(
            f"the database has the layout {version}, this server needs {SCHEMA_VERSION}: "
            "give another file, or move it away"
        )
    connection.execute("COMMIT")


def project_tokens(connection: sqlite3.Connection, post_server_item: str | None) -> list[Token]:
    """Return the project's tokens, making the first four when there are none.

    Args:
        connection: The database.
        post_server_item: The text that the token of that name shall have, whatever it had before.

    Raises:
        RollbarError: Another token has that text already.
    """
    tokens = _load_tokens(connection)
    if not tokens:
        tokens = new_tokens(post_server_item)
    elif post_server_item:
        tokens = [
            token._replace(access_token=post_server_item) if token.name == "post_server_item" else token
            for token in tokens
        ]
    if len({token.access_token for token in tokens}) < len(tokens):
        raise RollbarError("the access token given for post_server_item is that of another scope")
    _save_tokens(connection, tokens)
    return tokens


def _load_tokens(connection: sqlite3.Connection) -> list[Token]:
    rows = connection.execute("SELECT * FROM access_tokens ORDER BY rowid").fetchall()
    return [
        Token(
            row["access_token"],
            row["name"],
            tuple(json.loads(row["scopes"])),
            row["status"] == "enabled",
            row["project_id"],
        )
        for row in rows
    ]


def _save_tokens(connection: sqlite3.Connection, tokens: list[Token]) -> None:
    now = int(time.time())
    connection.execute("BEGIN IMMEDIATE")
    for token in tokens:
        connection.execute(
            "INSERT INTO access_tokens (access_token, project_id, name, scopes, status, date_created, date_modified) "
            "VALUES (?, ?, ?, ?, 'enabled', ?, ?) "
            "ON CONFLICT (project_id, name) DO UPDATE SET "
            "date_modified = CASE access_token WHEN excluded.access_token THEN date_modified "
            "ELSE excluded.date_modified END, access_token = excluded.access_token",
            (token.access_token, token.project_id, token.name, json.dumps(token.scopes), now, now),
        )
    connection.execute("COMMIT")
