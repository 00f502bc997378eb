"""The gate when the spool that processes share is out of order: each goes by itself, and seldom looks again."""

from __future__ import annotations

from unittest import mock

import pytest

from rollbar_logging.delivery import gate as module
from rollbar_logging.delivery.answer import Answer
from rollbar_logging.delivery.gate import Gate
from rollbar_logging.delivery.spool_place import SpoolError

_OVER = Answer(429, {"x-rate-limit-remaining": "0", "x-rate-limit-remaining-seconds": "30"})


class Shared:
    """What processes know together, or an error.

    Attributes:
        calls: What was asked.
        is_broken: Whether nothing can be asked.
    """

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.is_broken = True

    def _call(self, name: str) -> None:
        self.calls.append(name)
        if self.is_broken:
            raise SpoolError("locked")

    def take(self, now: float) -> float:
        """Take a ticket."""
        self._call("take")
        return 0.0

    def learn(self, answer: Answer, now: float) -> None:
        """Tell of an answer."""
        self._call("learn")

    def give_back(self) -> None:
        """Give a ticket back."""
        self._call("give_back")


class Clock:
    """Monotonic seconds, that pass when told to."""

    now = 100.0

    def __call__(self) -> float:
        """As `time.monotonic`."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """The gate's clock."""
    return Clock()


def learn(gate: Gate, answer: Answer) -> None:
    """Let the gate know of an answer to a first attempt."""
    gate.learn(answer, 1, 0.0, max_age=3600.0, is_shrunk=False)


def test_who_cannot_be_asked_is_left_alone_for_a_while(clock: Clock) -> None:
    """To find out takes seconds each time, for which nothing would be sent."""
    shared = Shared()
    gate = Gate("defer", shared)  # type: ignore[arg-type]  # as far as it is used
    with mock.patch.object(module, "monotonic", clock):
        for _ in range(5):
            assert not gate.must_queue(clock.now)
            gate.give_back()
            learn(gate, Answer(200))
            clock.now += 1
        assert shared.calls == ["take"]

        shared.is_broken = False
        clock.now += 5
        assert not gate.must_queue(clock.now)
        learn(gate, Answer(200))
        gate.give_back()
    assert shared.calls == ["take", "take", "learn", "give_back"]


def test_who_is_by_itself_keeps_to_the_limit_all_the_same(clock: Clock) -> None:
    """What its own answers say holds for its own requests."""
    gate = Gate("defer", Shared())  # type: ignore[arg-type]  # as far as it is used
    with mock.patch.object(module, "monotonic", clock):
        assert not gate.must_queue(clock.now)
        learn(gate, _OVER)
        assert 29 < gate.blocked_for(clock.now) < 33
        assert gate.opens_at(clock.now) is not None
        assert not gate.admits(0, clock.now)


@pytest.mark.parametrize("answer", [Answer(None, error="refused"), Answer(503), Answer(403)], ids=str)
@pytest.mark.parametrize("shared", [None, Shared()], ids=["alone", "shared"])
def test_after_an_outage_a_single_report_finds_out(clock: Clock, answer: Answer, shared: Shared | None) -> None:
    """While that one is under way no other goes out, though no limit is known; after a success many may again."""
    if shared is not None:
        shared.is_broken = False
    gate = Gate("defer", shared)  # type: ignore[arg-type]  # as far as it is used
    with mock.patch.object(module, "monotonic", clock):
        assert not gate.must_queue(clock.now)
        learn(gate, Answer(200))
        assert gate.admits(3, clock.now)

        learn(gate, answer)
        clock.now += gate.blocked_for(clock.now)
        assert gate.admits(0, clock.now)
        assert not gate.admits(1, clock.now)

        learn(gate, Answer(200))
        assert gate.admits(3, clock.now)


def test_an_answer_about_one_report_does_not_hold_back_the_others(clock: Clock) -> None:
    """After a 500, which may be this report's fault, several may be under way at once."""
    gate = Gate("defer")
    with mock.patch.object(module, "monotonic", clock):
        learn(gate, Answer(200))
        learn(gate, Answer(500))
        clock.now += gate.blocked_for(clock.now)
        assert gate.admits(3, clock.now)


def test_reports_that_fail_together_are_one_failure(clock: Clock) -> None:
    """All that were under way when the server went away say the same; to wait longer is for what fails afterwards."""
    gate = Gate("defer")
    with mock.patch.object(module, "monotonic", clock):
        for _ in range(4):
            learn(gate, Answer(None, error="refused"))
        assert gate.blocked_for(clock.now) <= 1

        clock.now += 1
        learn(gate, Answer(None, error="refused"))
        assert 1 <= gate.blocked_for(clock.now) <= 2
