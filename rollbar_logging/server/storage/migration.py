"""The layout of the database: made for a new one, brought up to date in an old one, refused in a newer one."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping

from sqlalchemy import Connection, Engine, insert, inspect, select, update

from rollbar_logging.errors import RollbarError
from rollbar_logging.server.storage.layout_1 import OLD_TABLES, from_layout_1
from rollbar_logging.server.storage.people import make_owner
from rollbar_logging.server.storage.projects import add_project
from rollbar_logging.server.storage.tables import SCHEMA_VERSION, facts, metadata, sequences

_STEPS: Mapping[int, Callable[[Connection, float], None]] = {1: from_layout_1}
"""From a layout to the next one."""

DEFAULT_PROJECT = "local"


def bring_up_to_date(engine: Engine, now: float) -> None:
    """Make the tables, or change them until they have the layout of `SCHEMA_VERSION`; all or nothing.

    Raises:
        RollbarError: A newer version of this server made them, or they are not this server's.
    """
    with engine.begin() as connection:
        version = _version(connection)
        if version == 0:
            make_tables(connection, now)
            return
        if version > SCHEMA_VERSION:
            raise RollbarError(
                f"the database has the layout {version}, this server knows those up to {SCHEMA_VERSION}: "
                "run a newer rollbar-logging, give another database, or move this one away"
            )
        for layout in range(version, SCHEMA_VERSION):
            _STEPS[layout](connection, now)
            connection.execute(update(facts).where(facts.c.name == "schema_version").values(value=str(layout + 1)))


def make_tables(connection: Connection, now: float) -> None:
    """Make all tables, the first user and the first project."""
    metadata.create_all(connection)
    connection.execute(
        insert(facts),
        [
            {"name": "schema_version", "value": str(SCHEMA_VERSION)},
            {"name": "salt", "value": secrets.token_hex(16)},
        ],
    )
    connection.execute(insert(sequences), [{"name": name, "taken": 0} for name in ("item", "occurrence")])
    make_owner(connection)
    add_project(connection, DEFAULT_PROJECT, now)


def _version(connection: Connection) -> int:
    """Return the layout's number; 0 for an empty database."""
    names = inspect(connection).get_table_names()
    if facts.name in names:
        return int(connection.scalars(select(facts.c.value).where(facts.c.name == "schema_version")).one())
    if not names:
        return 0
    if connection.dialect.name == "sqlite" and set(OLD_TABLES) <= set(names):
        # The first layout kept its number where only SQLite has a place for it.
        version = int(connection.exec_driver_sql("PRAGMA user_version").scalar() or 0)
        if version:
            return version
    raise RollbarError(f"the database holds other tables ({', '.join(sorted(names)[:3])}): give one of its own")
