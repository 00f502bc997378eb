"""Statements of SQL in the trail: a Django site with two real databases over real HTTP, and connections one by one."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbar_logging.delivery.answer import Answer
from rollbar_logging.handler import RollbarHandler
from tests.integrations.serving import Site, served
from tests.pipelines import TOKEN, Scripted

pytest.importorskip("django")

from django.db import IntegrityError, OperationalError, connection
from django.db.backends.signals import connection_created

import tests.capture.django_site  # noqa: F401 - sets Django up
from rollbar_logging.integrations import django_sql
from rollbar_logging.integrations.django_sql import MAX_STATEMENT, text_of_statement


@pytest.fixture(scope="module", params=["wsgi", "asgi"])
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The site, served in one of two ways."""
    folder = tmp_path_factory.mktemp("databases")
    with served("-m", "tests.programs.sql_site", request.param, SITE_FOLDER=str(folder)) as running:
        yield running


@pytest.mark.parametrize("view", ["fail", "fail_async"])
def test_a_report_has_the_statements_of_its_request(site: Site, view: str) -> None:
    """Of both databases, in views of both kinds; one that failed too; no parameter, no literal, nothing of others."""
    site.rollbar.clear()
    for number in (1, 2):
        assert site.ask(f"/{view}/{number}/").status_code == 500
    reports = site.rollbar.wait_for(2, timeout=60)

    for report in reports:
        trail = [event for event in report.raw["body"]["telemetry"] if event["body"].get("subtype") == "sql"]
        told = [{name: value for name, value in event["body"].items() if name != "duration_ms"} for event in trail]
        assert told == [
            {"message": "SELECT %s, '?'", "subtype": "sql", "database": "default"},
            {
                "message": "SELECT missing FROM nowhere WHERE number = %s",
                "subtype": "sql",
                "database": "archive",
                "error": "django.db.utils.OperationalError",
            },
        ]
        assert [(event["type"], event["level"], event["source"]) for event in trail] == [
            ("log", "info", "server"),
            ("log", "error", "server"),
        ]
        assert all(event["body"]["duration_ms"] > 0 for event in trail)
        assert "s3cret" not in json.dumps(trail)
        messages = [event["body"]["message"] for event in report.raw["body"]["telemetry"]]
        assert messages[-1].startswith("nothing in the archive")


class Application:
    """A handler that keeps a trail, and a connection to a database in a file, beside Django's own in memory."""

    def __init__(self, folder: Path) -> None:
        self.handler = RollbarHandler(access_token=TOKEN, transport=Scripted(lambda: Answer(200)), telemetry_size=20)
        self._file = str(folder / "other.sqlite")
        self.other = self.connection()

    def connection(self) -> Any:
        """Another connection to that file, which is not open yet."""
        made = connection.copy("other")
        made.settings_dict["NAME"] = self._file
        return made

    def run(self, sql: str, *params: Any) -> Any:
        """Run a statement on the other connection."""
        with self.other.cursor() as cursor:
            return cursor.execute(sql, params or None).fetchall()

    def bodies(self) -> list[dict[str, Any]]:
        """Of the events so far."""
        assert self.handler.telemetry is not None
        return [event["body"] for event in self.handler.telemetry.events()]

    def statements(self) -> list[str]:
        """The text of each."""
        return [body["message"] for body in self.bodies()]


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Application]:
    """Nothing is watched yet."""
    made = Application(tmp_path)
    yield made
    django_sql.install()()
    made.other.close()
    made.handler.close()


def test_what_is_open_is_watched_at_once_and_all_else_when_it_connects(app: Application) -> None:
    """And nothing before; installed twice, each statement is noted once."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        assert app.statements() == []
        for _ in range(2):
            django_sql.install()
        cursor.execute("SELECT 2")
        assert app.run("SELECT 3") == [(3,)]
        app.other.close()
        app.run("SELECT 4")

    assert app.statements() == ["SELECT 2", "SELECT 3", "SELECT 4"]
    assert [body["database"] for body in app.bodies()] == ["default", "other", "other"]


def test_it_can_be_undone(app: Application) -> None:
    """For open connections too, and those of other threads; afterwards all is as it was."""
    receivers, wrappers = list(connection_created.receivers), list(connection.execute_wrappers)
    connection.ensure_connection()
    undo = django_sql.install()
    app.run("SELECT 1")
    undo()
    app.run("SELECT 2")

    assert app.statements() == ["SELECT 1"]
    assert (connection_created.receivers, connection.execute_wrappers) == (receivers, wrappers)
    django_sql.install()
    app.run("SELECT 3")
    assert app.statements() == ["SELECT 1", "SELECT 3"]


def test_a_wrapper_of_the_application_is_taken_off_as_ever(app: Application) -> None:
    """Also where the connection is made, and so watched, while that wrapper is on; and where it is undone then."""
    called = []

    def wrapper(execute: Any, sql: Any, params: Any, many: Any, context: Any) -> Any:
        called.append(sql)
        return execute(sql, params, many, context)

    undo = django_sql.install()
    with app.other.execute_wrapper(wrapper):
        app.run("SELECT 1")
    app.run("SELECT 2")
    assert (called, app.statements()) == (["SELECT 1"], ["SELECT 1", "SELECT 2"])
    connection.ensure_connection()
    with connection.execute_wrapper(wrapper):
        undo()
    assert wrapper not in [*app.other.execute_wrappers, *connection.execute_wrappers]


def test_errors_are_raised_and_told_by_their_class(app: Application) -> None:
    """Their words may repeat what was in a row."""
    django_sql.install()
    app.other.ensure_connection()
    with app.other.cursor() as cursor:
        cursor.execute("CREATE TABLE person (name TEXT PRIMARY KEY)")
        cursor.executemany("INSERT INTO person VALUES (%s)", [("s3cret-a",), ("s3cret-b",)])
        with pytest.raises(IntegrityError, match="UNIQUE"):
            cursor.execute("INSERT INTO person VALUES (%s)", ["s3cret-a"])
        with pytest.raises(OperationalError, match="s3cret"):
            cursor.execute("SELECT `s3cret`()")

    assert [(body.get("many"), body.get("error")) for body in app.bodies()] == [
        (None, None),
        (True, None),
        (None, "django.db.utils.IntegrityError"),
        (None, "django.db.utils.OperationalError"),
    ]
    assert "s3cret-" not in json.dumps(app.bodies())


def test_another_thread_has_connections_of_its_own(app: Application) -> None:
    """They are watched as well, and its statements are in its own trail."""
    django_sql.install()
    told: list[list[str]] = []

    def work() -> None:
        own = app.connection()
        with own.cursor() as cursor:
            cursor.execute("SELECT 1")
        own.close()
        told.append(app.statements())

    for _ in range(2):
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert told == [["SELECT 1"]] * 2
    assert app.statements() == []


def test_without_a_trail_the_statement_is_all_there_is(app: Application) -> None:
    """Where the handler is closed, it returns the same."""
    django_sql.install()
    app.handler.close()

    assert app.run("SELECT %s", 7) == [(7,)]
    assert app.handler.telemetry is None


@pytest.mark.parametrize(
    ("vendor", "sql", "text"),
    [
        (
            "sqlite",
            "SELECT %s FROM \"it's\" WHERE a = 'x''y' AND b = 1",
            "SELECT %s FROM \"it's\" WHERE a = '?' AND b = 1",
        ),
        ("postgresql", "SELECT -- it's\n 'x' /* it's */, E'a\\'b', $1", "SELECT -- it's\n '?' /* it's */, '?', $1"),
        ("postgresql", "DO $body$ it's $$ $body$; SELECT $$x$$, 'a\\', b", "DO '?'; SELECT '?', '?', b"),
        ("mysql", "SELECT `it's`, \"x\\\"y\", 'a\\'b' # it's\n, 'c'", "SELECT `it's`, '?', '?' # it's\n, '?'"),
        ("oracle", "SELECT 'never closed", "SELECT '?'"),
    ],
)
def test_literals_are_not_told(vendor: str, sql: str, text: str) -> None:
    """What looks like one and is none does not hide where one begins."""
    assert text_of_statement(sql, vendor) == text


def test_what_is_no_text_is_told_by_its_class() -> None:
    """Such as what a driver composes, whose text has the parameters in it."""
    assert text_of_statement(Path("s3cret"), "postgresql") in {"<pathlib.PosixPath>", "<pathlib._local.PosixPath>"}


QUOTED = {
    "standard": lambda text: "'" + text.replace("'", "''") + "'",
    "escaped": lambda text: "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'",
    "double": lambda text: '"' + text.replace("\\", "\\\\").replace('"', '""') + '"',
    "dollars": lambda text: f"$t${text.replace('$', '')}$t$",
}
WAYS = {
    "sqlite": ["standard"],
    "oracle": ["standard"],
    "postgresql": ["standard", "dollars"],
    "mysql": ["escaped", "double"],
}
PIECES = st.sampled_from(
    ["SELECT ", "\n", " = ", ", ", "(%s)", '"it\'s" ', "`it's` ", "/* it's */", "-- it's\n", "1e9 ", "x" * 40, "e "]
)


@st.composite
def statements(draw: st.DrawFn) -> tuple[str, str]:
    """A database's name, and a statement for it in which each literal has a secret."""
    vendor = draw(st.sampled_from(list(WAYS)))
    secret = st.builds("{}HUNTER{}".format, st.text(max_size=30), st.text(max_size=30))
    literal = st.builds(lambda way, text: QUOTED[way](text), st.sampled_from(WAYS[vendor]), secret)
    pieces = draw(st.lists(PIECES.filter(lambda piece: vendor != "mysql" or '"' not in piece) | literal, max_size=40))
    return vendor, " ".join(pieces)


@given(statements())
def test_no_literal_is_told_wherever_the_bound_cuts(made: tuple[str, str]) -> None:
    """And the text is bounded."""
    vendor, sql = made
    text = text_of_statement(sql, vendor)

    assert "HUNTER" not in text
    assert len(text) <= MAX_STATEMENT + 30
    assert ("chars]" in text) is (len(sql) > MAX_STATEMENT)


@given(st.text(), st.sampled_from([*WAYS, "other"]))
def test_any_text_is_told_within_the_bound(sql: str, vendor: str) -> None:
    """Whatever it is; without a sign that begins a literal it is what it was."""
    text = text_of_statement(sql, vendor)

    assert len(text) <= 2 * MAX_STATEMENT
    if not set(sql) & set("'\"$"):
        assert text == sql[:MAX_STATEMENT] + text[MAX_STATEMENT:]
