"""The keeper when something fails in the middle: no report stays in between, and no claim without its report."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest

from rollbar_logging.delivery.spool import Kept, SpoolError
from tests.delivery.test_keeper_moves import Stage, staged

_BLOCKED = 100.0
ERRORS = [
    SpoolError("the disk is full"),
    sqlite3.OperationalError("disk I/O error"),
    OSError(24, "Too many open files"),
    MemoryError(),
]


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """A stage for one test."""
    with staged(tmp_path / "spool") as stage:
        yield stage


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("mode", ["overflow", "always"])
def test_what_was_on_its_way_to_disk_is_back_in_memory(
    stage: Stage, mode: str, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    """It can be sent from there, and goes to disk later; the log is told."""
    stage.begin(mode)
    stage.put("a")
    stage.put("b")
    with mock.patch.object(stage.spool, "keep", side_effect=error):
        stage.look(blocked=_BLOCKED)
    assert (stage.counts(), stage.queue.in_flight) == ((2, 0, {}, 0, 2), 0)
    assert str(error) in caplog.text
    assert caplog.messages[0].endswith("; reports wait in memory meanwhile")
    stage.queue.settle(stage.take())
    stage.look(11, blocked=_BLOCKED)
    assert (stage.counts(), stage.on_disk()) == ((2, 1, {}, 1, 0), {"b"})


@pytest.mark.parametrize("error", ERRORS)
def test_what_was_claimed_and_did_not_get_into_memory_is_given_back(stage: Stage, error: Exception) -> None:
    """Soon, and not when this process ends: as long as it lives, it renews its claims."""
    stage.other().keep([Kept("a", 3, stage.clock.time(), b"{}")])
    with mock.patch.object(stage.queue, "put_from_spool", side_effect=error):
        stage.look()
    assert stage.other().claim(9) == []
    stage.look(11, blocked=1.0)
    assert [kept.uuid for kept in stage.other().claim(9)] == ["a"]
    assert stage.counts() == (0, 0, {}, 0, 0)


@pytest.mark.parametrize("error", ERRORS)
def test_what_has_given_back_its_claim_is_not_in_memory(stage: Stage, error: Exception) -> None:
    """The next step fails: the report is left to whoever claims it, and not sent from here as well."""
    stage.put("a")
    stage.look(blocked=_BLOCKED)
    stage.look(1)
    stage.put("b")
    with mock.patch.object(stage.spool, "keep", side_effect=error):
        stage.look(blocked=_BLOCKED)
    assert [kept.uuid for kept in stage.other().claim(9)] == ["a"]
    assert stage.take().uuid == "b"
    assert stage.counts() == (2, 0, {}, 1, 1)


@pytest.mark.parametrize("error", ERRORS)
def test_a_copy_that_could_not_be_removed_is_removed_later(stage: Stage, error: Exception) -> None:
    """The report is settled all the same."""
    stage.put("a")
    stage.look(blocked=_BLOCKED)
    stage.look(1)
    report = stage.take()
    with mock.patch.object(stage.spool, "remove", side_effect=error):
        stage.keeper.forget(report)
    stage.queue.settle(report)
    assert (stage.counts(), stage.on_disk()) == ((1, 1, {}, 0, 0), {"a"})
    stage.look(11)
    assert stage.on_disk() == set()


@pytest.mark.parametrize("error", ERRORS)
def test_whatever_fails_at_the_end_it_comes_to_its_end(stage: Stage, error: Exception) -> None:
    """What is on disk counts as spooled; claims that cannot be given back run out, and the file is closed."""
    stage.put("a")
    stage.look(blocked=_BLOCKED)
    stage.look(1)
    with mock.patch.object(stage.spool.file, "run", side_effect=error):
        stage.keeper.keep_all(stage.clock.now + 3)
        stage.keeper.close()
    assert (stage.counts(), stage.spool.file.is_open) == ((1, 0, {}, 1, 0), False)
    assert stage.other().claim(9) == []
    stage.clock.now += 61
    assert [kept.uuid for kept in stage.other().claim(9)] == ["a"]
