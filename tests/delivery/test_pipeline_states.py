"""Queue, worker, policy and spool together, in any order of events: every report is in exactly one place.

No thread runs: the system refuses them, so `Worker.flush` delivers on the calling one. Time is a number, which waiting
adds to. The server answers by a script. What a process leaves behind when it is killed, the next one finds.
"""

from __future__ import annotations

import itertools
import json
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from typing import Any
from unittest import mock

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from rollbar_logging.capture.occurrence import Occurrence
from rollbar_logging.delivery import gate, keeper, processes, report, sender, worker
from rollbar_logging.delivery.answer import Answer
from rollbar_logging.delivery.queue import ReportQueue
from rollbar_logging.delivery.report import Report
from rollbar_logging.delivery.sender import Way
from rollbar_logging.delivery.spooled_queue import SpooledQueue
from rollbar_logging.delivery.stats import Stats
from rollbar_logging.delivery.worker import Worker
from rollbar_logging.levels import LEVELS
from tests.delivery.stage import ANSWERS, Clock, Holder, RememberingSpool, Server
from tests.pipelines import adds_up

_QUEUE_SIZE = 8
_MAX_AGE = 300.0


class Pipeline(RuleBasedStateMachine):
    """What an application, a network and an operating system may do to a pipeline.

    Attributes:
        mode: How it uses a spool, if at all.
    """

    mode = "none"

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.mkdtemp()
        self.clock = Clock()
        self.server = Server(self.clock, self._notice_sending)
        self.holder = Holder()
        self.may_come_twice: set[str] = set()
        self.unsafe: set[str] = set()  # sent before it was on disk
        self.numbers = itertools.count(1)
        self.accepted: set[str] = set()  # by the process that runs
        self.logged: set[str] = set()
        self.lost_by_kill: set[str] = set()
        self.left_by_killed: set[str] = set()  # with claims that end by themselves
        self.gone: set[str] = set()
        self.dropped = self.sent = 0  # in all processes that have ended
        self.patches = [
            mock.patch.object(time, "time", self.clock.time),
            *(
                mock.patch.object(module, "monotonic", self.clock.monotonic)
                for module in (gate, keeper, report, sender, worker)
            ),
            mock.patch.object(ReportQueue, "wait", self._wait),
            mock.patch.object(threading.Thread, "start", side_effect=RuntimeError("no more threads")),
            mock.patch.object(worker, "warm_loggers", return_value=True),
        ]
        for patch in self.patches:
            patch.start()

    def _notice_sending(self, uuid: str) -> None:
        if self.mode == "always" and not self.was_held and self.spool is not None:
            has_been_on_disk = self.spool.had_no_room_for | self.gone | self._on_disk()
            self.unsafe |= {uuid} - has_been_on_disk

    def _wait(self, timeout: float | None) -> None:
        self.clock.now += 1.0 if timeout is None else max(timeout, 0.001)

    @initialize(
        on_rate_limit=st.sampled_from(["defer", "drop"]),
        lifetime=st.sampled_from([3, 12, 40]),
        may_be_held=st.booleans(),
    )
    def begin(self, on_rate_limit: Any, lifetime: int, may_be_held: bool) -> None:
        """Start, knowing for how many records each process lives at least, and whether others may hold the spool."""
        self.on_rate_limit, self.lifetime, self.may_be_held = on_rate_limit, lifetime, may_be_held
        self._start(is_first=True)

    def _start(self, *, is_first: bool = False) -> None:
        self.is_first = is_first
        self.was_held = self.holder.is_holding
        self.given_away: set[str] = set()  # when a lease was over; the next one is for other claims
        spool = None
        if self.mode != "none":
            spool = RememberingSpool(self.folder, self.gone, self.clock)
        kind = ReportQueue if spool is None else SpooledQueue
        self.queue = kind(_QUEUE_SIZE, 1_000_000, 4, 0.5, timer=self.clock.monotonic)
        way = Way(
            self.server,
            lambda: self.server,
            lambda occurrence: json.dumps({"data": {"uuid": occurrence.uuid, "text": occurrence.message}}).encode(),
            lambda body: body,
            on_rate_limit=self.on_rate_limit,
            max_age=_MAX_AGE,
            spool=spool,
            keeps="always" if self.mode == "always" else "overflow",
        )
        self.worker = Worker(self.queue, way)
        self.spool = spool
        self.accepted = set()

    @rule(
        levels=st.lists(st.sampled_from(sorted(LEVELS)), min_size=1, max_size=12), size=st.sampled_from([1, 100, 900])
    )
    def log(self, levels: list[str], size: int) -> None:
        """The application logs."""
        for level in levels:
            uuid = f"uuid-{next(self.numbers)}"
            self.accepted.add(uuid)
            self.logged.add(uuid)
            made = Occurrence(uuid, self.clock.time(), level, 40, "app", "x" * size, None, (None,) * 7, size=size)
            self.worker.put(made)

    @rule(answers=st.lists(ANSWERS, max_size=4))
    def plan(self, answers: list[tuple[Answer, bool]]) -> None:
        """The network and the server decide what comes next."""
        self.server.script.extend(answers)

    @rule(seconds=st.sampled_from([0.1, 1.0, 10.0, 70.0, 400.0, 1000.0]))
    def rest(self, seconds: float) -> None:
        """Time passes."""
        self.clock.now += seconds

    @rule(seconds=st.sampled_from([-86_400.0, -50.0, 50.0, 86_400.0]))
    def leap(self, seconds: float) -> None:
        """Somebody sets the machine's clock."""
        self.clock.leap += seconds

    @rule(timeout=st.sampled_from([0.0, 0.05, 3.0, 120.0]))
    def flush(self, timeout: float) -> None:
        """The application wants all delivered; afterwards the counts tell whether it was."""
        serial = self.queue.last_serial
        is_settled = self.worker.flush(timeout)
        assert is_settled == (self.worker.stats().queued == 0)
        assert self.queue.last_serial >= serial

    @rule()
    def look_after_the_disk(self) -> None:
        """The first thread looks at the queue and the spool."""
        if self.worker._keeper is not None:
            self.worker._keeper.look(self.clock.monotonic())

    @rule()
    def suffer_an_outage(self) -> None:
        """Nothing gets through, and the first thread sees to the disk."""
        self.server.script[:0] = [(Answer(None, error="refused", was_sent=False), False)] * 3
        self.flush(0.05)
        self.look_after_the_disk()

    @precondition(lambda self: len(self.accepted) >= self.lifetime)
    @rule(timeout=st.sampled_from([0.0, 3.0]))
    def end(self, timeout: float) -> None:
        """The process ends as it should; another one begins."""
        self.worker.close(timeout)
        self._end_well()

    @precondition(lambda self: len(self.accepted) >= self.lifetime)
    @rule(timeout=st.sampled_from([0.0, 0.02]))  # for which it really waits for the answer
    def end_in_the_middle_of_an_exchange(self, timeout: float) -> None:
        """The process ends while a sender waits for an answer, which still comes."""

        def close() -> None:
            self.may_come_twice |= {report.uuid for report in self.queue._in_flight.values()}
            processes.role.is_sending = False  # it is another thread that ends the process
            self.worker.close(timeout)
            processes.role.is_sending = True

        self.server.meanwhile = close
        self.worker.flush(3.0)
        if self.server.meanwhile is not None:  # there was nothing to send
            self.server.meanwhile = None
            self.worker.close(timeout)
        self._end_well()

    def _end_well(self) -> None:
        stats = self.worker.stats()
        assert stats.queued == 0
        if self.spool is not None and not self.was_held:
            assert self.spool.claimed() <= self.left_by_killed
        self._ended(stats)
        self._start()

    def _ended(self, stats: Stats) -> None:
        if self.worker._keeper is not None:
            self.may_come_twice.update(self.worker._keeper._to_remove)
        if self.spool is not None:
            self.spool.file.close()  # as the process's end does
        self.dropped += sum(stats.dropped.values())
        self.sent += stats.sent

    @precondition(lambda self: self.spool is not None and self.may_be_held)
    @rule()
    def hold_the_spool(self) -> None:
        """Another process writes to the spool, and takes its time."""
        self.holder.hold(self.spool.file)
        self.was_held = True

    @precondition(lambda self: self.holder.is_holding)
    @rule()
    def let_the_spool_go(self) -> None:
        """It is done."""
        self.holder.let_go()

    @rule()
    def look_from_another_process(self) -> None:
        """Another process claims what it can, and ends: never what this one has claimed and not let run out."""
        if self.spool is None or self.holder.is_holding:
            return
        other = RememberingSpool(self.folder, self.gone, self.clock)
        claimed = {kept.uuid for kept in other.claim(100)}
        ours = {report.uuid for report in self._in_memory() if report.is_kept} - self.given_away
        if int(self.clock.time()) in self.spool.holds:
            assert not claimed & ours
        self.given_away |= claimed
        if other.take_expired():
            self.is_first = False  # what it removed is not counted here
        other.close()

    @precondition(lambda self: len(self.accepted) >= self.lifetime)
    @rule()
    def kill(self) -> None:
        """The process is killed: what was in memory alone is lost; its claims run out."""
        stats = self.worker.stats()
        on_disk = self._on_disk()
        lost = self.accepted - on_disk - self.server.arrived.keys()
        if self.mode == "always" and not self.was_held and not self.queue._fresh:  # type: ignore[union-attr]
            # All that was not just logged is on disk, unless it was dropped for want of room.
            assert len(lost - self.spool.had_no_room_for - self.gone) <= sum(stats.dropped.values())
        self.lost_by_kill |= lost
        self.left_by_killed |= on_disk
        self._ended(stats)  # the claims stay
        self.clock.now += 61.0
        self._start()

    def _on_disk(self) -> set[str]:
        return set() if self.spool is None else self.spool.uuids()

    @invariant()
    def all_is_counted_once(self) -> None:
        """The sum is exact at every step."""
        if hasattr(self, "worker"):
            stats = self.worker.stats()
            assert adds_up(stats), stats
            assert stats.queued == len(self._in_memory())

    @invariant()
    def what_counts_as_sent_was_taken(self) -> None:
        """Neither more nor less, no report twice, and nothing that was not logged: so no uuid is a new one."""
        if hasattr(self, "worker"):
            taken = self.server.taken
            sent = self.sent + self.worker.stats().sent + len(self.server.taken_meanwhile)
            assert sent == sum(taken.values())
            assert {uuid for uuid, times in taken.items() if times > 1} <= self.may_come_twice
            assert self.unsafe == set()
            assert self.server.arrived.keys() <= self.logged

    @invariant()
    def what_counts_as_spooled_is_on_disk(self) -> None:
        """As long as there was no other process: every report is counted once, and what is on disk is known to be."""
        if hasattr(self, "worker") and self.is_first:
            stats = self.worker.stats()
            assert stats.accepted == len(self.accepted)
            # What was sent, and could not be removed yet, counts as sent.
            is_elsewhere = {report.uuid for report in self._in_memory()}
            if self.worker._keeper is not None:
                is_elsewhere.update(self.worker._keeper._to_remove)
            assert stats.spooled == len(self._on_disk() - is_elsewhere)

    def _in_memory(self) -> list[Report]:
        queue = self.queue
        waiting = [report for heap in queue._heaps() for _, report in heap] + [report for *_, report in queue._delayed]
        return [*waiting, *queue._in_flight.values()]

    @invariant()
    def the_queue_is_bounded(self) -> None:
        """In memory there is no more than what may be."""
        if hasattr(self, "worker"):
            waiting = self.worker.stats().queued - self.queue.in_flight
            assert waiting <= _QUEUE_SIZE + keeper._BATCH

    def teardown(self) -> None:
        """In the end all works again: then each report has arrived, or is counted as dropped, or was killed."""
        try:
            if hasattr(self, "worker"):
                self._finish()
        finally:
            self.holder.let_go()
            for patch in reversed(self.patches):
                patch.stop()
            shutil.rmtree(self.folder)

    def _finish(self) -> None:
        self.server.script.clear()
        self.holder.let_go()
        for _ in range(20):
            self.clock.now += 400.0
            if self.worker._keeper is not None:
                self.worker._keeper.look(self.clock.monotonic())
            if self.worker.flush(600.0) and not self._on_disk():
                break
        stats = self.worker.stats()
        assert (stats.queued, self._on_disk()) == (0, set())
        dropped = self.dropped + sum(stats.dropped.values())
        # Another process's reports that gave way on disk are counted by nobody.
        missing = self.logged - self.server.arrived.keys() - self.lost_by_kill - self.gone
        assert len(missing) <= dropped
        self.worker.close(1.0)


class Overflowing(Pipeline):
    """With a spool for what cannot be sent."""

    mode = "overflow"


class Careful(Pipeline):
    """With a spool for every report."""

    mode = "always"


def _tested(machine: type[Pipeline], examples: int) -> Any:
    machine.TestCase.settings = settings(
        max_examples=examples,
        stateful_step_count=40,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )
    return pytest.mark.timeout(300)(machine.TestCase)


# Each for itself: with the way drawn at random, a run may well not come to the one that matters.
TestPipeline = _tested(Pipeline, 40)
TestOverflowing = _tested(Overflowing, 100)
TestCareful = _tested(Careful, 100)


@pytest.fixture(autouse=True)
def _no_rest() -> Iterator[None]:
    """What is blocked at all goes to disk."""
    with mock.patch.object(keeper, "PATIENCE", 0.0):
        yield
