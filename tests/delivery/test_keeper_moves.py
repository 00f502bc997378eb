"""The keeper's single steps, on one thread and by a clock that is told the time: what goes where, and what is counted.

Whole handlers with a spool are in ``test_keeper.py``, and any order of events in ``test_pipeline_states.py``.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import pytest

from rollbar_logging.capture.occurrence import Occurrence
from rollbar_logging.delivery import keeper as keeper_module
from rollbar_logging.delivery import report as report_module
from rollbar_logging.delivery.gate import Gate
from rollbar_logging.delivery.keeper import Keeper
from rollbar_logging.delivery.notices import Notices
from rollbar_logging.delivery.report import Report
from rollbar_logging.delivery.spool import Kept, Spool
from rollbar_logging.delivery.spooled_queue import SpooledQueue
from rollbar_logging.delivery.stats import Stats
from tests.delivery.stage import Clock, Holder
from tests.pipelines import adds_up

_WEEK = 7 * 86_400.0
_BLOCKED = 100.0


class _Gate(Gate):
    """Lets pass, or not, as it is told.

    Attributes:
        blocked: Seconds for which it does not.
    """

    blocked = 0.0
    is_clear = True

    def blocked_for(self, now: float) -> float:
        """Tell them."""
        return self.blocked


class Stage:
    """A queue, a spool, and the keeper between them."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self.folder, self.clock = folder, clock
        self.holder = Holder()
        self.gate = _Gate("defer")
        self.spools: list[Spool] = []
        self.begin()

    def begin(self, mode: str = "overflow", *, size: int = 8, size_bytes: int = 10_000, max_bytes: int = 1000) -> None:
        """Begin as a process that has nothing in memory."""
        self.queue = SpooledQueue(size, size_bytes, 4, 0.5, timer=self.clock.monotonic)
        self.spool = self.other(max_bytes=max_bytes)
        self.keeper = Keeper(self.queue, self.spool, mode, self._make_body, self.gate, Notices())  # type: ignore[arg-type]

    def other(self, max_bytes: int = 1000) -> Spool:
        """The spool as another process has it."""
        self.spools.append(Spool(str(self.folder), token="t", max_bytes=max_bytes, clock=self.clock.time))
        return self.spools[-1]

    def _make_body(self, report: Report) -> bool:
        if report.occurrence is not None:
            report.become(b"x" * report.size)
        return True

    def put(self, uuid: str, level: str = "error", size: int = 10) -> None:
        """The application logs."""
        made = Occurrence(uuid, self.clock.time(), level, 40, "app", "boom", None, (None,) * 7, size=size)
        self.queue.put(Report(made))

    def take(self) -> Report:
        """A sender takes a report, and is in the middle of sending it."""
        self.queue.hurry()
        report = self.queue.take(self.clock.now)
        assert report is not None
        return report

    def look(self, seconds: float = 0.0, blocked: float = 0.0) -> None:
        """So many seconds later the keeper looks; *blocked*: for how long nothing can be sent."""
        self.clock.now += seconds
        self.gate.blocked = blocked
        self.keeper.look(self.clock.now)

    def counts(self) -> tuple[int, int, dict[str, int], int, int]:
        """Accepted, sent, dropped by reason, spooled, queued."""
        stats: Stats = self.queue.stats()
        assert adds_up(stats)
        return stats.accepted, stats.sent, dict(stats.dropped), stats.spooled, stats.queued

    def on_disk(self) -> set[str]:
        """The uuids of all reports on disk."""
        return {report.uuid for report in self.spool.entries()}


@contextmanager
def staged(folder: Path) -> Iterator[Stage]:
    """A stage whose time stands still."""
    clock = Clock()
    with (
        mock.patch.object(time, "time", clock.time),
        mock.patch.object(keeper_module, "monotonic", clock.monotonic),
        mock.patch.object(report_module, "monotonic", clock.monotonic),
    ):
        stage = Stage(folder, clock)
        yield stage
        stage.holder.let_go()
        for spool in stage.spools:
            spool.close()


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """A stage for one test."""
    with staged(tmp_path / "spool") as stage:
        yield stage


def test_a_report_goes_to_disk_and_comes_back(stage: Stage) -> None:
    """While the way is blocked it is there, and counted once all the time."""
    stage.put("a")
    stage.look(blocked=_BLOCKED)
    assert (stage.counts(), stage.on_disk()) == ((1, 0, {}, 1, 0), {"a"})
    stage.look(1)
    assert (stage.counts(), stage.on_disk()) == ((1, 0, {}, 0, 1), {"a"})
    report = stage.take()
    stage.keeper.forget(report)
    stage.queue.settle(report)
    assert (stage.counts(), stage.on_disk()) == ((1, 1, {}, 0, 0), set())


def test_what_becomes_too_old_on_disk_is_counted(stage: Stage) -> None:
    """As expired, and as spooled no more."""
    stage.put("a")
    stage.look(blocked=_BLOCKED)
    stage.look(_WEEK + 1)
    assert (stage.counts(), stage.on_disk()) == ((1, 0, {"expired": 1}, 0, 0), set())


def test_what_gives_way_on_disk_is_counted(stage: Stage) -> None:
    """When others of this process come, in both ways to use the spool."""
    stage.begin(max_bytes=100)
    stage.put("mild", "warning", 60)
    stage.look(blocked=_BLOCKED)
    stage.put("severe", "error", 60)
    stage.look(blocked=_BLOCKED)
    assert (stage.counts(), stage.on_disk()) == ((2, 0, {"spool_full": 1}, 1, 0), {"severe"})

    stage.keeper.close()
    stage.spool.clear()
    stage.begin("always", max_bytes=100)
    stage.put("mild", "warning", 60)
    stage.look(blocked=_BLOCKED)
    stage.put("severe", "error", 60)
    stage.look()
    assert (stage.counts(), stage.on_disk()) == ((2, 0, {"spool_full": 1}, 0, 1), {"severe"})


def test_what_gives_way_to_others_of_the_same_move_is_counted(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    """It was left to the spool just before: it counts as dropped, not as both, and not as spooled."""
    stage.begin(max_bytes=100)
    stage.put("mild", "warning", 60)
    stage.look(blocked=_BLOCKED)
    stage.look(1)
    stage.put("severe", "error", 60)
    assert stage.counts() == (2, 0, {}, 0, 2)
    stage.look(blocked=_BLOCKED)
    assert (stage.counts(), stage.on_disk()) == ((2, 0, {"spool_full": 1}, 1, 0), {"severe"})
    assert caplog.messages == []  # it was not another process's


def test_what_finds_no_room_is_counted(stage: Stage) -> None:
    """A report larger than the spool is dropped when nothing can be sent; one that was refused is not asked again."""
    stage.begin(max_bytes=100)
    stage.put("large", "error", 101)
    stage.look(blocked=_BLOCKED)
    assert (stage.counts(), stage.on_disk()) == ((1, 0, {"spool_full": 1}, 0, 0), set())


def test_what_was_sent_meanwhile_does_not_stay_on_disk(stage: Stage) -> None:
    """The answer comes while the report is put on disk, at the process's end: it counts as sent, and is removed."""
    stage.put("a")
    report = stage.take()
    keep = stage.spool.keep

    def keep_slowly(reports: list[Kept], *, is_claimed: bool = False) -> object:
        kept = keep(reports, is_claimed=is_claimed)
        stage.queue.settle(report)
        return kept

    with mock.patch.object(stage.spool, "keep", keep_slowly):
        stage.keeper.keep_all(stage.clock.now + 3)
    assert (stage.counts(), stage.on_disk()) == ((1, 1, {}, 0, 0), set())


def test_what_was_left_to_the_spool_meanwhile_stays_there(stage: Stage) -> None:
    """By the thread that ends the process, say, while the first one moves the same report."""
    stage.put("a")
    keep = stage.spool.keep

    def keep_slowly(reports: list[Kept], *, is_claimed: bool = False) -> object:
        kept = keep(reports, is_claimed=is_claimed)
        stage.queue.settle_spooled(list(stage.queue._in_flight.values()))
        return kept

    with mock.patch.object(stage.spool, "keep", keep_slowly):
        stage.look(blocked=_BLOCKED)
    assert (stage.counts(), stage.on_disk()) == ((1, 0, {}, 1, 0), {"a"})


@pytest.mark.parametrize("is_at_the_end", [False, True])
def test_what_was_sent_is_removed_when_the_spool_can_be_used_again(stage: Stage, is_at_the_end: bool) -> None:
    """Another process held it at that moment; the copy is not sent once more."""
    stage.put("a")
    stage.look(blocked=_BLOCKED)
    stage.look(1)
    report = stage.take()
    stage.spool.file.hurry(0)
    stage.holder.hold(stage.spool.file)
    stage.keeper.forget(report)
    stage.queue.settle(report)
    stage.look(1)
    assert (stage.counts(), stage.on_disk()) == ((1, 1, {}, 0, 0), {"a"})
    stage.holder.let_go()
    if is_at_the_end:
        stage.keeper.keep_all(stage.clock.now + 3)
    else:
        stage.look(11)
    assert (stage.counts(), stage.on_disk()) == ((1, 1, {}, 0, 0), set())


def test_what_was_left_to_the_spool_is_given_back_when_it_can_be_used_again(stage: Stage) -> None:
    """A report that gave way in memory is nobody's: another process may send it at once."""
    stage.begin(size=1)
    stage.put("a", "warning")
    stage.look(blocked=_BLOCKED)
    stage.look(1)
    stage.put("b", "critical")  # there is room for one
    assert stage.counts() == (2, 0, {}, 1, 1)
    stage.spool.file.hurry(0)
    stage.holder.hold(stage.spool.file)
    stage.look()
    stage.holder.let_go()
    assert stage.other().claim(9) == []
    stage.look(11, blocked=1.0)
    assert "a" in [kept.uuid for kept in stage.other().claim(9)]


@pytest.mark.parametrize("mode", ["overflow", "always"])
def test_what_cannot_go_to_disk_stays_in_memory(stage: Stage, mode: str) -> None:
    """The spool is held: reports can be sent from memory, and go to disk when it can be used again."""
    stage.begin(mode)
    stage.spool.file.hurry(0)
    stage.holder.hold(stage.spool.file)
    stage.put("a")
    stage.put("b")
    stage.look(blocked=_BLOCKED)
    assert stage.counts() == (2, 0, {}, 0, 2)
    report = stage.take()
    stage.queue.settle(report)
    stage.put("c")
    stage.look(1)
    assert (stage.counts(), stage.on_disk()) == ((3, 1, {}, 0, 2), set())
    assert stage.queue.due(stage.clock.now).at is not None
    stage.holder.let_go()
    stage.look(11, blocked=_BLOCKED)
    assert (stage.counts(), stage.on_disk()) == ((3, 1, {}, 2, 0), {"b", "c"})


def test_at_the_end_what_is_on_disk_is_not_lost(stage: Stage) -> None:
    """Whoever holds the spool just then: the copies stay, and count as spooled; what is in memory alone is lost."""
    stage.put("a")
    stage.look(blocked=_BLOCKED)
    stage.look(1)
    stage.put("b")
    stage.spool.file.hurry(0)
    stage.holder.hold(stage.spool.file)
    stage.keeper.keep_all(stage.clock.now)
    stage.queue.drop_all("shutdown")
    assert (stage.counts(), stage.on_disk()) == ((2, 0, {"shutdown": 1}, 1, 0), {"a"})


def test_claims_hold_as_long_as_the_keeper_looks(stage: Stage) -> None:
    """Another process does not get them, however long they wait for an answer."""
    stage.put("a")
    stage.look(blocked=_BLOCKED)
    for _ in range(20):
        stage.look(25)
        assert stage.other().claim(9) == []
    assert stage.counts() == (1, 0, {}, 0, 1)


def test_what_another_process_has_claimed_is_left_to_it(stage: Stage) -> None:
    """Of the same report, logged in two processes, one sends it."""
    theirs = stage.other()
    theirs.keep([Kept("a", 3, stage.clock.time(), b"theirs")], is_claimed=True)
    stage.begin("always")
    stage.put("a")
    stage.look()
    assert (stage.counts(), stage.on_disk()) == ((1, 0, {}, 1, 0), {"a"})


def test_another_processs_reports_are_no_loss_of_this_ones(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    """What gives way for ours, or is too old, is told to the log, and counted by nobody here."""
    theirs = stage.other()
    theirs.keep([Kept("theirs", 0, stage.clock.time(), b"x" * 60), Kept("old", 4, stage.clock.time() - _WEEK - 1, b"")])
    theirs.close()
    stage.begin(max_bytes=100)
    stage.put("ours", "error", 60)
    stage.look(blocked=_BLOCKED)
    stage.look(1)
    assert (stage.counts(), stage.on_disk()) == ((1, 0, {}, 0, 1), {"ours"})
    assert [message.rpartition(" that ")[2] for message in caplog.messages] == [
        "another process had left on disk were dropped: spool_full",
        "another process had left on disk were dropped: expired",
    ]


def test_no_more_is_taken_up_than_there_is_room_for(stage: Stage) -> None:
    """And after a failure one report, to see whether the way is free."""
    stage.begin(size_bytes=10_000_000)
    for i in range(6):
        stage.put(f"{i}")
        stage.look(blocked=_BLOCKED)
    stage.gate.is_clear = False
    stage.look(1)
    assert stage.counts() == (6, 0, {}, 5, 1)
    stage.gate.is_clear = True
    stage.look(1)
    assert stage.counts() == (6, 0, {}, 3, 3)
    stage.look(1)
    assert stage.counts() == (6, 0, {}, 3, 3)
    stage.look(1, blocked=1.0)
    assert stage.counts() == (6, 0, {}, 3, 3)


def test_what_is_made_ready_takes_its_room(stage: Stage) -> None:
    """The bound of bytes holds for what was put on disk first, too."""
    stage.begin("always", size_bytes=100)
    for uuid in ("a", "b"):
        stage.put(uuid, size=50)
    stage.look()
    stage.put("c", "debug", size=50)
    assert stage.counts() == (3, 0, {}, 1, 2)
