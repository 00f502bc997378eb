"""What queries find in payloads is what is there, however little of them is read; and little is read."""

# ruff: noqa: S608 - what is put together here is RQL

from __future__ import annotations

import json
import sys
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text, update

from rollbar_logging.server.arrival import Sender, arrival_of
from rollbar_logging.server.rql.payloads import Payloads, body_kind
from rollbar_logging.server.rql.run import run_rql
from rollbar_logging.server.storage.opening import Store, open_store
from rollbar_logging.server.storage.payload import pack
from rollbar_logging.server.storage.tables import occurrences
from rollbar_logging.server.storage.writing import add_all
from tests.server.conftest import frame, item
from tests.server.rql.samples import NOW, PROJECT, Asker

TRACE = {"frames": [frame("/app/a.py", "run", 1)], "exception": {"class": "OSError", "message": "gone"}}
RAISED = {
    "class": "body.trace.exception.class",
    "message": "body.trace.exception.message",
    "class in a chain": "body.trace_chain.0.exception.class",
    "message in a chain": "body.trace_chain.0.exception.message",
}
PATHS = [
    *("level", "title", "custom", "custom.n", "custom.level", "custom.a/b", "custom.é", "custom.list.0", "custom.n.x"),
    *("person.id", "request.url", "metadata.mine", "metadata.timestamp_ms", "language", "nothing", "body.message.body"),
    *RAISED.values(),
]
_BODIES: Any = st.sampled_from(
    [
        {"trace": TRACE},
        {"trace_chain": [TRACE, TRACE]},
        {"trace": None, "trace_chain": [TRACE]},
        {"telemetry": [], "trace": TRACE},
        {"message": {"body": 'a "quoted" text with \'trace_chain\' and {"body":{"trace":['}},
        {"crash_report": {"raw": "down"}},
        {"trace": {"frames": [], "exception": {"class": "12", "message": ""}}},
        {"trace_chain": [{"frames": [], "exception": {"class": "trace", "message": "L" * 300}}]},
    ]
)
_LEVELS = st.sampled_from(["error", "", "warni", "inf\\o", None, "é", "ERROR", '"', "\ud800"])
_TEXTS = st.text(max_size=8) | st.sampled_from(
    ["level", '"level":"info",', "{", "]}", "\\", 'a"', "\0", "unknown", "-1"]
)
_PLAIN = _TEXTS | st.none() | st.booleans() | st.integers(-5, 5) | st.floats(allow_nan=False, allow_infinity=False)
_VALUES = st.recursive(
    _PLAIN,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["n", "level", "a/b", "é", "list", "body", "trace"]) | _TEXTS, inner, max_size=3
        )
    ),
    max_leaves=8,
)
_MORE = st.dictionaries(
    st.sampled_from(["custom", "title", "person", "request", "metadata", "language", "odd", "nothing", "server"]),
    _VALUES,
    max_size=4,
)


@st.composite
def written(draw: st.DrawFn) -> tuple[dict[str, Any], str]:
    """Draw the ``data`` of an item that the server takes, its keys in any order, and one of the ways to write it."""
    more = draw(_MORE)
    for name in ("custom", "request", "server", "person"):
        if not isinstance(more.get(name, {}), dict):
            more[name] = {"id": more[name], "url": more[name], "n": more[name]}
    for name in ("title", "language"):
        if not isinstance(more.get(name, ""), str):
            del more[name]
    given_data = {"environment": "test", "body": draw(_BODIES), **more}
    level = draw(_LEVELS)
    given_data |= {} if level is None and draw(st.booleans()) else {"level": level}
    data = dict(draw(st.permutations(list(given_data.items()))))
    spaces = draw(st.sampled_from([(",", ":"), (", ", ": "), (" ,\n", "\t:  ")]))
    return data, json.dumps(data, separators=spaces, ensure_ascii=draw(st.booleans()))


def arrived(data: dict[str, Any], written_as: str | None) -> str:
    """Return the JSON text that the server stores; half a surrogate pair cannot be in what was sent as it is."""
    if written_as is not None:
        try:
            written_as.encode()
        except UnicodeEncodeError:
            written_as = json.dumps(data)
    return arrival_of(data, Sender(PROJECT, "token", "127.0.0.1", NOW, 100), text=written_as).data


def at(value: Any, path: str) -> Any:
    """Return what is at a path, plainly."""
    for part in path.split("."):
        if isinstance(value, list):
            value = value[int(part)] if part.isdecimal() and int(part) < len(value) else None
        else:
            value = value.get(part) if isinstance(value, dict) else None
    return value


def plain(value: Any) -> Any:
    """Return a value as a query shows it."""
    if isinstance(value, (dict, list)):
        value = json.dumps(value, ensure_ascii=False)
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode().replace("\0", "\ufffd")
    return int(value) if isinstance(value, bool) else value


@settings(max_examples=300, deadline=None)
@given(written(), st.permutations(PATHS))
@example(({"environment": "t", "body": {"message": {"body": "m"}}, "level": ""}, ""), ["level"])
def test_a_path_leads_to_what_is_there(sent: tuple[dict[str, Any], str], paths: list[str]) -> None:
    """Whichever path is asked for first, and whatever else is in the text."""
    stored = arrived(sent[0], sent[1] or None)
    packed, data = pack(stored), json.loads(stored)
    payloads, level = Payloads(), Payloads().level(packed)
    found = {path: payloads.at_path(packed, path) for path in paths}

    assert found == {path: plain(at(data, path)) for path in paths}
    assert level == plain(data["level"])
    kind = body_kind(packed)
    assert kind is None or at(data, f"body.{kind}") is not None


def test_keys_in_other_letters_are_found() -> None:
    """JSON may write any letter as a number."""
    text_of = r'{"\u006cevel":"info","c\u0075stom":{"\u006e":1},"b\u006fdy":{"trace\u005fchain":[{}]}}'
    packed = pack(text_of)
    payloads = Payloads()

    assert (payloads.level(packed), payloads.at_path(packed, "custom.n"), body_kind(packed)) == ("info", 1, None)
    assert Payloads().at_path(pack(r'{"\/":1,"a\/b":{"c":2}}'), "a/b.c") == 2


@pytest.mark.parametrize("broken", [b"", b"\x01\x02", pack("[")[:-4], pack('{"level":'), None, 7, "text"])
def test_what_is_no_payload_has_nothing(broken: Any) -> None:
    """And raises nothing."""
    payloads = Payloads()

    assert (payloads.at_path(broken, "custom.n"), payloads.level(broken), body_kind(broken)) == (None, None, None)


@pytest.fixture
def raised(either_database: Path | str) -> Iterator[Store]:
    """A database of each kind with exceptions in several forms, and messages."""
    store = open_store(either_database, NOW)
    bodies = [
        {"trace": TRACE},
        {"trace_chain": [TRACE]},
        {"trace": None, "trace_chain": [TRACE]},
        {"message": {"body": "boom"}},
        {"trace": {"frames": [], "exception": {"class": "12", "message": ""}}},
        {"trace_chain": [{"frames": [], "exception": {"class": "unknown", "message": "L" * 300}}]},
        {"trace": {"frames": [], "exception": {"class": "\ud800", "message": "trace_chain"}}},
    ]
    sent = [{"environment": "test", "custom": {"trace": 1}, "body": body} for body in bodies]
    sent.append({"environment": "test", "custom": {"trace": {"exception": {"class": "No"}}}, "body": {"trace": TRACE}})
    with closing(store):
        with store.writer.begin() as connection:
            sender = Sender(PROJECT, "token", "", NOW, 100)
            add_all(connection, [arrival_of(data, sender) for data in sent], NOW)
        yield store


def asked(store: Store, query: str) -> list[list[Any]]:
    """Return the rows of a query."""
    with (store.readers or store.writer).connect() as connection:
        result = run_rql(connection, PROJECT, query, now=NOW)
    assert result.errors == []
    return result.rows


def test_exceptions_are_found_where_they_are(raised: Store) -> None:
    """A trace is none of a chain, and a chain no trace, though both have the same columns."""
    with raised.writer.connect() as connection:
        stored = [
            json.loads(each) for each in connection.scalars(select(occurrences.c.data).order_by(occurrences.c.id))
        ]
    for paths in (*([path] for path in RAISED.values()), [*RAISED.values(), "level", "custom.trace"]):
        query = f"SELECT {', '.join(paths)} FROM item_occurrence ORDER BY occurrence_id"
        expected = [[plain(at(data, path)) for path in paths] for data in stored]
        for row in expected:
            row[:] = [value.replace(" ", "") if value and "{" in str(value) else value for value in row]
        found = asked(raised, query)
        assert [
            [value.replace(" ", "") if value and "{" in str(value) else value for value in row] for row in found
        ] == expected


def test_what_has_a_column_is_taken_from_it(raised: Store) -> None:
    """No payload need be read for it: shown by columns that say something else."""
    with raised.writer.begin() as connection:
        first = occurrences.c.id == 1
        changed = {"exception_class": "Lifted", "exception_message": "so", "host": "there", "request_url": "http://up"}
        connection.execute(update(occurrences).where(first).values(changed))

    found = asked(
        raised,
        "SELECT body.trace.exception.class, body.trace.exception.message, body.trace_chain.0.exception.class, "
        "server.host, request.url, count(*) FROM item_occurrence WHERE occurrence_id = 1 GROUP BY 1, 2, 3, 4, 5",
    )
    assert found == [["Lifted", "so", None, "there", "http://up", 1]]


def test_of_two_equal_parts_the_later_one_counts(either_database: Path | str) -> None:
    """The server puts what it made of some parts at the end of what was sent, and does not take the first one out."""
    data = {"environment": "e", "body": {"message": {"body": "m"}}, "metadata": {"mine": 1}, "person": {"id": "p" * 50}}
    store = open_store(either_database, NOW)
    with closing(store):
        with store.writer.begin() as connection:
            sender = Sender(PROJECT, "token", "", NOW, 100)
            add_all(connection, [arrival_of(data, sender, text=json.dumps(data))], NOW)

        for paths in (
            ["metadata.mine"],
            ["person.id"],
            ["metadata.mine", "person.id", "body.message.body", "custom.n"],
        ):
            wanted = {"metadata.mine": None, "person.id": "p" * 40, "body.message.body": "m", "custom.n": None}
            assert asked(store, f"SELECT {', '.join(paths)} FROM item_occurrence") == [[wanted[path] for path in paths]]


def test_few_paths_are_read_out_of_the_text(postgres_url: str) -> None:
    """PostgreSQL makes nothing else of the payload: shown by a number that is longer than any that it can make."""
    store = open_store(postgres_url, NOW)
    with closing(store):
        with store.writer.begin() as connection:
            data = item("boom", custom={"n": 7, "t": "x"})["data"]
            huge = json.dumps({**data, "huge": 0}).replace('"huge": 0', '"huge": ' + "9" * 140_000)
            stored = arrival_of(data, Sender(PROJECT, "token", "", NOW, 100))._replace(data=huge)
            add_all(connection, [stored], NOW)

        assert asked(store, "SELECT custom.n, custom.t, body.message.body FROM item_occurrence") == [[7, "x", "boom"]]


@contextmanager
def calls_counted(*functions: Any) -> Iterator[Counter[Any]]:
    """Count the calls of functions that are written in C, on this thread."""
    counted: Counter[Any] = Counter()

    def note(_frame: Any, event: str, argument: Any) -> None:
        if event == "c_call" and argument in functions:
            counted[argument] += 1

    sys.setprofile(note)
    try:
        yield counted
    finally:
        sys.setprofile(None)


@pytest.mark.parametrize(
    ("query", "unpacked", "read"),
    [
        (
            "SELECT custom.n, custom.t, count_distinct(custom.f), max(custom.list) FROM item_occurrence GROUP BY 1, 2",
            7,
            7,
        ),
        ("SELECT custom.n FROM item_occurrence WHERE custom.n > 0 AND lower(environment) = 'prod'", 1, 1),
        ("SELECT nowhere.at.all, count(*) FROM item_occurrence GROUP BY 1", 7, 2),
        ("SELECT body.trace_chain.0.exception.class, count(*) FROM item_occurrence GROUP BY 1", 0, 0),
        ("SELECT level, count(*) FROM item_occurrence GROUP BY 1", 3, 3),
    ],
)
def test_no_payload_is_read_twice_or_needlessly(lite: Asker, query: str, unpacked: int, read: int) -> None:
    """Of the seven: once for all paths of a row, not at all where a cheaper condition or a column decides."""
    loads = pytest.importorskip("orjson").loads
    with calls_counted(zlib.decompress, loads) as counted:
        assert lite.run(query).errors == []

    assert counted[zlib.decompress] <= unpacked
    assert counted[loads] <= read


def test_plans_keep_no_payloads(asker: Asker) -> None:
    """PostgreSQL would look each payload up among those before, of which none is the same."""
    if asker.dialect != "postgresql":
        pytest.skip("SQLite has no such plans")
    setting = text("SELECT current_setting('enable_memoize', true)")
    with asker.store.writer.connect() as connection:
        before = connection.scalar(setting)
        assert run_rql(connection, PROJECT, "SELECT custom.n FROM item_occurrence", now=NOW).errors == []
        during = connection.scalar(setting)
        connection.rollback()

        assert (before, during, connection.scalar(setting)) in {("on", "off", "on"), (None, None, None)}
