"""A few occurrences and deploys, stored, and someone to ask RQL of them."""

# ruff: noqa: S608 - what is put together here is RQL, which is to bear whatever stands in it

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import insert, select

from rollbar_logging.server.arrival import Sender, arrival_of
from rollbar_logging.server.rql.run import RqlResult, run_rql
from rollbar_logging.server.storage.opening import Store
from rollbar_logging.server.storage.projects import add_project
from rollbar_logging.server.storage.tables import deploys, items, occurrences
from rollbar_logging.server.storage.writing import add_all
from tests.server.conftest import error_item, item

NOW = 1_700_000_000
PROJECT = 1
LONG = "long/" * 60

PAYLOADS: list[dict[str, Any]] = [
    error_item(
        "bad value",
        uuid="11111111-aaaa-4aaa-8aaa-000000000001",
        level="warning",
        framework="django",
        language="python 3.11",
        platform="heroku",
        code_version="1.2",
        context="shop#buy",
        person={"id": "12", "username": "ann", "email": "ann@example.com"},
        server={"host": "web1", "pid": 42, "cpu": "x86_64", "root": "/app", "branch": "main"},
        request={"url": "http://shop/buy?a=1", "method": "POST", "user_ip": "10.0.0.1"},
        custom={"n": 3, "f": 1.5, "t": "abc", "flag": True, "list": [1, {"x": "y"}, "z"], "null": None, "mixed": 7},
    ),
    item(
        "Hello Wörld",
        level="info",
        person={"id": "ann"},
        server={"host": "web2"},
        custom={"n": -4, "f": 0.25, "t": "ABD", "flag": False, "list": [], "mixed": "7", "obj": {"a": 1}},
    ),
    item("third", custom={"n": 10, "f": -2.5, "t": "", "mixed": "abc", "Odd Key": "odd"}, request={"url": LONG}),
    item("third", custom={"n": 10, "f": 2, "t": "x%y_z\\w", "mixed": 1.5}, server={"host": "web1"}, title="named"),
    item("nothing", environment="prod", server={"host": ""}, person={"id": "007"}),
    item(
        "broken \ud800 text \0",
        level="critical",
        custom={"t": "half \udc00 é", "mixed": True, "n": "12"},
        client={"javascript": {"browser": "Mozilla/5.0"}, "os": "Linux"},
    ),
    error_item("bad value", server={"host": "web1"}, custom={"n": 0, "f": 1e300, "big": 2**70, "mixed": "1e2"}),
]


class Asker:
    """Asks RQL of a database that has the samples."""

    def __init__(self, store: Store, dialect: str) -> None:
        self.store = store
        self.dialect = dialect
        self._fill()
        self.data = self._stored()

    def _fill(self) -> None:
        with self.store.writer.begin() as connection:
            self.other_project = add_project(connection, "other", NOW)
            for index, payload in enumerate(PAYLOADS):
                sender = Sender(PROJECT, "token", "127.0.0.1", NOW + index * 3600 + 0.75, 1000)
                add_all(connection, [arrival_of(payload["data"], sender)], NOW + 0.0)
            secret = item("secret", custom={"n": 99})
            sender = Sender(self.other_project, "token", "127.0.0.1", NOW + 0.5, 1000)
            add_all(connection, [arrival_of(secret["data"], sender)], NOW + 0.0)
            rows = [
                {"environment": "prod", "revision": "r1", "comment": "first", "local_username": "ann"},
                {"environment": "test", "revision": "r2", "comment": None, "local_username": None},
            ]
            for index, row in enumerate(rows):
                values = {"project_id": PROJECT, "status": "succeeded", "start_time": NOW + index, **row}
                connection.execute(insert(deploys).values(values))

    def _stored(self) -> dict[int, dict[str, Any]]:
        with self.store.writer.connect() as connection:
            wanted = occurrences.c.project_id == PROJECT
            rows = connection.execute(select(occurrences.c.id, occurrences.c.data).where(wanted)).all()
        return {row.id: json.loads(row.data) for row in rows}

    def items(self) -> dict[int, Any]:
        """The items by the ids of their last occurrences."""
        with self.store.writer.connect() as connection:
            found = connection.execute(select(items).where(items.c.project_id == PROJECT)).all()
        return {row.last_occurrence_id: row for row in found}

    def run(self, query: str, **more: Any) -> RqlResult:
        """Run a query as the server does."""
        with (self.store.readers or self.store.writer).connect() as connection:
            return run_rql(connection, more.pop("project_id", PROJECT), query, now=NOW + 0.9, **more)

    def ask(self, query: str) -> list[list[Any]]:
        """Return the rows of a query that has to work."""
        result = self.run(query)
        assert result.errors == [], query
        assert result.rowcount == len(result.rows)
        return result.rows

    def values(self, expression: str) -> list[Any]:
        """Return an expression's value for each occurrence, the first one's first."""
        return [row[0] for row in self.ask(f"SELECT {expression} FROM item_occurrence ORDER BY occurrence_id")]

    def refusal(self, query: str) -> str:
        """Return the error of a query that has to be refused."""
        result = self.run(query)
        assert (result.rows, result.columns) == ([], []), query
        (error,) = result.errors
        return error
