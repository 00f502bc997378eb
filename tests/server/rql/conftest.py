"""RQL on both databases, with the same few occurrences in each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from rollbar_logging.server.storage.opening import open_store
from tests.server.rql.samples import NOW, Asker


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def asker(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asker]:
    """Asks of each database in turn; nothing that a test does changes them."""
    if request.param == "postgresql":
        database: str | Path = request.getfixturevalue("postgres_cluster").new_database()
    else:
        database = tmp_path_factory.mktemp("rql") / "samples.db"
    store = open_store(database, NOW)
    try:
        yield Asker(store, request.param)
    finally:
        store.close()


@pytest.fixture(scope="session")
def lite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asker]:
    """Asks of SQLite."""
    store = open_store(tmp_path_factory.mktemp("rql") / "lite.db", NOW)
    try:
        yield Asker(store, "sqlite")
    finally:
        store.close()
