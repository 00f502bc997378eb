"""Old occurrences go, in small batches, while others arrive; counts stay."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest

from rollbar_logging.server import LocalServer
from rollbar_logging.server.background import every
from rollbar_logging.server.retention import Retention, SizeNote
from rollbar_logging.server.storage.expiry import delete_older, size_of
from tests.server.conftest import Caller, Clock, item

DAY = 86_400.0
PATIENCE = 60


def post(server: LocalServer, *uuids: str, scope: str = "post_server_item") -> None:
    """Post items of one group."""
    caller = Caller(server)
    with caller.session:
        for uuid in uuids:
            assert caller.post(item("same", uuid=uuid), scope).status_code == 200


def kept(server: LocalServer) -> list[str]:
    """The uuids that are there."""
    return [each.uuid for each in server.occurrences()]


@pytest.fixture(params=["memory", "file", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """Each kind of database."""
    if request.param == "postgresql":
        return request.getfixturevalue("postgres_url")
    return None if request.param == "memory" else tmp_path / "local.db"


def test_what_is_older_goes_and_what_is_counted_stays(database: Any) -> None:
    """By the time of receipt, to the second; the item and its total stay, and take new occurrences."""
    clock = Clock()
    with LocalServer(database=database, unix_clock=clock) as server:
        post(server, "old-1", "old-2", "old-3")
        clock.now += DAY
        post(server, "edge")
        clock.now += DAY
        post(server, "new")
        retention = Retention(server._up._database, DAY, clock)
        asyncio.run(retention.run())
        assert kept(server) == ["edge", "new"]
        clock.now += 10 * DAY
        asyncio.run(retention.run())
        assert kept(server) == []
        (left,) = server.items()
        assert left.total_occurrences == 5
        post(server, "newer")
        assert (kept(server), server.items()[0].total_occurrences) == (["newer"], 6)
        caller = Caller(server)
        with caller.session:
            assert caller.get(f"item/{left.id}").status_code == 200
            assert caller.page().status_code == 200
            assert caller.page(f"item/{left.id}").status_code == 200


def test_deleting_is_done_in_batches_over_all_projects(database: Any) -> None:
    """No transaction deletes more than asked for; the oldest go first; every project has its turn."""
    clock = Clock()
    projects = {"shop": {"post_server_item": "shop-post"}, "billing": {"post_server_item": "billing-post"}}
    with LocalServer(database=database, unix_clock=clock, projects=projects) as server:
        for number in range(3):
            post(server, f"u-{number}")
            clock.now += 1
        server._up.known_tokens["billing"] = "billing-post"
        post(server, "b-1", "b-2", scope="billing")
        before = clock.now + 1
        change = server._up._database.change
        assert change(lambda found: delete_older(found, before, 2)).result() == 2
        assert kept(server) == ["u-2"]
        assert change(lambda found: delete_older(found, before, 2)).result() == 2
        assert change(lambda found: delete_older(found, before, 2)).result() == 1
        assert change(lambda found: delete_older(found, before, 2)).result() == 0


def test_a_server_deletes_by_itself(tmp_path: Path) -> None:
    """Started with ``retention``, it deletes what has become too old meanwhile, without being asked."""
    clock = Clock()
    path = tmp_path / "local.db"
    with LocalServer(database=path, unix_clock=clock, access_token="post") as server:
        post(server, "old")
        clock.now += 2 * DAY
        post(server, "new")
    with LocalServer(database=path, unix_clock=clock, access_token="post") as server:
        assert kept(server) == ["old", "new"]
    with LocalServer(database=path, unix_clock=clock, access_token="post", retention=DAY) as server:
        ends = time.monotonic() + PATIENCE
        while kept(server) != ["new"] and time.monotonic() < ends:
            time.sleep(0.01)
        assert kept(server) == ["new"]


def test_a_large_database_is_told_of_once_for_each_doubling(database: Any, caplog: pytest.LogCaptureFixture) -> None:
    """The line names what helps."""
    with LocalServer(database=database) as server:
        size = server._up._database.ask(size_of).result()
        assert size > 10_000
        note = SizeNote(server._up._database, large=size // 5)
        asyncio.run(note.run())
        asyncio.run(note.run())
        asyncio.run(SizeNote(server._up._database, large=size * 2).run())
    assert len(caplog.records) == 1
    assert "retention" in caplog.text


def test_a_job_that_fails_is_told_of_once_and_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    """One line for a series of failures, another after it had worked again; the task goes on."""
    results = iter([OSError("full"), OSError("full"), None, OSError("full")])

    async def job() -> None:
        result = next(results, asyncio.CancelledError())
        if result is not None:
            raise result

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(every(0, "this", job))
    assert [record.getMessage() for record in caplog.records] == ["this failed, and is tried again"] * 2
