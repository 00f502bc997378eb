"""The way into the queue: never waited for, and open in the middle of everything."""

from __future__ import annotations

import gc
import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from rollbar_logging.delivery.entrance import Entrance
from rollbar_logging.delivery.queue import ReportQueue
from tests.delivery.test_queue import NOW, put, queue_of, taken
from tests.loopback import Loopback
from tests.pipelines import adds_up, attached


@pytest.mark.parametrize("call", ["put", "count_dropped"])
def test_a_put_does_not_wait_for_the_lock(call: str) -> None:
    """While another thread changes the queue a put returns at once, and is let in by that thread."""
    queue = queue_of()
    act: Callable[[], Any] = {
        "put": lambda: put(queue),
        "count_dropped": lambda: queue.count_dropped("reentrant", 1),
    }[call]
    with queue._change:
        thread = threading.Thread(target=act)
        thread.start()
        thread.join(10)
        has_waited = thread.is_alive()
    thread.join()

    assert not has_waited
    assert queue.stats().accepted == 1
    assert adds_up(queue.stats())


def _nothing(queue: ReportQueue) -> None:
    """Between two steps."""


OPERATIONS: dict[str, Callable[[ReportQueue], Any]] = {
    "put": put,
    "put when full": lambda queue: [put(queue, "critical") for _ in range(3)],
    "take": lambda queue: queue.take(NOW),
    "put back": lambda queue: queue.put_back(queue._in_flight[1]),
    "put back for later": lambda queue: queue.put_back(queue._in_flight[1], NOW + 1),
    "settle": lambda queue: queue.settle(queue._in_flight[1]),
    "due": lambda queue: queue.due(NOW),
    "stats": lambda queue: queue.stats(),
    "drop all": lambda queue: queue.drop_all("shutdown"),
    "count": lambda queue: queue.count_dropped("reentrant", 1),
    "hurry": lambda queue: queue.hurry(),
    "wait settled": lambda queue: queue.wait_settled(0),
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_a_put_in_the_middle_of_anything_neither_deadlocks_nor_loses_count(name: str) -> None:
    """Whatever step a signal handler interrupts: it can log, look and flush, and every report is counted once."""
    steps = _interrupted(name, None, _nothing)
    assert steps > 5
    for step in range(steps):
        queue = queue_of(size=4)
        _interrupted(name, step, _log_and_look, queue)

        stats = queue.stats()
        assert adds_up(stats), step
        assert stats.accepted == 3 + 4 + {"put": 1, "put when full": 3, "count": 1}.get(name, 0), step
        serials = taken(queue, NOW + 60)
        assert len(serials) == len(set(serials)), step
        assert queue.stats().queued == stats.queued == len(queue._in_flight), step


def _log_and_look(queue: ReportQueue) -> None:
    put(queue, "warning")
    queue.count_dropped("reentrant", 2)
    queue.stats()
    # While its thread has the lock nobody could settle anything, so no time to wait may be used.
    queue.wait_settled(60 if queue._change._lock._is_owned() else 0)  # type: ignore[attr-defined]
    put(queue, "critical")


def _interrupted(
    name: str, step: int | None, interrupt: Callable[[ReportQueue], None], queue: ReportQueue | None = None
) -> int:
    """Run an operation, interrupted before one of the steps that its thread takes in the queue.

    Returns:
        How many steps there were.
    """
    queue = queue or queue_of(size=4)
    for _ in range(3):
        put(queue)
    queue.take(NOW)
    modules, seen = {sys.modules[of.__module__].__file__ for of in (ReportQueue, Entrance)}, 0

    def trace(frame: FrameType, event: str, arg: object) -> Any:
        nonlocal seen
        if frame.f_code.co_filename not in modules:
            return None
        frame.f_trace_opcodes = True
        if event == "opcode":
            if seen == step:
                sys.settrace(None)
                interrupt(queue)
                sys.settrace(trace)
            seen += 1
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        OPERATIONS[name](queue)
    finally:
        sys.settrace(before)
    return seen


def test_a_finalizer_may_log_in_the_middle_of_a_put() -> None:
    """The collector runs whenever it likes, also within a put; what it logs is counted."""
    queue = queue_of(size=50)
    finalized = []

    class Loud:
        def __init__(self) -> None:
            self.circle = self

        def __del__(self) -> None:
            finalized.append(put(queue))

    thresholds = gc.get_threshold()
    gc.set_threshold(2)
    try:
        for _ in range(300):
            Loud()
            put(queue)
    finally:
        gc.set_threshold(*thresholds)

    stats = queue.stats()
    assert len(finalized) > 100
    assert stats.accepted == 300 + len(finalized)
    assert adds_up(stats)
    assert len(taken(queue)) == 50


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="this system has no timers of that kind")
def test_a_signal_handler_may_log_flush_and_look(loopback: Loopback) -> None:
    """Hundreds of signals, on the thread that logs, flushes and looks itself: all is counted, and nothing hangs."""
    logged = 0
    signals: list[None] = []  # to add to it cannot be interrupted by another signal, to count up can

    def interrupt(*_: object) -> None:
        signals.append(None)
        logger.error("in a signal handler")
        handler.flush(0)
        assert handler.stats().accepted

    with attached(loopback, queue_size=50) as (logger, handler):
        logger.propagate = False
        before = signal.signal(signal.SIGVTALRM, interrupt)
        signal.setitimer(signal.ITIMER_VIRTUAL, 0.0005, 0.0005)
        try:
            while len(signals) < 200:
                logger.error("in the program")
                logged += 1
                handler.stats()
                handler.flush(0)
        finally:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
            signal.signal(signal.SIGVTALRM, before)

        assert handler.flush()
        assert handler.stats().accepted == logged + len(signals)
        assert adds_up(handler.stats())
