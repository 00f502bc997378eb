"""The queue against a plain model of itself, over any sequence of calls: order, bounds, counts and times."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from rollbar_logging.delivery.queue import Due, ReportQueue
from rollbar_logging.delivery.report import Report
from rollbar_logging.delivery.stats import Stats
from rollbar_logging.levels import LEVELS
from tests.pipelines import adds_up, occurrence

SIZE, SIZE_BYTES, BATCH, INTERVAL = 6, 1000, 4, 10.0
RANKS = {level: rank for rank, level in enumerate(LEVELS)}


class Kept(NamedTuple):
    """What the model knows of a report that waits."""

    serial: int
    rank: int
    size: int
    due: float | None


class QueueModel(RuleBasedStateMachine):
    """Calls on a queue, each followed by a comparison with a model that is a list."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0
        self.queue = ReportQueue(SIZE, SIZE_BYTES, BATCH, INTERVAL, timer=lambda: self.now)
        self.kept: list[Kept] = []
        self.flying: list[Report] = []
        self.dropped: Counter[str] = Counter()
        self.accepted = self.sent = self.deferred = self.retried = 0
        self.since = 0.0
        self.due_serial = 0
        self.ended: set[int] = set()

    @property
    def waiting(self) -> list[Kept]:
        """Those that wait for their turn, not for their time."""
        return [kept for kept in self.kept if kept.due is None]

    def keep(self, kept: Kept, *, at_once: bool) -> None:
        """Let a report wait."""
        if kept.due is None:
            if not self.waiting:
                self.since = self.now
            if at_once:
                self.due_serial = max(self.due_serial, kept.serial)
        self.kept.append(kept)

    def end(self, serial: int) -> None:
        """A report ends, which it does once."""
        assert serial not in self.ended, "a report ended twice"
        self.ended.add(serial)

    @rule(level=st.sampled_from(list(LEVELS)), size=st.sampled_from([0, 100, 300, 600, 1000, 1001]))
    def put(self, level: str, size: int) -> None:
        """The least severe and oldest give way, or, if all that may do so would not make room, the newcomer does."""
        report = Report(occurrence(level, size))
        self.queue.put(report)
        self.accepted += 1
        assert report.serial == self.accepted
        rank = RANKS[level]
        more_severe = [kept for kept in self.kept if kept.rank > rank]
        while not self.is_full_for(size, more_severe) and self.is_full_for(size, self.kept):
            victim = min(self.kept, key=lambda kept: (kept.rank, kept.serial))
            self.kept.remove(victim)
            self.end(victim.serial)
            self.dropped["queue_full"] += 1
        if self.is_full_for(size, self.kept):
            self.end(report.serial)
            self.dropped["queue_full"] += 1
        else:
            at_once = level == "critical" or len(self.waiting) + 1 >= BATCH
            self.keep(Kept(report.serial, rank, size, None), at_once=at_once)

    def is_full_for(self, size: int, there: list[Kept]) -> bool:
        """Whether there is no room for a report of that size beside those."""
        return len(there) >= SIZE or sum(kept.size for kept in there) + size > SIZE_BYTES

    @rule()
    def take(self) -> None:
        """The most severe and oldest whose time has come is taken."""
        for kept in [kept for kept in self.kept if kept.due is not None and kept.due <= self.now]:
            self.kept.remove(kept)
            self.keep(kept._replace(due=None), at_once=True)
        report = self.queue.take(self.now)
        expected = max(self.waiting, key=lambda kept: (kept.rank, -kept.serial), default=None)
        assert (report and report.serial) == (expected and expected.serial)
        if report is not None and expected is not None:
            self.kept.remove(expected)
            self.flying.append(report)

    @precondition(lambda self: self.flying)
    @rule(data=st.data(), delay=st.none() | st.integers(0, 30), deferred=st.booleans())
    def put_back(self, data: st.DataObject, delay: int | None, *, deferred: bool) -> None:
        """A report comes back, for now or for later."""
        report = self.flying.pop(data.draw(st.integers(0, len(self.flying) - 1)))
        due = None if delay is None else self.now + delay
        self.queue.put_back(report, due, deferred=deferred)
        self.deferred += deferred
        self.retried += not deferred
        self.keep(Kept(report.serial, report.rank, report.size, due), at_once=True)

    @precondition(lambda self: self.flying)
    @rule(data=st.data(), reason=st.sampled_from([None, "expired", "too_large"]))
    def settle(self, data: st.DataObject, reason: str | None) -> None:
        """A report was sent, or is given up."""
        report = self.flying.pop(data.draw(st.integers(0, len(self.flying) - 1)))
        for _ in range(2):  # the second time it is nothing to the queue
            self.queue.settle(report, reason)
        self.end(report.serial)
        self.sent += reason is None
        if reason is not None:
            self.dropped[reason] += 1

    @rule()
    def drop_all(self) -> None:
        """Everything is given up; what senders do afterwards changes nothing."""
        serials = [kept.serial for kept in self.kept] + [report.serial for report in self.flying]
        assert self.queue.drop_all("shutdown") == len(serials)
        for report in self.flying:
            self.queue.put_back(report)
        for serial in serials:
            self.end(serial)
        if serials:
            self.dropped["shutdown"] += len(serials)
        self.kept, self.flying = [], []

    @rule(number=st.integers(1, 3))
    def count_dropped(self, number: int) -> None:
        """Reports are lost before they were made."""
        self.queue.count_dropped("reentrant", number)
        self.ended |= set(range(self.accepted + 1, self.accepted + number + 1))
        self.accepted += number
        self.dropped["reentrant"] += number

    @rule()
    def hurry(self) -> None:
        """All that is there is due at once."""
        self.queue.hurry()
        self.due_serial = self.accepted

    @rule(seconds=st.integers(0, 20))
    def pass_time(self, seconds: int) -> None:
        """Time passes."""
        self.now += seconds

    @invariant()
    def counts_agree(self) -> None:
        """Every count is what the model has counted, and they add up."""
        stats = self.queue.stats()
        assert adds_up(stats)
        queued = len(self.kept) + len(self.flying)
        counts = (self.accepted, self.sent, 0, dict(self.dropped), 0, queued, self.retried, self.deferred)
        assert stats == Stats(*counts)
        assert queued + len(self.ended) == self.accepted
        assert self.queue.wait_settled(0) is (not queued)

    @invariant()
    def times_agree(self) -> None:
        """The next report is due when the model says."""
        times = [kept.due for kept in self.kept if kept.due is not None]
        waiting = self.waiting
        if waiting:
            is_due = min(kept.serial for kept in waiting) <= self.due_serial
            times.append(self.now if is_due else self.since + INTERVAL)
        assert self.queue.due(self.now) == Due(min(times, default=None), len(waiting))

    def teardown(self) -> None:
        """In the end everything that is left comes out, each report once."""
        self.now += 1000
        for _ in range(len(self.kept)):
            self.take()
        assert self.queue.take(self.now) is None
        assert len(self.ended | {report.serial for report in self.flying}) == self.accepted


TestQueueModel = QueueModel.TestCase
TestQueueModel.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
