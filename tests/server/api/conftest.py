"""Servers with a history."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.server.api.history import History, told


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def history(request: pytest.FixtureRequest) -> Iterator[History]:
    """A history that the module's tests only read, on each kind of database."""
    database = None
    if request.param == "postgres":
        database = request.getfixturevalue("postgres_cluster").new_database()
    with told(database) as one:
        yield one
