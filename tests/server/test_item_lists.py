"""Lists of items and occurrences: every filter, the search box, and paging while more arrives; on both databases."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from rollbar_logging.server import LocalServer
from tests.server.conftest import Caller, error_item, frame, item
from tests.server.postgres import Cluster

HEX_UUID = "7d4448409dc041d1b2455ffdce74fad2"
DASHED_UUID = "6ba7b810-9dad-41d1-80b4-00c04fd430c8"


def result(answer: Any) -> Any:
    """Return the result of a successful answer."""
    assert (answer.status_code, answer.json()["err"]) == (200, 0), answer.text
    return answer.json()["result"]


def fill(caller: Caller) -> None:
    """Let five items arrive, numbered 1 to 5, and change some of them."""
    payloads: list[Any] = [
        error_item(
            "card 4111 declined",
            uuid=DASHED_UUID,
            language="python 3.12.1",
            platform="linux",
            framework="django",
            code_version="1.2.3",
            context="shop.views#pay",
            person={"id": 42, "username": "ann", "email": "Ann@example.org"},
            request={"url": "https://shop.example/pay?x=1", "method": "POST", "user_ip": "203.0.113.7"},
            server={"host": "web-1", "root": "/app"},
            notifier={"name": "pyrollbar"},
        ),
        item("disk 100% full", uuid=HEX_UUID, level="critical", environment="staging", server={"host": "db_1"}),
        item('say "hello" to C:\\temp', level="warning", platform="browser", fingerprint="f" * 40),
        item("Grüße aus der Ferne", level="debug", framework="rails"),
        item("quiet", level="info"),
    ]
    for payload in payloads:
        assert caller.post(payload).status_code == 200
    for number, fields in {2: {"status": "resolved"}, 4: {"status": "muted"}, 3: {"assigned_user_id": 1}}.items():
        answer = caller.call("PATCH", f"item/{number}", "write", json=fields)
        assert answer.status_code == 200, answer.text


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def filled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Caller]:
    """A server of each database with five items, for those who only read."""
    if request.param == "sqlite":
        database: Path | str = tmp_path_factory.mktemp("lists") / "local.db"
    else:
        cluster: Cluster = request.getfixturevalue("postgres_cluster")
        database = cluster.new_database()
    with LocalServer(database=database, rate_limit=None) as server:
        caller = Caller(server)
        with caller.session:
            fill(caller)
            yield caller


@pytest.mark.parametrize(
    ("query", "counters"),
    [
        ("", [5, 4, 3, 2, 1]),
        ("status=active", [5, 3, 1]),
        ("status=resolved&status=muted", [4, 2]),
        ("status=archived", []),
        ("level=critical", [2]),
        ("level=debug&level=info", [5, 4]),
        ("environment=staging", [2]),
        ("environment=staging&environment=test", [5, 4, 3, 2, 1]),
        ("framework=django&framework=rails", [4, 1]),
        ("framework=unknown", [5, 2]),
        ("framework=browser-js", [3]),
        ("assigned_user=assigned", [3]),
        ("assigned_user=unassigned", [5, 4, 2, 1]),
        ("assigned_user=nobody-of-that-name", []),
        ("assigned_team=7", []),
        ("ids=1,3", [3, 1]),
        ("ids=1,3&status=active&level=error", [1]),
        ("ids=999", []),
        ("is_snoozed=true", []),
        ("is_snoozed=false", [5, 4, 3, 2, 1]),
        ("limit=2", [5, 4]),
        ("limit=2&page=2", [3, 2]),
        ("limit=2&page=3", [1]),
        ("limit=2&page=4", []),
        ("query=quiet&level=info", [5]),
        ("query=quiet&level=error", []),
    ],
)
def test_every_filter(filled: Caller, query: str, counters: list[int]) -> None:
    """A filter that is given twice is an "or", different ones are an "and"; the newest comes first."""
    found = result(filled.get(f"items?{query}"))

    assert [each["counter"] for each in found["items"]] == counters
    if "limit" not in query:
        assert found["total_count"] == len(counters)


@pytest.mark.parametrize(
    ("search", "counters"),
    [
        ("declined", [1]),
        ("DECLINED card", [1]),
        ("declined card nothing", []),
        ("title:ValueError", [1]),
        ("title:declined", []),
        ("title:%declined", [1]),
        ('"card 4111"', [1]),
        ('"4111 card"', []),
        ("100\\%", [2]),
        ("100%ful_", [2]),
        ("c_rd", [1]),
        ("c\\_rd", []),
        ("#3", [3]),
        ("#99", []),
        ("#3 hello", [3]),
        ("#3 quiet", []),
        ('"\\"hello\\""', [3]),
        ("temp", [3]),
        ("C:\\\\temp", None),
        ("Grüße", [4]),
        ("host:web", [1]),
        ("host:db\\_1", [2]),
        ('host:"web"', []),
        ('host:"web-1"', [1]),
        ("context:shop.views", [1]),
        ("ip:203.0", [1]),
        ("user_id:42", [1]),
        ("username:ann", [1]),
        ("email:ann@", [1]),
        ("code_version:1.2", [1]),
        (f"fingerprint:{'f' * 40}", [3]),
        (f"uuid:{DASHED_UUID}", [1]),
        (f'uuid:"{HEX_UUID}"', [2]),
        ("file:/app/store.py", [1]),
        ('file:"/app/view.py"', [1]),
        ('file:"/app/view"', []),
        ("method:load", [1]),
        ("topfile:/app/main", [1]),
        ("bottomfile:/app/view", [1]),
        ("exception_class:ValueError", [1]),
        ("exception_message:card", [1]),
        ("platform:browser", [3]),
        ("language:python", [1]),
        ("notifier_name:pyroll", [1]),
        ("server_root:/app", [1]),
        ("request_url:https", [1]),
        ("request_method:POST", [1]),
        ("level:critical host:db", [2]),
        ("level:critical host:web", []),
        ("has:comments", []),
        ("is:group", []),
        ("has:wings", None),
        ("'; DROP TABLE items; --", []),
        ("", [5, 4, 3, 2, 1]),
    ],
)
def test_the_search_box(filled: Caller, search: str, counters: list[int] | None) -> None:
    """Words, fields, wildcards, quotes, escapes and numbers find what they say; a field that is none is refused."""
    answer = filled.get(f"items?query={quote(search)}")

    if counters is None:
        assert (answer.status_code, "there is no field" in answer.json()["message"]) == (422, True)
    else:
        assert [each["counter"] for each in result(answer)["items"]] == counters


@pytest.mark.parametrize(
    "query",
    [
        "page=0",
        "page=-1",
        "page=1.5",
        "page=99999999999999999999",
        "limit=0",
        "limit=5001",
        "ids=1,x",
        "ids=99999999999999999999",
        "assigned_team=x",
        "is_snoozed=perhaps",
        "assigned_user=ann&assigned_team=1",
        "query=nofield%3Ax",
        "query=" + "a+" * 21,
        pytest.param(f"query=host:%22{'_' * 26_000}%22", id="a long term"),
    ],
)
def test_a_filter_that_cannot_be_is_refused(filled: Caller, query: str) -> None:
    """What cannot be understood is said with 422, never answered with everything."""
    answer = filled.get(f"items?{query}")
    assert (answer.status_code, answer.json()["message"].startswith("Invalid format. ")) == (422, True)


@pytest.mark.parametrize("query", ["status=%00", "query=%00", "query=title%3A%00", "query=%ff", "environment=%ff%00"])
def test_odd_characters_find_nothing_and_disturb_nothing(filled: Caller, query: str) -> None:
    """Bytes that no database keeps are no reason for an error."""
    assert result(filled.get(f"items?{query}"))["page"] == 1


@pytest.mark.parametrize(
    ("given", "counter"),
    [(DASHED_UUID, 1), (DASHED_UUID.replace("-", ""), 1), (DASHED_UUID.upper(), 1), (HEX_UUID, 2)],
)
def test_a_uuid_is_found_in_each_of_its_forms(filled: Caller, given: str, counter: int) -> None:
    """With dashes or without, in large letters or small."""
    assert result(filled.get(f"item/?uuid={given}"))["counter"] == counter


def test_the_undocumented_search_answers_chosen_fields(filled: Caller) -> None:
    """The search that the client for Python calls: by title, with the fields it names."""
    found = result(filled.get("search/?title=declined&fields=counter,title,nothing&status=active"))
    assert found["items"] == [{"counter": 1, "title": "ValueError: card 4111 declined"}]
    assert found["page"] == 1


def test_following_the_last_id_misses_and_repeats_nothing(either_caller: Caller) -> None:
    """While new occurrences come, who pages backwards from an id sees each older one exactly once."""
    for number in range(40):
        assert either_caller.post(item(f"m{number}", uuid=f"old{number}")).status_code == 200
    other = Caller(either_caller.server)
    stop = threading.Event()

    def keep_posting() -> None:
        number = 0
        while not stop.is_set() and number < 500:
            other.post([item(uuid=f"new{number}-{each}", fingerprint="x") for each in range(5)], path="item_batch")
            number += 1

    posting = threading.Thread(target=keep_posting)
    posting.start()
    try:
        ids, seen = [], []
        last = ""
        while page := result(either_caller.get(f"instances?limit=7{last}"))["instances"]:
            ids += [each["id"] for each in page]
            seen += [each["data"]["uuid"] for each in page]
            last = f"&lastId={page[-1]['id']}"
    finally:
        stop.set()
        posting.join(30)
        other.session.close()

    assert ids == sorted(set(ids), reverse=True)
    assert ids == list(range(ids[0], 0, -1))
    assert seen[-40:] == [f"old{number}" for number in reversed(range(40))]


def test_the_last_id_beats_the_page_and_stays_in_its_item(either_caller: Caller) -> None:
    """``lastId`` overrides ``page``, also within an item, and ends at an id that is not there."""
    for number in range(6):
        either_caller.post(item(f"{'even' if number % 2 == 0 else 'odd'} one"))

    def ids(path: str) -> list[int]:
        return [each["id"] for each in result(either_caller.get(path))["instances"]]

    assert ids("instances?lastId=4&page=3&limit=2") == [3, 2]
    assert ids("item/1/instances") == [5, 3, 1]
    assert ids("item/1/instances?lastId=5&limit=1") == [3]
    assert ids("item/1/instances?lastId=4") == [3, 1]
    assert ids("item/1/instances?page=2&limit=2") == [1]
    assert ids("instances?lastId=1") == []


def test_a_deleted_occurrence_is_gone_and_stays_counted(either_caller: Caller) -> None:
    """DELETE takes the occurrence away; its item's count stays, and its uuid may come again."""
    for _ in range(2):
        either_caller.post(item("m"))
    done = either_caller.call("DELETE", "instance/1", "write")
    assert (done.status_code, done.json()["err"], "message" in done.json()) == (200, 0, True)

    assert either_caller.get("instance/1").status_code == 404
    assert either_caller.call("DELETE", "instance/1", "write").status_code == 404
    assert result(either_caller.get("item/1"))["total_occurrences"] == 2
    assert [each["id"] for each in result(either_caller.get("item/1/instances"))["instances"]] == [2]


def test_a_page_of_many_items(either_caller: Caller) -> None:
    """A hundred items a page, the last active first, each in exactly one."""
    either_caller.post([item(f"{'x' * number} end") for number in range(1, 206)], path="item_batch")
    pages = [result(either_caller.get(f"items?page={page}")) for page in (1, 2, 3, 4)]

    assert [len(page["items"]) for page in pages] == [100, 100, 5, 0]
    assert {page["total_count"] for page in pages} == {205}
    assert [each["counter"] for page in pages for each in page["items"]] == list(range(205, 0, -1))


def test_frames_of_every_trace_are_searched(either_caller: Caller) -> None:
    """Files and functions of the causes are found too."""
    payload = error_item()
    payload["data"]["body"]["trace_chain"][1]["frames"].append(frame("/lib/deep.py", "dig", 1))
    either_caller.post(payload)

    for search in ("file:/lib/deep", "method:dig", 'method:"run"'):
        assert result(either_caller.get(f"items?query={quote(search)}"))["total_count"] == 1


def test_no_number_is_told_of_more_than_a_hundred_thousand_items(tmp_path: Path) -> None:
    """The API counts so far; a page of the items is told all the same."""
    file = tmp_path / "local.db"
    with LocalServer(database=file) as server:
        assert Caller(server).post(item("many")).status_code == 200
    with closing(sqlite3.connect(file)) as database, database:
        own = {"id": "id + n", "counter": "counter + n", "hash": "'h' || n", "level": "'debug'"}
        names = [name for _, name, *_ in database.execute("PRAGMA table_info(items)")]
        values = ", ".join(own.get(name, name) for name in names)
        upto = "WITH RECURSIVE up(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM up WHERE n < 100000)"
        many = f"{upto} INSERT INTO items ({', '.join(names)}) SELECT {values} FROM items, up"  # noqa: S608 - of the test's own
        database.execute(many)
    with LocalServer(database=file, tokens={"read": "r" * 32}) as server:
        caller = Caller(server)
        told = [caller.get(f"{path}&limit=1").json()["result"] for path in ("items?", "search?", "items?level=debug")]

    assert [page["total_count"] for page in told] == [None, None, 100_000]
    assert [len(page["items"]) for page in told] == [1, 100, 1]
