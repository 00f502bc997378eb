"""A database of the first layout opens with everything in it; one of a newer layout is left alone."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from rollbar_logging.errors import RollbarError
from rollbar_logging.server import LocalServer
from rollbar_logging.server.storage import migration
from rollbar_logging.server.storage.opening import open_store
from rollbar_logging.server.storage.tables import SCHEMA_VERSION
from tests.server.conftest import Caller, error_item, item

LAYOUT_1 = """
CREATE TABLE projects (id INTEGER PRIMARY KEY, name TEXT NOT NULL, date_created INTEGER NOT NULL);
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
TOKENS = {scope: f"old-{scope}-secret" for scope in ("post_server_item", "post_client_item", "read", "write")}
COUNT = 1203
"""Occurrences: more than are moved at a time."""
BEGAN = 1_700_000_000


def old_item(number: int) -> dict[str, Any]:
    """Return the ``data`` of an occurrence as the first layout kept it."""
    payload = error_item(f"no {number}") if number % 3 else item(f"half \ud800 and \0 of {number}")
    data: dict[str, Any] = payload["data"]
    return {**data, "uuid": f"u{number}", "timestamp": BEGAN + number, "code_version": "1.0", "person": {"id": "ann"}}


@pytest.fixture(scope="module")
def old_rows() -> dict[str, list[tuple[Any, ...]]]:
    """The rows of a database of the first layout, by table."""
    items: dict[int, list[Any]] = {}
    occurrences = []
    for number in range(1, COUNT + 1):
        kind = {7: "api_error", 8: "system"}.get(number, "item")
        key = {"api_error": 3, "system": 4}.get(kind, 1 + (number % 3 == 0))
        data = old_item(number)
        environment = "production" if key == 1 else "test"
        title = f"title of {key}" if number < 4 else f"title of occurrence {number}"
        level = "error" if key == 1 else "info"
        at = BEGAN + number
        if key not in items:
            hash_ = hashlib.sha1(str(key).encode(), usedforsecurity=False).hexdigest()
            first = [key, 1, key, environment, hash_, title, level, "linux", "django", "active", number, at]
            items[key] = [*first, number, at, 0]
        items[key][-3:] = [number, at, items[key][-1] + 1]
        text_of = json.dumps(data, separators=(",", ":"))
        sent = (f"u{number}", kind, "post_server_item", at + 0.5, len(text_of))
        occurrences.append((number, 1, key, *sent, environment, level, title, "python 3.12", text_of))
    tokens = [
        (token, 1, name, json.dumps([name]), "disabled" if name == "write" else "enabled", BEGAN, BEGAN)
        for name, token in TOKENS.items()
    ]
    return {
        "projects": [(1, "local", BEGAN)],
        "access_tokens": tokens,
        "items": [tuple(row) for _, row in sorted(items.items())],
        "occurrences": occurrences,
    }


@pytest.fixture
def old_file(tmp_path: Path, old_rows: dict[str, list[tuple[Any, ...]]]) -> Path:
    """A database of the first layout, as its server leaves it."""
    path = tmp_path / "old.db"
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.executescript(LAYOUT_1)
    for table, rows in old_rows.items():
        connection.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(rows[0]))})", rows)  # noqa: S608
    connection.execute("PRAGMA user_version = 1")
    connection.commit()
    connection.close()
    return path


def dumped(path: Path) -> list[str]:
    """Return everything that a database holds, and its version, as text."""
    connection = sqlite3.connect(path)
    try:
        return [*connection.iterdump(), str(connection.execute("PRAGMA user_version").fetchone())]
    finally:
        connection.close()


def test_everything_of_the_first_layout_is_found(old_file: Path, old_rows: dict[str, list[tuple[Any, ...]]]) -> None:
    """Tokens work as before, items keep number, title, level and counts, and occurrences all that was sent."""
    with LocalServer(database=old_file) as server:
        endpoint = server.endpoint
        server.tokens.get("read")
        assert "read" not in server.tokens
        caller = Caller(server)
        with caller.session:
            headers = {"X-Rollbar-Access-Token": TOKENS["read"]}
            listed = caller.session.get(endpoint + "items", headers=headers).json()["result"]["items"]
            pages = [
                caller.session.get(endpoint + f"instances?limit=1000&page={page}", headers=headers).json()["result"]
                for page in (1, 2)
            ]
            posted = [
                caller.session.post(
                    endpoint + "item/", json=item(platform="browser"), headers={"X-Rollbar-Access-Token": TOKENS[name]}
                ).status_code
                for name in ("post_server_item", "post_client_item", "read", "write")
            ]
            again = caller.session.post(
                endpoint + "item/", json=item(uuid="u5"), headers={"X-Rollbar-Access-Token": TOKENS["post_server_item"]}
            )
        told = [server.occurrences(kind) for kind in ("api_error", "system")]

    columns = ("id", "project_id", "counter", "environment", "hash", "title", "level", "platform", "framework")
    columns += ("status", "first_occurrence_id", "first_occurrence_timestamp", "last_occurrence_id")
    columns += ("last_occurrence_timestamp", "total_occurrences")
    assert sorted(tuple(each[column] for column in columns) for each in listed) == old_rows["items"]
    instances = [each for page in reversed(pages) for each in reversed(page["instances"])]
    assert [each["data"] for each in instances] == [json.loads(row[-1]) for row in old_rows["occurrences"]]
    assert [(each["id"], each["item_id"], each["timestamp"]) for each in instances] == [
        (row[0], row[2], int(row[6])) for row in old_rows["occurrences"]
    ]
    assert posted == [200, 200, 403, 403]
    assert (again.status_code, again.json()["result"]["uuid"]) == (200, "u5")
    assert [[each.uuid for each in found] for found in told] == [["u7"], ["u8"]]
    assert told[0][0].stored_at == told[0][0].received_at == BEGAN + 7.5
    with LocalServer(database=old_file) as server:
        assert len(server.occurrences(kind=None)) == COUNT + 2


def test_no_token_can_be_read_in_the_file_any_more(old_file: Path) -> None:
    """What the first layout kept as text is kept as a digest, and its text overwritten."""
    assert any(token.encode() in old_file.read_bytes() for token in TOKENS.values())
    with LocalServer(database=old_file):
        pass
    for path in old_file.parent.iterdir():
        for token in TOKENS.values():
            assert token.encode() not in path.read_bytes(), path.name


def test_an_error_in_the_middle_leaves_the_old_one(old_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be brought up to date whole is not changed at all, and can be the next time."""
    before = dumped(old_file)

    def fail(*_: Any) -> None:
        raise sqlite3.OperationalError("disk full")

    with monkeypatch.context() as patch:
        patch.setattr(
            migration, "_STEPS", {1: lambda connection, now: (migration.from_layout_1(connection, now), fail())}
        )
        with pytest.raises(RollbarError, match="disk full"), LocalServer(database=old_file):
            pass
    assert dumped(old_file) == before
    with LocalServer(database=old_file) as server:
        assert len(server.occurrences(kind=None)) == COUNT


DYING = """
import os, signal, sys
from rollbar_logging.server.storage import opening, writing
add_all, calls = writing.add_all, []

def dying(*arguments):
    calls.append(1)
    if len(calls) == int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)
    return add_all(*arguments)

writing.add_all = dying
opening.open_store(sys.argv[1], 2.0)
"""


@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
@pytest.mark.parametrize("at", [1, 3])
def test_a_crash_in_the_middle_leaves_the_old_one(old_file: Path, at: int) -> None:
    """A process that is killed while it moves occurrences has changed nothing for the next one."""
    before = dumped(old_file)
    program = [sys.executable, "-c", DYING, str(old_file), str(at)]
    died = subprocess.run(program, timeout=60, check=False)  # noqa: S603 - our own program

    assert died.returncode == -signal.SIGKILL
    assert dumped(old_file) == before
    with LocalServer(database=old_file) as server:
        assert len(server.occurrences(kind=None)) == COUNT


def test_a_newer_layout_is_refused_and_untouched(either_database: Path | str) -> None:
    """A database that a newer server made is left as it is; the error says what to do."""
    open_store(either_database, 1.0).close()
    url = f"sqlite:///{either_database}" if isinstance(either_database, Path) else either_database
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        connection.execute(text("UPDATE facts SET value = '99' WHERE name = 'schema_version'"))
        connection.execute(text("DROP TABLE source_maps"))
    engine.dispose()
    before = either_database.read_bytes() if isinstance(either_database, Path) else b""

    with pytest.raises(RollbarError, match=f"layout 99, this server knows those up to {SCHEMA_VERSION}: run a newer"):
        open_store(either_database, 1.0)
    if isinstance(either_database, Path):
        assert either_database.read_bytes() == before
    else:
        with engine.connect() as connection:
            assert connection.scalar(text("SELECT to_regclass('source_maps')")) is None
        engine.dispose()


@pytest.mark.parametrize("version", [0, 1, 5])
def test_the_database_of_another_program_is_refused_and_untouched(tmp_path: Path, version: int) -> None:
    """Tables that are not ours are left alone, whatever number their owner has given them."""
    path = tmp_path / "other.db"
    connection = sqlite3.connect(path)
    connection.executescript(f"CREATE TABLE recipes (name TEXT); PRAGMA user_version = {version};")
    connection.close()
    before = dumped(path)

    with pytest.raises(RollbarError, match=r"holds other tables \(recipes\): give one of its own"):
        open_store(path, 1.0)
    assert dumped(path) == before


def test_a_database_that_is_up_to_date_is_opened_as_it_is(either_database: Path | str) -> None:
    """Opening twice makes nothing twice."""
    for _ in range(2):
        with LocalServer(database=either_database) as server:
            caller = Caller(server)
            with caller.session:
                token = server.tokens.get("post_server_item")
                if token is not None:
                    assert caller.post(item(uuid="once")).status_code == 200
            assert [each.uuid for each in server.occurrences()] == ["once"]
