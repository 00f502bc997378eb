"""Tables, columns, GROUP BY, ORDER BY and LIMIT."""

# ruff: noqa: S608 - what is put together here is RQL, which is to bear whatever stands in it

from __future__ import annotations

import pytest

from rollbar_logging.server.ids import framework_id, level_id, platform_id, status_id
from rollbar_logging.server.rql.values import COMPARISONS
from tests.server.rql.samples import LONG, NOW, PAYLOADS, PROJECT, Asker

ITEM_COLUMNS = [
    *("id", "counter", "environment", "hash", "first_occurrence_id", "first_occurrence_timestamp"),
    *("activating_occurrence_id", "last_activated_timestamp", "last_resolved_timestamp", "last_muted_timestamp"),
    *("last_occurrence_id", "last_occurrence_timestamp", "last_modified_by", "assigned_user_id"),
    *("resolved_in_version", "title", "total_occurrences"),
]


def test_columns_of_items(asker: Asker) -> None:
    """Each column of an item has what the item has; names with ids are those ids."""
    selected = ", ".join(f"item.{name}" for name in ITEM_COLUMNS)
    numbered = "item.level, item.status, item.framework, item.platform"
    for occurrence, item in asker.items().items():
        ((*plain, level, status, framework, platform),) = asker.ask(
            f"SELECT {selected}, {numbered} FROM item_occurrence WHERE occurrence_id = {occurrence}"
        )
        assert plain == [getattr(item, name) for name in ITEM_COLUMNS]
        assert (level, status) == (level_id(item.level), status_id(item.status))
        assert (framework, platform) == (framework_id(item.framework), platform_id(item.platform))


def test_ids_of_the_first_item(asker: Asker) -> None:
    """A warning of Django on Heroku."""
    query = "SELECT item.level, item.status, item.framework, item.platform FROM item_occurrence WHERE item.counter = 1"

    assert asker.ask(query)[0] == [30, 1, 2, 5]


def test_columns_of_occurrences(asker: Asker) -> None:
    """The columns that are no item's, and those that stand for a path."""
    assert asker.values("occurrence_id") == sorted(asker.data)
    assert asker.values("timestamp") == [NOW + index * 3600 for index in range(len(PAYLOADS))]
    assert set(asker.values("project_slug")) == {"local"}
    assert set(asker.values("project_id")) == {PROJECT}
    assert asker.values("server.pid") == [42, *[None] * 6]
    assert asker.values("server.cpu") == ["x86_64", *[None] * 6]
    assert asker.values("browser") == [*[None] * 5, "Mozilla/5.0", None]
    assert asker.values("os") == [*[None] * 5, "Linux", None]
    assert asker.values("metadata.timestamp_ms")[0] == NOW * 1000 + 750


@pytest.mark.parametrize(
    "path",
    [
        *("uuid", "environment", "framework", "level", "language", "platform", "title", "context", "code_version"),
        *("server.host", "server.root", "request.url", "request.method", "request.user_ip", "notifier.name"),
        *("person.id", "person.username", "person.email", "server.code_version", "body.trace.exception.class"),
        *("body.trace_chain.0.exception.class", "body.trace_chain.0.exception.message", "timestamp"),
        "body.message.body",
    ],
)
def test_paths_that_have_columns_give_what_the_payload_has(asker: Asker, path: str) -> None:
    """Where a text was lifted out of the payload the value is still the payload's: long, empty or missing."""
    expected = []
    for data in asker.data.values():
        found = data
        for part in path.split("."):
            found = found[int(part)] if isinstance(found, list) else (found or {}).get(part)
        expected.append(found.replace("\ud800", "?").replace("\0", "\ufffd") if isinstance(found, str) else found)

    assert asker.values(path) == expected
    for value in {value for value in expected if isinstance(value, str) and "?" not in value and "\\" not in value}:
        found = asker.ask(f"SELECT count(*) FROM item_occurrence WHERE {path} = '{value}' AND occurrence_id > 0")
        assert found == [[expected.count(value)]], value
        within = asker.ask(f"SELECT count(*) FROM item_occurrence WHERE {path} IN ('{value}', 'another')")
        assert within == [[expected.count(value)]], value


def test_a_long_text_is_whole(asker: Asker) -> None:
    """A column keeps 255 characters of an address; RQL gives, and compares, all of it."""
    assert len(LONG) == 300
    assert asker.ask(f"SELECT request.url FROM item_occurrence WHERE request.url = '{LONG}'") == [[LONG]]
    assert asker.ask(f"SELECT request.url FROM item_occurrence WHERE request.url = '{LONG[:255]}'") == []


def test_deploys(asker: Asker) -> None:
    """The columns of deploys; the newest is first."""
    rows = asker.ask("SELECT * FROM deploy")

    assert [row[1:-1] for row in rows] == [
        [None, "test", "r2", None, None, NOW + 1],
        [None, "prod", "r1", "ann", "first", NOW],
    ]
    assert asker.run("SELECT * FROM deploy").columns == [
        *("id", "user_id", "environment", "revision", "local_username", "comment", "timestamp", "project_slug")
    ]
    assert asker.ask("SELECT environment, count(*) FROM deploy GROUP BY 1 ORDER BY 1") == [["prod", 1], ["test", 1]]
    assert asker.ask(f"SELECT revision FROM deploy WHERE timestamp > {NOW}") == [["r2"]]
    assert "deploy has no column uuid" in asker.refusal("SELECT uuid FROM deploy")


def test_everything(asker: Asker) -> None:
    """The star stands for the columns that are always there, also beside others."""
    result = asker.run("SELECT *, uuid FROM item_occurrence LIMIT 1")

    assert result.columns[-1] == "uuid"
    assert set(result.columns[:-1]) == {f"item.{name}" for name in ITEM_COLUMNS} | {
        *("item.level", "item.status", "item.framework", "item.platform"),
        *("occurrence_id", "project_slug", "timestamp"),
    }
    assert len(result.rows[0]) == len(result.columns) == 25


def test_show_tables(asker: Asker) -> None:
    """The one query that is no SELECT."""
    assert asker.ask(" SHOW  tables ;") == [["item_occurrence"], ["deploy"]]


def test_nobody_sees_another_projects_rows(asker: Asker) -> None:
    """Whatever the condition says."""
    assert asker.ask("SELECT count(*) FROM item_occurrence WHERE 1 = 1 OR project_id = 2 OR project_id > 0") == [[7]]
    assert asker.ask("SELECT custom.n FROM item_occurrence WHERE custom.n = 99") == []
    other = asker.run("SELECT custom.n, project_slug FROM item_occurrence", project_id=asker.other_project)
    assert other.rows == [[99, "other"]]
    assert asker.run("SELECT * FROM deploy", project_id=asker.other_project).rows == []


def test_grouping(asker: Asker) -> None:
    """By name, by place, by an expression, by several; NULL is a group."""
    hosts = [[None, 2], ["", 1], ["web1", 3], ["web2", 1]]
    by_name = "SELECT server.host, count(*) FROM item_occurrence GROUP BY server.host ORDER BY server.host"

    assert asker.ask(by_name) == hosts
    assert asker.ask("SELECT server.host, count(*) FROM item_occurrence GROUP BY 1") == hosts
    assert asker.ask(
        "SELECT concat(left(server.host, 3), '!'), count(*) FROM item_occurrence "
        "WHERE server.host LIKE 'web%' GROUP BY left(server.host, 3)"
    ) == [["web!", 4]]
    assert asker.ask("SELECT custom.n, custom.t, count(*) FROM item_occurrence WHERE custom.n = 10 GROUP BY 1, 2") == [
        [10, "", 1],
        [10, "x%y_z\\w", 1],
    ]
    assert asker.ask(
        f"SELECT (timestamp - {NOW}) DIV 7200, count(*) FROM item_occurrence GROUP BY 1 ORDER BY 2 DESC, 1"
    ) == [[0, 2], [1, 2], [2, 2], [3, 1]]
    assert asker.ask("SELECT count(*) FROM item_occurrence GROUP BY item.level ORDER BY item.level DESC") == [
        *([1], [1], [1], [4])
    ]


def test_ordering(asker: Asker) -> None:
    """NULL is least, then numbers, then texts; ties and all else are ordered from the newest."""
    by_number = "SELECT custom.n FROM item_occurrence ORDER BY "
    ascending = [[None], [-4], [0], [3], [10], [10], ["12"]]

    assert asker.ask(by_number + "custom.n") == ascending
    assert asker.ask(by_number + "1 ASC") == ascending
    assert asker.ask(by_number + "custom.n DESC") == ascending[::-1]
    assert asker.ask("SELECT custom.n, occurrence_id FROM item_occurrence WHERE custom.n = 10 ORDER BY 1") == [
        [10, 4],
        [10, 3],
    ]
    assert asker.ask("SELECT occurrence_id FROM item_occurrence") == [[number] for number in range(7, 0, -1)]
    assert asker.ask("SELECT custom.t FROM item_occurrence WHERE custom.t > '' ORDER BY custom.t") == [
        *(["ABD"], ["abc"], ["half ? é"], ["x%y_z\\w"])
    ]
    by_count = "SELECT server.host, count(*) FROM item_occurrence GROUP BY 1 ORDER BY count(*) DESC, 1 DESC LIMIT 2"
    assert asker.ask(by_count) == [["web1", 3], [None, 2]]


@pytest.mark.parametrize("sign", ["=", "!=", "<", "<=", ">", ">="])
@pytest.mark.parametrize("shift", [0, 1, 3600, 0.5])
def test_times(asker: Asker, sign: str, shift: float) -> None:
    """The whole seconds are compared, though occurrences were received three quarters of a second later."""
    seconds = [NOW + index * 3600 for index in range(len(PAYLOADS))]
    expected = [each for each in seconds if COMPARISONS[sign](each, NOW + 3600 + shift)]

    query = f"SELECT timestamp FROM item_occurrence WHERE timestamp {sign} unix_timestamp() + 3600 + {shift} ORDER BY 1"
    assert asker.ask(query) == [[each] for each in expected]
    between = f"WHERE timestamp BETWEEN {NOW} AND {NOW + 3600} AND occurrence_id > 0"
    assert asker.ask(f"SELECT count(*) FROM item_occurrence {between}") == [[2]]


def test_limits(asker: Asker) -> None:
    """LIMIT is kept to; what is over a thousand is taken as a thousand, and said."""
    assert len(asker.ask("SELECT uuid FROM item_occurrence LIMIT 3")) == 3
    assert asker.ask("SELECT uuid FROM item_occurrence LIMIT 0") == []
    assert asker.run("SELECT uuid FROM item_occurrence LIMIT 5000").warnings == [
        "LIMIT 5000 was taken as 1000, which is the most."
    ]


def test_warnings(asker: Asker) -> None:
    """What works, and may be meant otherwise."""
    assert "no column item.levle" in asker.run("SELECT item.levle FROM item_occurrence").warnings[0]
    assert "ORDER BY" in asker.run("SELECT uuid FROM item_occurrence ORDER BY timestamp").warnings[0]
    assert asker.run("SELECT uuid FROM item_occurrence ORDER BY uuid").warnings == []


REFUSED = {
    "SELECT a FROM items": "no table items",
    "SELECT a FROM `sqlite_master`": "no table sqlite_master",
    "SELECT a FROM access_tokens": "no table access_tokens",
    "SELECT * FROM item_occurrence GROUP BY item.id": "* cannot be selected",
    "SELECT uuid, count(*) FROM item_occurrence": "uuid has to be in GROUP BY",
    "SELECT uuid FROM item_occurrence GROUP BY item.id": "uuid has to be in GROUP BY",
    "SELECT count(*) FROM item_occurrence ORDER BY uuid": "uuid has to be in GROUP BY",
    "SELECT item.id FROM item_occurrence WHERE count(*) > 1": "WHERE cannot contain",
    "SELECT count(*) FROM item_occurrence GROUP BY count(*)": "GROUP BY cannot contain",
    "SELECT count(*) FROM item_occurrence GROUP BY 1": "GROUP BY cannot contain",
    "SELECT max(min(uuid)) FROM item_occurrence": "another aggregate",
    "SELECT uuid FROM item_occurrence ORDER BY 2": "has 1 expressions",
    "SELECT uuid FROM item_occurrence ORDER BY 0": "has 1 expressions",
    "SELECT uuid FROM item_occurrence GROUP BY 7": "has 1 expressions",
    "SELECT sum(*) FROM item_occurrence": "*",
    "SELECT lower(*) FROM item_occurrence": "*",
    "SELECT lower() FROM item_occurrence": "takes 1 argument, not 0",
    "SELECT left('a') FROM item_occurrence": "takes 2 arguments, not 1",
    "SELECT substring('a') FROM item_occurrence": "takes 2 to 3 arguments",
    "SELECT concat() FROM item_occurrence": "at least 1",
    "SELECT unix_timestamp(1) FROM item_occurrence": "takes 0 arguments",
    "SELECT if(1, 2) FROM item_occurrence": "takes 3 arguments",
    "SELECT count(a, b) FROM item_occurrence": "takes 1 argument",
    "SELECT count() FROM item_occurrence": "takes 1 argument",
    "SELECT uuid IS 5 FROM item_occurrence": "IS compares with",
    "SELECT uuid FROM item_occurrence WHERE lower(uuid, 1)": "takes 1 argument",
}


def test_what_cannot_be_answered_is_said(asker: Asker) -> None:
    """The same sentence for both databases, before either is asked."""
    told = {query: asker.refusal(query) for query in REFUSED}

    assert {query for query, part in REFUSED.items() if part not in told[query]} == set()
