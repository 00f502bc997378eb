"""A handler with a spool: what cannot be sent is on disk, is sent later, and is counted in exactly one place."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from rollbar_logging.delivery import keeper
from rollbar_logging.delivery.spool import Kept, Spool
from rollbar_logging.delivery.stats import Stats
from rollbar_logging.testing import capture_reports
from tests.loopback import Loopback, Reply
from tests.pipelines import TOKEN, Gate, adds_up, attached, texts, uuids

NOBODY = "http://127.0.0.1:9/api/1/"


@pytest.fixture
def folder(tmp_path: Path) -> str:
    """A folder for the spool, which does not exist yet."""
    return str(tmp_path / "spool")


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is blocked goes to disk soon."""
    monkeypatch.setattr(keeper, "PATIENCE", 0.3)


def spooled(folder: str) -> list[dict[str, Any]]:
    """The items on disk, the most severe and oldest first."""
    spool = Spool(folder, token=TOKEN)
    try:
        return [json.loads(kept.body)["data"] for kept in spool.entries()]
    finally:
        spool.close()


def messages(items: list[dict[str, Any]]) -> list[str]:
    """The texts of items."""
    return [item["body"]["message"]["body"] for item in items]


def until(condition: Callable[[], object], seconds: float = 30.0) -> bool:
    """Wait until something is so; whether it came to be."""
    pause, end = threading.Event(), time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        pause.wait(0.01)
    return bool(condition())


@pytest.fixture(params=["overflow", "always"])
def mode(request: pytest.FixtureRequest) -> Iterator[str]:
    """Both ways to use a spool."""
    return request.param  # type: ignore[no-any-return]


def test_without_trouble_all_arrives_and_nothing_is_left_on_disk(loopback: Loopback, folder: str, mode: str) -> None:
    """More senders help as without a spool, and each report is sent once."""
    loopback.script = [Reply(delay=0.01)] * 100
    with attached(loopback, spool_dir=folder, spool=mode, max_connections=3) as (logger, handler):
        for i in range(100):
            logger.error("record %d", i)
        assert handler.flush()
        assert handler.stats() == Stats(accepted=100, sent=100)

    assert sorted(texts(loopback)) == sorted(f"record {i}" for i in range(100))
    assert 2 <= loopback.connections <= 3
    assert spooled(folder) == []


def test_to_keep_every_report_takes_a_folder(loopback: Loopback, folder: str, caplog: pytest.LogCaptureFixture) -> None:
    """Without one nothing is kept, which the log hears once of each handler that reports."""
    with attached(loopback, spool="always") as (logger, handler):
        logger.error("record")
        assert handler.flush()
    told = "the option spool is 'always', but nothing is kept on disk: set ROLLBAR_SPOOL_DIR or spool_dir"
    assert caplog.messages == [told, "record"]

    caplog.clear()
    for options in ({"spool": "overflow"}, {"spool": "always", "enabled": False}):
        with attached(loopback, **options):
            pass
    with attached(loopback, spool="always", spool_dir=folder) as (logger, _), capture_reports() as reports:
        logger.error("record")  # reported by a stand-in, which has no folder
        assert len(reports) == 1
    assert caplog.messages == ["record"]


def test_an_outage_fills_the_disk_and_the_next_process_sends(loopback: Loopback, folder: str, mode: str) -> None:
    """Reports keep their uuids, and leave the disk when they have arrived."""
    with attached(loopback, endpoint=NOBODY, spool_dir=folder, spool=mode) as (logger, handler):
        for i in range(60):
            logger.error("record %d", i)
        assert until(lambda: handler.stats().spooled == 60)
        assert handler.flush()
        stats = handler.stats()
        assert stats == Stats(accepted=60, spooled=60, retried=stats.retried)
    kept = spooled(folder)
    assert len(kept) == 60

    with attached(loopback, spool_dir=folder, spool=mode) as (_, handler):
        assert until(lambda: handler.stats().sent == 60)
        assert handler.stats() == Stats(accepted=60, sent=60)
    assert sorted(uuids(loopback)) == sorted(item["uuid"] for item in kept)
    assert spooled(folder) == []


def test_the_same_process_sends_when_the_way_is_free_again(loopback: Loopback, folder: str, mode: str) -> None:
    """What was on disk and comes back is not counted as accepted twice."""
    loopback.script = [Reply(fault="reset")] * 2
    with attached(loopback, spool_dir=folder, spool=mode) as (logger, handler):
        for i in range(40):
            logger.error("record %d", i)
        assert until(lambda: handler.stats().spooled)
        assert until(lambda: handler.stats().sent == 40)
        stats = handler.stats()
    assert (stats.accepted, stats.spooled, stats.queued, stats.dropped) == (40, 0, 0, {})
    assert sorted(texts(loopback)) == sorted(f"record {i}" for i in range(40))


def test_a_closed_window_sends_all_to_disk_and_back(loopback: Loopback, folder: str) -> None:
    """A rate limit costs one refused request at most."""
    loopback.limit = (5, 2.0)
    with attached(loopback, spool_dir=folder) as (logger, handler):
        for i in range(12):
            logger.error("record %d", i)
        assert until(lambda: handler.stats().spooled)
        assert until(lambda: handler.stats().sent == 12, 20)
    assert sorted(texts(loopback)) == sorted(f"record {i}" for i in range(12))
    assert len([request for request in loopback.requests if request.status == 429]) <= 1


@pytest.mark.parametrize("mode", ["overflow", "always"])
def test_a_full_queue_overflows_to_disk(loopback: Loopback, folder: str, mode: str) -> None:
    """Though the only connection waits for an answer that does not come."""
    gate = Gate()
    options: dict[str, Any] = {"transport": gate, "queue_size": 40, "max_connections": 1, "storm_limit": 0}
    with attached(loopback, spool_dir=folder, spool=mode, **options) as (logger, handler):
        logger.error("first")
        assert gate.entered.acquire(timeout=60)
        queue: Any = handler._queue
        for i in range(200):
            logger.error("record %d", i)
            if i % 5 == 4:
                assert until(lambda: not queue.is_crowded and not queue.waits_for_disk)
        assert until(lambda: handler.stats().spooled >= 160)  # some may be on their way to disk
        stats = handler.stats()
        assert (stats.accepted, stats.dropped) == (201, {})
        assert adds_up(stats)
        gate.is_open.set()
        assert until(lambda: handler.stats().sent == 201)
    assert len(set(map(bytes, gate.bodies))) == len(gate.bodies) == 201
    assert spooled(folder) == []


def test_what_is_left_at_the_end_is_on_disk(
    loopback: Loopback, folder: str, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also what is being sent, since nobody knows whether it arrives: the uuid is the same."""
    monkeypatch.setattr(keeper, "PATIENCE", 1000.0)

    class Stuck(Gate):
        def close(self) -> None:
            """Open nothing."""

    gate = Stuck()
    with attached(loopback, spool_dir=folder, spool=mode, transport=gate, max_connections=1, shutdown_timeout=0.3) as (
        logger,
        handler,
    ):
        for i in range(20):
            logger.error("record %d", i)
        assert gate.entered.acquire(timeout=60)
    stats = handler.stats()
    assert (stats.accepted, stats.spooled, stats.dropped, stats.queued) == (20, 20, {}, 0)
    assert sorted(messages(spooled(folder))) == sorted(f"record {i}" for i in range(20))
    gate.is_open.set()


def test_the_disk_has_secrets_no_more_than_the_wire(loopback: Loopback, folder: str, mode: str) -> None:
    """Only what is ready to be sent is written."""
    with attached(loopback, endpoint=NOBODY, spool_dir=folder, spool=mode) as (logger, handler):
        logger.error("login failed", extra={"password": "hunter2", "url": "https://ann:tr0ub4dor@shop/"})
        assert until(lambda: handler.stats().spooled == 1)
    for path in Path(folder).iterdir():
        content = path.read_bytes()
        assert b"hunter2" not in content, path
        assert b"tr0ub4dor" not in content, path
        assert TOKEN.encode() not in content, path


def test_a_report_that_is_refused_leaves_the_disk(loopback: Loopback, folder: str) -> None:
    """It is dropped and counted like any other."""
    loopback.script = [Reply(422)] * 3
    with attached(loopback, spool_dir=folder, spool="always") as (logger, handler):
        for i in range(3):
            logger.error("record %d", i)
        assert handler.flush()
        assert handler.stats() == Stats(accepted=3, dropped={"rejected_422": 3})
    assert spooled(folder) == []


def test_before_send_keeps_a_report_from_the_disk(loopback: Loopback, folder: str, mode: str) -> None:
    """What is not to be sent is not to be kept either."""
    with attached(loopback, endpoint=NOBODY, spool_dir=folder, spool=mode, before_send=lambda _: None) as (
        logger,
        handler,
    ):
        logger.error("record")
        assert handler.flush()
        assert handler.stats() == Stats(accepted=1, dropped={"before_send": 1})
    assert spooled(folder) == []


def test_what_is_too_old_on_disk_is_dropped(loopback: Loopback, folder: str) -> None:
    """After a week; another process's reports are no loss of this one's."""
    spool = Spool(folder, token=TOKEN)
    spool.keep([Kept("old", 3, time.time() - 8 * 86_400, b"{}"), Kept("new", 3, time.time() - 6 * 86_400, b"{}")])
    spool.close()
    with attached(loopback, spool_dir=folder) as (_, handler):
        assert until(lambda: handler.stats().sent == 1)
        assert handler.stats() == Stats(accepted=1, sent=1)
    assert [request.body for request in loopback.requests] == [b"{}"]
    assert spooled(folder) == []


def test_a_small_spool_gives_way_by_level_and_says_so(loopback: Loopback, folder: str) -> None:
    """What has no room on disk is dropped, and counted as that."""
    with attached(
        loopback, endpoint=NOBODY, spool_dir=folder, spool_bytes=262_144, level="WARNING", max_string=60_000
    ) as (logger, handler):
        for i in range(5):
            logger.warning("%s %d", "x" * 50_000, i)
        assert until(lambda: handler.stats().queued == 0)
        for i in range(5):
            logger.error("%s %d", "y" * 50_000, i)
        assert until(lambda: handler.stats().queued == 0)
        stats = handler.stats()
    assert stats.accepted == 10
    assert stats.dropped == {"spool_full": 10 - stats.spooled}
    assert adds_up(stats)
    assert [item["level"] for item in spooled(folder)][: stats.spooled] == ["error"] * stats.spooled


def break_by_permissions(folder: Path) -> None:
    """Put a file where the folder should be."""
    folder.write_text("not a folder")


@pytest.mark.parametrize("mode", ["overflow", "always"])
def test_a_spool_that_cannot_be_used_is_told_once_and_stops_nothing(
    loopback: Loopback, folder: str, mode: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Reports wait in memory as without one."""
    break_by_permissions(Path(folder))
    loopback.script = [Reply(fault="reset")]
    with attached(loopback, spool_dir=folder, spool=mode) as (logger, handler):
        for i in range(10):
            logger.error("record %d", i)
        assert until(lambda: handler.stats().sent == 10)
        assert handler.stats().dropped == {}
    told = [text for text in caplog.messages if folder in text]
    assert len(told) == 1
    assert told[0].endswith("reports wait in memory meanwhile")


def test_a_spool_that_is_damaged_in_the_middle_stops_nothing(
    loopback: Loopback, folder: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The damaged file is put aside, the log is told, and delivery goes on with a new one."""
    with attached(loopback, spool_dir=folder, spool="always") as (logger, handler):
        logger.error("before")
        assert handler.flush()
        for path in Path(folder).iterdir():
            path.write_bytes(b"\0garbage" * 1000)
        for i in range(5):
            logger.error("after %d", i)
            assert handler.flush()
    assert sorted(texts(loopback)) == sorted(["before", *(f"after {i}" for i in range(5))])
    assert any("corrupt" in path.name for path in Path(folder).iterdir())
    assert any("corrupt" in text for text in caplog.messages)


def test_a_flush_interval_bounds_what_a_kill_can_cost(loopback: Loopback, folder: str) -> None:
    """With always, a report is on disk soon after it was logged, though nothing can be sent."""
    gate = Gate()
    with attached(
        loopback, spool_dir=folder, spool="always", transport=gate, max_connections=1, flush_interval=0.2
    ) as (logger, handler):
        for i in range(30):
            logger.error("record %d", i)
        assert gate.entered.acquire(timeout=60)
        assert until(lambda: len(spooled(folder)) == 30)
        logger.error("while a sender waits")
        assert until(lambda: len(spooled(folder)) == 31)
        gate.is_open.set()
        assert handler.flush()
    assert spooled(folder) == []


def test_records_of_many_threads_are_counted_exactly(loopback: Loopback, folder: str, mode: str) -> None:
    """While the way is blocked and free in turn."""
    full = Reply(429, {"X-Rate-Limit-Remaining": "0", "X-Rate-Limit-Remaining-Seconds": "0"})
    loopback.script = [Reply(), Reply(503), Reply(), Reply(fault="reset"), Reply(), full] * 2
    snapshots: list[Stats] = []
    with attached(loopback, spool_dir=folder, spool=mode, queue_size=60, storm_limit=0) as (logger, handler):

        def work(number: int) -> None:
            for i in range(50):
                logger.log((logging.ERROR, logging.CRITICAL)[i % 2], "record %d of %d", i, number)
                snapshots.append(handler.stats())

        threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert until(lambda: not handler.stats().queued and not handler.stats().spooled, 60)
    stats = handler.stats()
    assert all(adds_up(snapshot) for snapshot in snapshots)
    assert stats.accepted == 300
    assert stats.sent == len(set(uuids(loopback, 200)))
    assert stats.sent + sum(stats.dropped.values()) == 300
