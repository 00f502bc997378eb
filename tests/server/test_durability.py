"""What was answered 200 is kept: when the server is killed, and when its database goes away and comes back."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from sqlalchemy.exc import OperationalError

from rollbar_logging.server import LocalServer
from rollbar_logging.server.arrival import Sender, arrival_of
from rollbar_logging.server.storage.database import Database
from rollbar_logging.server.storage.opening import open_store
from tests.server.conftest import Caller, error_item, item
from tests.server.postgres import Cluster, new_cluster

CALLERS = 6
ROUNDS = 3
ANSWERS = 150
"""After which a server is killed, in the middle of others."""


class Served:
    """A server in a process of its own."""

    def __init__(self, file: Path) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - our own program
            [
                sys.executable,
                "-u",
                "-m",
                "rollbar_logging",
                "serve",
                "--port",
                "0",
                "--db",
                str(file),
                "--rate-limit=off",
            ],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "ROLLBAR_SERVE_TOKEN": "durable"},
        )
        assert self._process.stdout is not None
        lines = iter(self._process.stdout.readline, "")
        self.endpoint = next(line.split()[1] for line in lines if line.startswith("endpoint"))

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()
        self._process.wait(30)
        assert self._process.returncode == -signal.SIGKILL
        if self._process.stdout is not None:
            self._process.stdout.close()


class Load:
    """Callers that post until the server is gone, and note what was answered."""

    def __init__(self, endpoint: str, name: str) -> None:
        self.answered: list[str] = []
        self.enough = threading.Event()
        self._endpoint = endpoint
        self._name = name
        self._threads = [threading.Thread(target=self._post, args=(number,)) for number in range(CALLERS)]

    def start(self) -> None:
        """Begin to post."""
        for thread in self._threads:
            thread.start()

    def join(self) -> None:
        """Wait until nobody posts any more."""
        for thread in self._threads:
            thread.join(60)
            assert not thread.is_alive()

    def _post(self, caller: int) -> None:
        number = 0
        with requests.Session() as session:
            session.trust_env = False
            while True:
                number += 1
                uuid = f"{self._name}-{caller}-{number}"
                payload = error_item(f"no {number}", uuid=uuid, fingerprint=f"f{number % 7}", code_version="1.0")
                try:
                    answer = session.post(
                        self._endpoint + "item/",
                        json=payload,
                        headers={"X-Rollbar-Access-Token": "durable"},
                        timeout=30,
                    )
                except (requests.RequestException, OSError):
                    return
                assert answer.status_code == 200
                self.answered.append(uuid)
                if len(self.answered) >= ANSWERS:
                    self.enough.set()


@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
def test_what_was_answered_survives_sigkill(tmp_path: Path) -> None:
    """In every round the server is killed under load; all that it had answered is in the file, and counted once."""
    file = tmp_path / "local.db"
    answered: set[str] = set()
    for number in range(ROUNDS):
        served = Served(file)
        load = Load(served.endpoint, f"round{number}")
        load.start()
        try:
            assert load.enough.wait(60)
        finally:
            served.kill()
            load.join()
        answered.update(load.answered)

        connection = sqlite3.connect(file)
        stored = {uuid for (uuid,) in connection.execute("SELECT uuid FROM occurrences")}
        counts = [
            connection.execute(query).fetchone()
            for query in (
                "SELECT count(*), count(DISTINCT item_id) FROM occurrences",
                "SELECT sum(total_occurrences), count(*) FROM items",
                "SELECT sum(count), count(DISTINCT item_id) FROM hourly_counts",
                "SELECT sum(count), count(DISTINCT item_id) FROM version_counts",
                "SELECT o.taken, i.taken FROM sequences o, sequences i WHERE o.name = 'occurrence' AND i.name = 'item'",
            )
        ]
        connection.close()
        assert answered <= stored
        # What was written and not yet answered may be there too, one call for each caller and round at most.
        assert len(stored - answered) <= CALLERS * (number + 1)
        assert set(counts) == {(len(stored), 7)}

    with LocalServer(database=file, access_token="durable") as server:
        assert {each.uuid for each in server.occurrences()} == stored


@pytest.fixture
def own_cluster() -> Iterator[Cluster]:
    """A cluster that the test may stop."""
    cluster = new_cluster()
    yield cluster
    cluster.remove()


def statuses(caller: Caller) -> tuple[Any, ...]:
    """Return how a post and a list are answered."""
    answers = (caller.post(item(uuid="during")), caller.get("items"))
    for answer in answers:
        if answer.status_code != 200:
            assert answer.json() == {"err": 1, "message": "internal server error"}
            assert answer.headers["Access-Control-Allow-Origin"] == "*"
    return tuple(answer.status_code for answer in answers)


def test_a_database_that_goes_away_and_comes_back(own_cluster: Cluster) -> None:
    """While PostgreSQL is gone calls are answered 500; afterwards all is as it was, and calls are taken again."""
    with LocalServer(database=own_cluster.new_database(), rate_limit=None) as server:
        caller = Caller(server)
        with caller.session:
            before = [caller.post(item(uuid=f"before{number}")).status_code for number in range(20)]
            own_cluster.crash()
            gone = [statuses(caller) for _ in range(3)]
            own_cluster.start()
            back = statuses(caller)
            own_cluster.stop()
            own_cluster.start()
            # Nobody called in between, so that nobody has noticed that the connections are cut.
            again = caller.post(item(uuid="after")).status_code
        stored = [each.uuid for each in server.occurrences()]

    assert set(before) == {200}
    assert gone == [(500, 500)] * 3
    assert back == (200, 200)
    assert again == 200
    assert stored == [*(f"before{number}" for number in range(20)), "during", "after"]


def test_a_database_that_is_gone_is_waited_for_once(own_cluster: Cluster, caplog: pytest.LogCaptureFixture) -> None:
    """A group of occurrences is refused as one: each for itself would wait for the database in its turn."""
    database = Database(lambda: open_store(own_cluster.new_database(), 1.0), lambda: 2.0)
    database.start()
    blocked = threading.Event()
    database.change(lambda _connection: blocked.wait(30))
    own_cluster.stop()

    async def add_group() -> list[Any]:
        sender = Sender(1, "post_server_item", "127.0.0.1", 1.0, 1)
        arrivals = [arrival_of(item(uuid=f"u{number}")["data"], sender) for number in range(5)]
        adding = [asyncio.ensure_future(database.add(arrival)) for arrival in arrivals]
        await asyncio.sleep(0)
        blocked.set()
        return list(await asyncio.gather(*adding, return_exceptions=True))

    with caplog.at_level("WARNING", "rollbar_logging"):
        refused = asyncio.run(add_group())
    database.close()

    assert [type(each) for each in refused] == [OperationalError] * 5
    assert [record.getMessage() for record in caplog.records] == ["occurrences cannot be stored: 5, from u0 on"]


def test_a_load_outlives_its_database(own_cluster: Cluster) -> None:
    """Callers who repeat what was not answered 200 lose nothing, and nothing is stored twice."""
    wanted = [f"u{number}" for number in range(200)]
    with LocalServer(database=own_cluster.new_database(), rate_limit=None) as server:
        waiting = list(wanted)
        answered = threading.Event()

        def post_all() -> None:
            with requests.Session() as session:
                caller = Caller(server)
                caller.session = session
                while waiting:
                    if caller.post(item(uuid=waiting[0], fingerprint="one")).status_code == 200:
                        waiting.pop(0)
                        if len(waiting) < 150:
                            answered.set()

        posting = threading.Thread(target=post_all)
        posting.start()
        assert answered.wait(60)
        own_cluster.crash()
        own_cluster.start()
        posting.join(60)
        assert not posting.is_alive()

        assert [each.uuid for each in server.occurrences()] == wanted
        assert [each.total_occurrences for each in server.items()] == [200]
