"""Bounds of a query: what it may read, how long it may take, how large its result may be."""

# ruff: noqa: S608 - what is put together here is RQL, which is to bear whatever stands in it

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select, text

from rollbar_logging.server.arrival import Sender, arrival_of
from rollbar_logging.server.rql import run as run_module
from rollbar_logging.server.rql.run import Stop, run_rql
from rollbar_logging.server.storage.opening import open_store
from rollbar_logging.server.storage.tables import deploys, items, occurrences, projects
from rollbar_logging.server.storage.writing import add_all
from tests.server.conftest import item
from tests.server.rql.samples import NOW, PROJECT, Asker

_SETTINGS = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
SLOW = "SELECT max(lower(upper(concat(custom.t, body)))) FROM item_occurrence"


def counts(asker: Asker) -> list[Any]:
    """How many rows some tables have."""
    with asker.store.writer.connect() as connection:
        return [len(connection.execute(select(table.c.id)).all()) for table in (projects, items, occurrences, deploys)]


HOSTILE = [
    "' OR '1'='1",
    "'; DROP TABLE occurrences; --",
    "x' UNION SELECT digest FROM access_tokens --",
    'x" OR 1=1 --',
    "\\' OR 1=1 --",
    "\\",
    "`; DROP TABLE items",
    "%s %(a)s :a ? $1 {0} {a}",
    "a\0b",
    "\ud800",
    "$$; DROP TABLE items; $$",
    "')) OR 1=1",
    "${jndi:x}",
    "é\u202e\u2028",
]


@pytest.mark.parametrize("hostile", HOSTILE)
def test_texts_and_names_are_never_sql(asker: Asker, hostile: str) -> None:
    """Whatever stands in quotes is compared, whatever stands in backticks is looked for: no more."""
    before = counts(asker)
    quoted = "'" + hostile.replace("\\", "\\\\").replace("'", "''") + "'"
    named = "`" + hostile.replace("`", "``") + "`"

    shown = hostile.replace("\0", "\ufffd").replace("\ud800", "?")
    assert asker.ask(f"SELECT {quoted}, char_length({quoted}) FROM item_occurrence LIMIT 1") == [[shown, len(shown)]]
    assert asker.ask(f"SELECT uuid FROM item_occurrence WHERE custom.t = {quoted}") == []
    assert asker.ask(f"SELECT {named}, count(*) FROM item_occurrence GROUP BY {named}") == [[None, 7]]
    assert asker.refusal(f"SELECT uuid FROM {named}")
    asker.run(f"SELECT uuid FROM item_occurrence WHERE custom.t = {hostile}")
    asker.run(f"SELECT {hostile} FROM item_occurrence")
    assert counts(asker) == before


@_SETTINGS
@given(st.text(max_size=40), st.text(min_size=1, max_size=20))
@example("a", "x.\\")
@example("", "x.{}")
@example("{", '"')
@example("%", "-1.+1")
def test_any_text_and_any_name_is_answered(asker: Asker, value: str, name: str) -> None:
    """No text and no name makes the database fail."""
    quoted = "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"
    named = "`" + name.replace("`", "``") + "`"
    query = f"SELECT count(*) FROM item_occurrence WHERE {named} = {quoted} OR {named} LIKE {quoted} OR {quoted} > 1"

    assert asker.run(query).errors == []


_FRAGMENTS = st.sampled_from(
    [
        *(
            "item_occurrence",
            "deploy",
            "custom.t",
            "custom.n",
            "item.id",
            "'x'",
            "1",
            "1.5",
            "NULL",
            "count(*)",
            "max(",
        ),
        *("concat(", "if(", ")", "(", ",", "=", "<", "+", "-", "/", "DIV", "MOD", "AND", "OR", "NOT", "IN (", "LIKE"),
        *("IS", "BETWEEN", "GROUP BY", "ORDER BY", "LIMIT", "WHERE", "FROM", "*", "left(", "substring("),
    ]
)


@_SETTINGS
@given(
    st.one_of(st.text(), st.lists(_FRAGMENTS, max_size=12).map(" ".join).map("SELECT {} FROM item_occurrence".format))
)
@example("SELECT " + "+".join(["1"] * 300) + " FROM deploy")
@example("SELECT uuid FROM item_occurrence WHERE " + " OR ".join(["custom.n = 1"] * 300))
@example("SELECT " + "substring(" * 30 + "uuid" + ", 1)" * 30 + " FROM item_occurrence")
@example("SELECT " + "if(custom.n, custom.t," * 30 + "1" + ")" * 30 + " FROM item_occurrence")
@example("SELECT " + "(1 = " * 38 + "1" + ")" * 38 + " FROM item_occurrence")
@example("SELECT uuid FROM item_occurrence WHERE custom.n IN (" + ",".join(map(str, range(400))) + ")")
@example("SELECT " + ",".join(["custom.n"] * 300) + " FROM item_occurrence")
@example("SELECT 9223372036854775807 + 9223372036854775807, -9223372036854775807 - 2, 1e308 * 10 FROM deploy")
@example("SELECT sum(9223372036854775807) FROM item_occurrence")
@example("SELECT 1e308 DIV 1e-308, 1e308 MOD 0.1, left('a', 1e300), substring('a', -1e300) FROM deploy")
@example("SELECT char_length(concat(1e308, 1e-308)) FROM item_occurrence")
@example("SELECT uuid FROM item_occurrence WHERE custom.t LIKE '\\\\'")
@example("SELECT uuid FROM item_occurrence WHERE custom.t LIKE custom.t")
def test_any_query_gives_a_result_or_an_error(asker: Asker, query: str) -> None:
    """Nothing is raised, and what comes is rows or a sentence, which JSON can carry to any reader."""
    result = asker.run(query)

    assert (result.errors == []) or (result.rows, result.columns, result.rowcount) == ([], [], 0)
    assert all(error and len(error) < 400 for error in result.errors)
    assert all(len(row) == len(result.columns) for row in result.rows)
    json.dumps(result.rows, allow_nan=False)


def test_what_would_grow_beyond_measure_is_refused(asker: Asker) -> None:
    """PostgreSQL has to be told some things several times, and those inside of them again."""
    nested = "custom.n"
    for _ in range(7):
        nested = f"if(custom.n < {nested}, custom.t, 1)"

    errors = asker.run(f"SELECT {nested} FROM item_occurrence").errors

    assert errors == ([] if asker.dialect == "sqlite" else ["The query is too complex."])


def test_what_a_database_refuses_is_told_in_its_words(lite: Asker) -> None:
    """Without the statement, which nobody wrote."""
    longer = f"concat({', '.join(['request.url'] * 60)})"
    error = lite.refusal(f"SELECT uuid FROM item_occurrence WHERE 'a' LIKE concat({', '.join([longer] * 3)})")

    assert error == "The database cannot answer this: LIKE or GLOB pattern too complex"


@pytest.fixture
def many(asker: Asker) -> Iterator[Asker]:
    """The samples a few thousand times, until the test ends."""
    with asker.store.writer.begin() as connection:
        (last,) = connection.execute(select(occurrences).where(occurrences.c.id == 1)).mappings().all()
        copies = [{**last, "id": 1000 + number, "uuid": f"copy-{number}"} for number in range(1200)]
        connection.execute(insert(occurrences), copies)
    yield asker
    with asker.store.writer.begin() as connection:
        connection.execute(occurrences.delete().where(occurrences.c.id >= 1000))


def test_a_query_that_takes_too_long_is_ended(many: Asker) -> None:
    """The error says so; the connection can be used again."""
    result = many.run(SLOW, time_limit=0.01)

    assert result.is_timed_out
    assert result.errors == ["The query took longer than 0.01 seconds. Ask for fewer rows, say by timestamp."]
    assert result.rows == []
    assert many.ask("SELECT count(*) FROM item_occurrence") == [[1207]]
    assert len(many.ask("SELECT uuid FROM item_occurrence LIMIT 5000")) == 1000
    assert len(many.ask("SELECT uuid FROM item_occurrence")) == 100


def test_a_query_can_be_stopped_while_it_runs(many: Asker) -> None:
    """From another thread; the connection can be used again."""
    is_inside = threading.Event()

    class Watched(Stop):
        """Tells when the query is about to run."""

        def stopping(self, interrupt: Any) -> Any:
            is_inside.set()
            return super().stopping(interrupt)

    stop = Watched()
    results: list[Any] = []
    endless = "SELECT " + ", ".join(f"max(lower(concat(custom, {n})))" for n in range(30)) + " FROM item_occurrence"
    thread = threading.Thread(target=lambda: results.append(many.run(endless, stop=stop)))
    thread.start()
    assert is_inside.wait(60)
    stop.set()
    thread.join(60)

    (result,) = results
    assert result.is_stopped
    assert result.errors == ["The query was cancelled."]
    assert many.ask("SELECT count(*) FROM item_occurrence") == [[1207]]


def test_a_query_that_was_stopped_before_does_not_run(asker: Asker) -> None:
    """Not a row is read."""
    stop = Stop()
    stop.set()

    assert asker.run("SELECT uuid FROM item_occurrence", stop=stop).is_stopped


def test_a_stop_that_comes_late_interrupts_nobody(asker: Asker) -> None:
    """The connection belongs to another query by then."""
    stop = Stop()
    interrupted: list[bool] = []
    with stop.stopping(lambda: interrupted.append(True)):
        pass
    stop.set()

    assert interrupted == []


def test_a_large_result_is_cut(asker: Asker, monkeypatch: pytest.MonkeyPatch) -> None:
    """What there is is shown, with a warning."""
    monkeypatch.setattr(run_module, "_MOST_CHARACTERS", 100)

    result = asker.run("SELECT uuid FROM item_occurrence")

    assert 1 <= result.rowcount < 7
    assert result.warnings == [f"The result was cut after {result.rowcount} rows: it is too large."]


def test_a_query_cannot_write(asker: Asker) -> None:
    """Even if a statement that writes got through, the connection would refuse it."""
    with (asker.store.readers or asker.store.writer).connect() as connection:
        assert run_rql(connection, PROJECT, "SELECT 1 FROM deploy", now=NOW).errors == []
        with pytest.raises(Exception, match=r"(?i)read-?only"):
            connection.execute(text("DELETE FROM deploys"))


def test_broken_payloads_are_missing(tmp_path: Path) -> None:
    """A payload that cannot be unpacked has nothing at any path, and spoils no query."""
    asker = Asker(open_store(tmp_path / "broken.db", NOW), "sqlite")
    with asker.store.writer.begin() as connection:
        connection.execute(text("UPDATE occurrences SET data = x'0102' WHERE id = 1"))

    assert asker.values("custom.n") == [None, -4, 10, 10, None, "12", 0]
    asker.store.close()


def test_a_number_beyond_all_floats_stands_beyond_them(either_database: Path | str) -> None:
    """JSON may have it. It has its place in an order, no value to be shown or compared, and fails no query."""
    store = open_store(either_database, NOW)
    with closing(store):
        with store.writer.begin() as connection:
            for huge in (10**400, -(10**400), 7):
                payload = item("boom", custom={"n": huge})
                add_all(connection, [arrival_of(payload["data"], Sender(PROJECT, "token", "", NOW, 100))], NOW)
        with (store.readers or store.writer).connect() as connection:
            ask = partial(run_rql, connection, PROJECT, now=NOW)
            shown = ask("SELECT custom.n FROM item_occurrence ORDER BY custom.n")
            assert (shown.errors, shown.rows) == ([], [[None], [7], [None]])
            assert ask("SELECT count(*) FROM item_occurrence WHERE custom.n > 5").rows == [[1]]
