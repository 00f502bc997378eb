"""`LocalServer`: starting, ending, and what is left."""

from __future__ import annotations

import gc
import logging
import sqlite3
import stat
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from rollbar_logging.errors import RollbarError
from rollbar_logging.server import LocalServer
from tests.server.conftest import Caller, item


def post(server: LocalServer, text: str = "boom", **data: object) -> int:
    """Post one item over a connection of its own; return the status."""
    caller = Caller(server)
    with caller.session:
        return int(caller.post(item(text, **data)).status_code)


def test_it_leaves_no_thread_and_no_socket() -> None:
    """After ``with`` the threads are gone, the port refuses, and nothing is left to be collected with a warning."""
    before = set(threading.enumerate())
    with LocalServer() as server:
        idle = requests.Session()
        with idle:
            assert idle.get(server.endpoint + "status/ping").text == "pong"
            assert {thread.name for thread in set(threading.enumerate()) - before} == {
                "rollbar-local-server",
                "rollbar-local-database",
            }
            server.stop()
        url = server.url

    assert set(threading.enumerate()) == before
    with pytest.raises(requests.ConnectionError):
        requests.get(url, timeout=5)
    gc.collect()


def test_many_callers_at_once_are_all_answered() -> None:
    """What eight connections post at the same time is stored, each item once, and counted exactly."""
    with LocalServer() as server:

        def post_many(worker: int) -> list[int]:
            caller = Caller(server)
            with caller.session:
                return [caller.post(item("same", uuid=f"{worker}-{number}")).status_code for number in range(40)]

        with ThreadPoolExecutor(8) as pool:
            statuses = [status for answered in pool.map(post_many, range(8)) for status in answered]

        assert statuses == [200] * 320
        assert {arrived.uuid for arrived in server.occurrences()} == {f"{w}-{n}" for w in range(8) for n in range(40)}
        (same,) = server.items()
        assert (same.total_occurrences, server.stats().stored) == (320, 320)


def test_what_was_answered_is_in_the_file(tmp_path: Path) -> None:
    """An item that was answered 200 can be read from the file by another process at once."""
    path = tmp_path / "local.db"
    with LocalServer(database=path) as server:
        assert post(server, uuid="u-1") == 200
        other = sqlite3.connect(path)
        assert other.execute("SELECT uuid FROM occurrences").fetchall() == [("u-1",)]
        other.close()


def test_the_file_keeps_items_and_tokens(tmp_path: Path) -> None:
    """A second server on the same file has the first one's items, and takes its tokens without knowing their texts."""
    path = tmp_path / "local.db"
    with LocalServer(database=path) as server:
        tokens = server.tokens
        post(server, uuid="u-1")
    assert not any(text.encode() in path.read_bytes() for text in tokens.values())
    with LocalServer(database=str(path)) as server:
        assert server.tokens == {}
        for uuid in ("u-1", "u-2"):
            headers = {"X-Rollbar-Access-Token": tokens["post_server_item"]}
            assert requests.post(server.endpoint + "item/", json=item(uuid=uuid), headers=headers, timeout=9).ok
        assert [arrived.uuid for arrived in server.occurrences()] == ["u-1", "u-2"]
        assert server.items()[0].total_occurrences == 2
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_given_token_replaces_the_files(tmp_path: Path) -> None:
    """The token asked for is the one that posts, and the one before it is not known any more."""
    path = tmp_path / "local.db"
    with LocalServer(database=path, access_token="first") as server:
        reading = server.tokens["read"]
        assert server.tokens["post_server_item"] == "first"
    with LocalServer(database=path, access_token="second") as server:
        assert server.tokens == {"post_server_item": "second"}
        assert post(server) == 200
        headers = {"X-Rollbar-Access-Token": "first"}
        assert requests.post(server.endpoint + "item/", json=item(), headers=headers, timeout=9).status_code == 403
    with pytest.raises(RollbarError, match="another one"), LocalServer(database=path, access_token=reading):
        pass


def test_tokens_are_random_and_hidden_where_they_are_shown_by_accident() -> None:
    """Four tokens of the project and two of the account, of 32 hex digits, which what holds them does not print."""
    with LocalServer() as server:
        tokens = server.tokens
        assert list(tokens) == [
            "post_server_item",
            "post_client_item",
            "read",
            "write",
            "account_read",
            "account_write",
        ]
        assert all(len(text) == 32 and int(text, 16) >= 0 for text in tokens.values())
        assert len(set(tokens.values())) == 6
        assert not any(text in repr(server._up._book.find(text)) for text in tokens.values())


def test_a_taken_port_is_said_clearly() -> None:
    """A second server on the same port is an error that names the port, and leaves nothing behind."""
    with LocalServer() as server:
        port = int(server.url.rsplit(":", 1)[1].strip("/"))
        before = set(threading.enumerate())
        with pytest.raises(RollbarError, match=f"port {port} of 127.0.0.1 is taken"), LocalServer(port=port):
            pass
        assert set(threading.enumerate()) == before


def test_an_address_of_another_machine_is_said_clearly() -> None:
    """An address that is none of ours cannot be listened on."""
    with (
        pytest.raises(RollbarError, match=r"cannot listen on 192\.0\.2\.1"),
        LocalServer(host="192.0.2.1", password="long enough"),
    ):
        pass


@pytest.mark.parametrize("content", [b"no database, but long enough to be looked at" * 100, None])
def test_an_unusable_file_is_said_clearly(tmp_path: Path, content: bytes | None) -> None:
    """A file that is no database, and a folder that does not exist, are errors that name the file."""
    path = tmp_path / "x.db" if content else tmp_path / "no" / "x.db"
    if content:
        path.write_bytes(content)
    with pytest.raises(RollbarError, match=r"database .*x\.db"), LocalServer(database=path):
        pass


def test_a_file_of_another_layout_is_not_touched(tmp_path: Path) -> None:
    """A database that something else made is refused, and stays as it is."""
    path = tmp_path / "other.db"
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE mine (a)")
    other.commit()
    other.close()

    with pytest.raises(RollbarError, match="other tables"), LocalServer(database=path):
        pass
    other = sqlite3.connect(path)
    assert other.execute("SELECT name FROM sqlite_master").fetchall() == [("mine",)]
    other.close()


def test_a_missing_extra_is_said_clearly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without uvicorn the error says what to install."""
    for name in ("running", "service"):
        monkeypatch.delitem(sys.modules, f"rollbar_logging.server.{name}", raising=False)
    monkeypatch.setitem(sys.modules, "uvicorn", None)

    with pytest.raises(RollbarError, match=r"pip install 'rollbar-logging\[server\]'"), LocalServer():
        pass


def test_before_the_start_and_after_the_end_it_says_so() -> None:
    """Asking for an address that is not there yet, or for occurrences that are gone, is an error and no wait."""
    server = LocalServer()
    with pytest.raises(RollbarError, match="not been started"):
        _ = server.endpoint
    with pytest.raises(RollbarError, match="not been started"):
        server.occurrences()
    server.start()
    server.stop()
    with pytest.raises(RollbarError, match="been stopped"):
        server.occurrences()


def test_the_applications_logging_is_left_alone(caplog: pytest.LogCaptureFixture) -> None:
    """Nothing of the web server's chatter reaches the application's log, and no logger is changed."""
    names = ("uvicorn.error", "uvicorn.access", "uvicorn")

    def state() -> list[object]:
        loggers = [logging.getLogger(name) for name in names]
        return [(each.level, each.propagate, list(each.handlers), list(each.filters)) for each in loggers]

    before = state()
    with caplog.at_level(logging.DEBUG), LocalServer() as server:
        post(server)
        logging.getLogger("uvicorn.error").info("another server's word")
    assert state() == before
    assert [record.getMessage() for record in caplog.records if record.name.startswith("uvicorn")] == [
        "another server's word"
    ]


def test_an_item_that_cannot_be_stored_is_answered_500(caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    """When the database fails the answer is JSON all the same, the log says why, and the server lives on."""
    path = tmp_path / "local.db"
    with LocalServer(database=path) as server:
        spoiler = sqlite3.connect(path, isolation_level=None)
        spoiler.execute(
            "CREATE TRIGGER spoil BEFORE INSERT ON occurrences WHEN new.uuid = 'bad' "
            "BEGIN SELECT raise(ABORT, 'spoiled'); END"
        )
        caller = Caller(server)
        with caller.session:
            answer = caller.post(item(uuid="bad"))
            assert (answer.status_code, answer.json()["err"]) == (500, 1)
            assert caller.post(item(uuid="good")).status_code == 200
        spoiler.close()
        assert [arrived.uuid for arrived in server.occurrences()] == ["good"]
        assert server.items()[0].total_occurrences == 1
    assert "spoiled" in caplog.text


def test_a_question_that_the_database_cannot_answer_is_answered_500(
    caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    """When reading fails, API and ``/local/`` answer in JSON, and the log says why."""
    path = tmp_path / "local.db"
    with LocalServer(database=path) as server:
        spoiler = sqlite3.connect(path)
        spoiler.execute("DROP TABLE occurrences")
        spoiler.close()
        caller = Caller(server)
        with caller.session:
            answers = [caller.get("instances"), caller.page("local/occurrences")]

    expected = (500, {"err": 1, "message": "internal server error"})
    assert [(answer.status_code, answer.json()) for answer in answers] == [expected, expected]
    assert "no such table" in caplog.text


def test_a_start_that_fails_leaves_nothing() -> None:
    """When the web server cannot begin, the starter is told, and no thread is left."""
    before = set(threading.enumerate())
    server = LocalServer()
    server._open()._socket.close()

    with pytest.raises(RollbarError, match="could not be started"):
        server._running.start()  # type: ignore[union-attr]
    server.stop()
    assert set(threading.enumerate()) == before
