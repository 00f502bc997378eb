"""``/health``."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from rollbar_logging.server import LocalServer
from rollbar_logging.server.health import Health
from rollbar_logging.version import VERSION
from tests.server.conftest import Caller, item


def test_it_tells_how_the_server_is(caller: Caller) -> None:
    """Without a token: version, kind of the database, what was stored, and how long it is up."""
    for uuid in ("u-1", "u-2", "u-2"):
        assert caller.post(item(uuid=uuid)).status_code == 200
    answer = caller.page("health")
    facts = answer.json()

    assert answer.status_code == 200
    assert facts.pop("uptime") >= 0
    assert facts == {"status": "ok", "version": VERSION, "database": "sqlite", "stored": 2}
    assert answer.headers["cache-control"] == "no-store"
    assert "access-control-allow-origin" not in answer.headers


def test_it_is_there_for_balancers(caller: Caller) -> None:
    """HEAD will do, and so does a final slash or any name of the host; posting will not."""
    url = caller.server.url + "health"
    assert caller.session.head(url, timeout=60).status_code == 200
    assert caller.session.get(url + "/", headers={"Host": "10-0-0-1.svc"}, timeout=60).status_code == 200
    assert caller.session.post(url, timeout=60).status_code == 405


@pytest.fixture
def on_disk(tmp_path: Path) -> Iterator[LocalServer]:
    """A server whose readers answer while its writer does not."""
    with LocalServer(database=tmp_path / "local.db") as up:
        yield up


def test_a_database_that_hangs_is_told_in_time(on_disk: LocalServer, caplog: pytest.LogCaptureFixture) -> None:
    """When the writer does not come back, the answer is 503, and one line says so; then all is well again."""
    database = on_disk._up._database
    release, is_held = threading.Event(), threading.Event()

    def hold(_connection: object) -> None:
        is_held.set()
        release.wait(20)

    held = database.change(hold)
    assert is_held.wait(60)
    health = Health(database, lambda: 0.0, patience=0.05)

    async def ask_twice() -> list[int]:
        return [(await health.answer()).status for _ in range(2)]

    try:
        assert asyncio.run(ask_twice()) == [503, 503]
    finally:
        release.set()
    held.result(20)
    assert [record.getMessage() for record in caplog.records] == ["the database does not answer: it takes too long"]
    assert asyncio.run(Health(database, lambda: 0.0).answer()).status == 200


def test_a_stopped_server_is_not_well(server: LocalServer) -> None:
    """Between its stop and its end the answer is 503, not an error."""
    health = Health(server._up._database, lambda: 0.0)
    server.stop()
    assert asyncio.run(health.answer()).status == 503
