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
from collections import Counter
from collections.abc import Iterator
from typing import Any
from unittest import mock

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from rollbar_logging.capture.occurrence import Occurrence
from rollbar_logging.delivery import gate, keeper, report, sender, worker
from rollbar_logging.delivery.answer import Answer
from rollbar_logging.delivery.queue import ReportQueue
from rollbar_logging.delivery.report import Report
from rollbar_logging.delivery.sender import Way
from rollbar_logging.delivery.spool import KeepResult, Spool
from rollbar_logging.delivery.spooled_queue import SpooledQueue
from rollbar_logging.delivery.stats import Stats
from rollbar_logging.delivery.worker import Worker
from rollbar_logging.levels import LEVELS
from tests.pipelines import adds_up

_QUEUE_SIZE = 8
_MAX_AGE = 300.0
_MAX_AGE_ON_DISK = 900.0
_LEASE = 60


class Clock:
    """Both clocks of the machine."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.leap = 1_700_000_000.0

    def monotonic(self) -> float:
        """Return seconds since some time."""
        return self.now

    def time(self) -> float:
        """Return Unix seconds, which may leap."""
        return self.leap + self.now


class Server:
    """Answers by a script, and remembers what arrived. Also the transport."""

    def __init__(self, clock: Clock) -> None:
        self.script: list[tuple[Answer, bool]] = []
        self.arrived: Counter[str] = Counter()
        self.taken: Counter[str] = Counter()
        self._clock = clock

    def send(self, body: bytes, _timeout: float) -> Answer:
        """Give the next answer; ``True`` in the script says that the item arrived, whatever the answer."""
        self._clock.now += 0.01
        uuid, text = map(json.loads(body)["data"].get, ("uuid", "text"))
        answer, has_arrived = self.script.pop(0) if self.script else (Answer(200), True)
        if not text.startswith("rollbar_logging dropped reports"):  # which is no report of the application's
            self.arrived[uuid] += has_arrived
            self.taken[uuid] += answer.status == 200
        return answer

    def close(self) -> None:
        """Nothing is open."""


def limited(status: int, remaining: str, seconds: str) -> Answer:
    """An answer with the rate limit's headers."""
    return Answer(status, {"x-rate-limit-remaining": remaining, "x-rate-limit-remaining-seconds": seconds})


_ANSWERS = st.sampled_from(
    [
        (Answer(200), True),
        (limited(200, "0", "5"), True),
        (limited(200, "3", "30"), True),
        (limited(429, "0", "2"), False),
        (Answer(429), False),
        (Answer(500), False),
        (Answer(503, {"retry-after": "7"}), False),
        (Answer(422, message="no"), False),
        (Answer(413), False),
        (Answer(403), False),
        (Answer(None, error="refused", was_sent=False), False),
        (Answer(None, error="timed out"), True),
    ]
)


class _Spool(Spool):
    """Remembers what gave way, became too old, or found no room, and how long its claims hold.

    Attributes:
        had_no_room_for: Reports that it did not keep.
        holds: Unix seconds between which its claims hold.
    """

    def __init__(self, folder: str, gone: set[str], clock: Clock) -> None:
        super().__init__(folder, token="t" * 32, max_bytes=4000, max_age=_MAX_AGE_ON_DISK, clock=clock.time)
        self._gone = gone
        self.had_no_room_for: set[str] = set()
        self.holds = range(0)

    def _sign_in(self, connection: Any, now: float) -> int:
        self.holds = range(int(now), int(now + _LEASE))
        return super()._sign_in(connection, now)

    def keep(self, reports: Any, *, is_claimed: bool = False) -> KeepResult:
        result = super().keep(reports, is_claimed=is_claimed)
        self._gone.update(result.gave_way)
        self.had_no_room_for.update(result.refused)
        return result

    def take_expired(self) -> list[str]:
        expired = super().take_expired()
        self._gone.update(expired)
        return expired


class Pipeline(RuleBasedStateMachine):
    """What an application, a network and an operating system may do to a pipeline."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.mkdtemp()
        self.clock = Clock()
        self.server = Server(self.clock)
        self.numbers = itertools.count(1)
        self.accepted: set[str] = set()  # by the process that runs
        self.logged: set[str] = set()
        self.lost_by_kill: set[str] = set()
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
            mock.patch.object(worker, "_warm_loggers", return_value=True),
        ]
        for patch in self.patches:
            patch.start()

    def _wait(self, timeout: float | None) -> None:
        self.clock.now += 1.0 if timeout is None else max(timeout, 0.001)

    @initialize(
        mode=st.sampled_from(["none", "overflow", "overflow", "always"]),
        on_rate_limit=st.sampled_from(["defer", "drop"]),
        lifetime=st.sampled_from([3, 12, 40]),
    )
    def begin(self, mode: str, on_rate_limit: Any, lifetime: int) -> None:
        """Start with a way to use the spool, and for how many records each process lives at least."""
        self.mode, self.on_rate_limit, self.lifetime = mode, on_rate_limit, lifetime
        self._start(is_first=True)

    def _start(self, *, is_first: bool = False) -> None:
        self.is_first = is_first
        spool = None
        if self.mode != "none":
            spool = _Spool(self.folder, self.gone, self.clock)
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

    @rule(answers=st.lists(_ANSWERS, max_size=4))
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
        stats = self.worker.stats()
        assert stats.queued == 0
        self._ended(stats)
        self._start()

    def _ended(self, stats: Stats) -> None:
        self.dropped += sum(stats.dropped.values())
        self.sent += stats.sent

    @rule()
    def look_from_another_process(self) -> None:
        """Another process claims what it can, and ends: never what this one has claimed and not let run out."""
        if self.spool is None:
            return
        other = _Spool(self.folder, self.gone, self.clock)
        claimed = {kept.uuid for kept in other.claim(100)}
        if int(self.clock.time()) in self.spool.holds:
            assert not claimed & {report.uuid for report in self._in_memory() if report.is_kept}
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
        if self.mode == "always" and not self.queue._fresh:  # type: ignore[union-attr]
            # All that was not just logged is on disk, unless it was dropped for want of room.
            assert len(lost - self.spool.had_no_room_for) <= sum(stats.dropped.values())
        self.lost_by_kill |= lost
        self._ended(stats)
        if self.spool is not None:
            self.spool.file.close()  # the claims stay
        self.clock.now += 61.0
        self._start()

    def _on_disk(self) -> set[str]:
        return set() if self.spool is None else {row[0] for row in self.spool._rows("SELECT uuid FROM report{}")}

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
            assert self.sent + self.worker.stats().sent == sum(taken.values())
            assert max(taken.values(), default=0) <= 1, taken
            assert self.server.arrived.keys() <= self.logged

    @invariant()
    def what_counts_as_spooled_is_on_disk(self) -> None:
        """As long as there was no other process: every report is counted once, and what is on disk is known to be."""
        if hasattr(self, "worker") and self.is_first:
            stats = self.worker.stats()
            assert stats.accepted == len(self.accepted)
            assert stats.spooled == len(self._on_disk() - {report.uuid for report in self._in_memory()})

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
            for patch in reversed(self.patches):
                patch.stop()
            shutil.rmtree(self.folder)

    def _finish(self) -> None:
        self.server.script.clear()
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


Pipeline.TestCase.settings = settings(
    max_examples=150, stateful_step_count=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
TestPipeline = pytest.mark.timeout(300)(Pipeline.TestCase)


@pytest.fixture(autouse=True)
def _no_rest() -> Iterator[None]:
    """What is blocked at all goes to disk."""
    with mock.patch.object(keeper, "PATIENCE", 0.0):
        yield
