"""The queue: its bounds, its order, its counts, and that nothing in it ever waits for a put."""

from __future__ import annotations

import sys
import threading
from time import monotonic

import pytest

from rollbar_logging.delivery.queue import ReportQueue
from rollbar_logging.delivery.report import Report
from rollbar_logging.delivery.stats import Stats
from tests.pipelines import occurrence

NOW = 1_000.0


def queue_of(size: int = 100, size_bytes: int = 1_000_000, *, batch: int = 50, interval: float = 0.5) -> ReportQueue:
    """A queue whose clock stands still."""
    return ReportQueue(size, size_bytes, batch, interval, timer=lambda: NOW)


def put(queue: ReportQueue, level: str = "error", size: int = 100) -> Report:
    """Put a report and return it."""
    report = Report(occurrence(level, size))
    queue.put(report)
    return report


def taken(queue: ReportQueue, now: float = NOW) -> list[int]:
    """Take all that may be taken, and return the serials in that order."""
    serials = []
    while (report := queue.take(now)) is not None:
        serials.append(report.serial)
    return serials


def test_the_most_severe_and_oldest_comes_first() -> None:
    """Severity decides, then age."""
    queue = queue_of()
    for level in ("info", "critical", "error", "debug", "error", "critical", "warning"):
        put(queue, level)

    assert taken(queue) == [2, 6, 3, 5, 7, 1, 4]


def test_a_full_queue_gives_way_by_severity_and_then_by_age() -> None:
    """What is least severe and oldest makes room, and is counted."""
    queue = queue_of(size=3)
    for level in ("error", "info", "info", "error", "critical"):
        put(queue, level)

    assert queue.stats().dropped == {"queue_full": 2}
    assert taken(queue) == [5, 1, 4]


def test_a_milder_report_does_not_displace_a_more_severe_one() -> None:
    """With nothing of its own level or below to displace, the newcomer is dropped."""
    queue = queue_of(size=2)
    for level in ("error", "error", "warning"):
        put(queue, level)

    assert queue.stats().dropped == {"queue_full": 1}
    assert taken(queue) == [1, 2]


def test_a_queue_is_bounded_in_bytes() -> None:
    """As many reports give way as the newcomer needs."""
    queue = queue_of(size_bytes=1000)
    for size in (400, 400, 200, 700):
        put(queue, size=size)

    assert queue.stats() == Stats(accepted=4, dropped={"queue_full": 2}, queued=2)
    assert taken(queue) == [3, 4]


def test_a_report_larger_than_the_queue_displaces_nothing() -> None:
    """What can never fit is dropped at once."""
    queue = queue_of(size_bytes=1000)
    put(queue, "debug")
    put(queue, "critical", size=1001)

    assert queue.stats() == Stats(accepted=2, dropped={"queue_full": 1}, queued=1)
    assert taken(queue) == [1]


def test_nothing_gives_way_in_vain() -> None:
    """What may give way would not make room enough, in bytes or in number: then the newcomer alone is dropped."""
    queue = queue_of(size_bytes=1000)
    put(queue, "debug", size=100)
    put(queue, "critical", size=800)
    put(queue, "error", size=300)
    assert queue.stats() == Stats(accepted=3, dropped={"queue_full": 1}, queued=2)
    assert taken(queue) == [2, 1]

    queue = queue_of(size=1)
    put(queue, "critical")
    flying = queue.take(NOW)
    assert flying is not None
    put(queue, "debug")
    queue.put_back(flying)
    put(queue, "error")
    assert queue.stats() == Stats(accepted=3, dropped={"queue_full": 1}, queued=2, retried=1)
    assert taken(queue) == [1, 2]


def test_what_is_being_sent_takes_no_place() -> None:
    """The bound is on what waits: while one report is sent, the place is free for the next."""
    queue = queue_of(size=1)
    put(queue)
    first = queue.take(NOW)
    put(queue)

    assert queue.stats() == Stats(accepted=2, queued=2)
    assert first is not None
    assert taken(queue) == [2]


def test_the_oldest_gives_way_whether_it_waits_for_its_turn_or_its_time() -> None:
    """A report that waits to be tried again is no older than it is."""
    queue = queue_of(size=2)
    put(queue)
    put(queue)
    first, second = queue.take(NOW), queue.take(NOW)
    assert first is not None
    assert second is not None
    queue.put_back(first)
    queue.put_back(second, NOW + 60)
    put(queue)

    assert queue.stats().dropped == {"queue_full": 1}
    assert taken(queue, NOW + 60) == [2, 3]


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 2, 1, 0), (2, 0, 3, 1)])
def test_reports_that_were_put_back_keep_their_order(order: tuple[int, ...]) -> None:
    """Several that were in flight together are sent in the old order, however they came back."""
    queue = queue_of()
    for _ in range(6):
        put(queue)
    flying = [report for report in (queue.take(NOW) for _ in range(4)) if report is not None]
    for i in order:
        queue.put_back(flying[i], deferred=True)

    assert queue.stats() == Stats(accepted=6, queued=6, deferred=4)
    assert taken(queue) == [1, 2, 3, 4, 5, 6]


def test_a_report_to_be_tried_again_waits_for_its_time() -> None:
    """Others pass it meanwhile; when its time has come it is the oldest."""
    queue = queue_of()
    put(queue)
    put(queue)
    first = queue.take(NOW)
    assert first is not None
    queue.put_back(first, NOW + 5)

    assert queue.due(NOW).waiting == 1
    assert taken(queue, NOW + 4.9) == [2]
    assert queue.due(NOW + 4.9).at == NOW + 5
    assert taken(queue, NOW + 5) == [1]
    assert queue.stats().retried == 1


def test_all_that_is_given_up_is_counted() -> None:
    """What waits for its turn, for a time to come, and what is being sent."""
    queue = queue_of()
    delayed = put(queue)
    queue.take(NOW)
    queue.put_back(delayed, NOW + 5)
    put(queue)
    queue.take(NOW)
    put(queue, "debug")

    assert queue.drop_all("shutdown") == 3
    assert queue.stats() == Stats(accepted=3, dropped={"shutdown": 3}, retried=1)
    assert queue.due(NOW).at is None
    assert queue.wait_settled(0)


def test_what_is_settled_or_given_up_cannot_come_back() -> None:
    """A sender that was overtaken by the end changes no count."""
    queue = queue_of()
    report = put(queue)
    queue.take(NOW)
    queue.drop_all("shutdown")
    queue.settle(report)
    queue.put_back(report)

    assert queue.stats() == Stats(accepted=1, dropped={"shutdown": 1})
    assert queue.take(NOW) is None


def test_reports_are_due_after_the_interval_at_the_latest() -> None:
    """The time counts from the first that waits, each time anew."""
    queue = queue_of(interval=0.5)
    assert queue.due(NOW).at is None
    put(queue)
    assert queue.due(NOW).at == NOW + 0.5
    queue.hurry()
    assert queue.due(NOW).at == NOW
    assert taken(queue) == [1]
    put(queue)
    assert queue.due(NOW).at == NOW + 0.5
    put(queue, "critical")
    assert queue.due(NOW).at == NOW
    assert taken(queue) == [3, 2]
    put(queue)
    assert queue.due(NOW).at == NOW + 0.5


def test_a_whole_batch_is_due_when_it_is_complete() -> None:
    """Not its first report only."""
    queue = queue_of(batch=3)
    put(queue)
    put(queue)
    assert queue.due(NOW).at == NOW + 0.5
    put(queue)

    for left in (3, 2, 1):
        assert queue.due(NOW) == (NOW, left)
        queue.take(NOW)


def test_a_report_that_came_back_is_due_at_once() -> None:
    """It has waited for its batch already."""
    queue = queue_of()
    put(queue)
    put(queue)
    first, second = queue.take(NOW), queue.take(NOW)
    assert first is not None
    assert second is not None
    queue.put_back(first, deferred=True)
    assert queue.due(NOW).at == NOW
    queue.take(NOW)
    queue.put_back(first, NOW + 1)
    queue.put_back(second, NOW + 1)
    queue.take(NOW + 1)
    assert queue.due(NOW + 1).at == NOW + 1


@pytest.mark.parametrize("turn", range(3))
def test_no_wake_up_is_lost(turn: int) -> None:
    """Four threads put 2,000 reports each and wait now and then; a thread that sleeps between takes settles all."""
    queue = ReportQueue(10_000, 10_000_000, 50, 0)
    end = threading.Event()
    results: list[bool] = []

    def deliver() -> None:
        while not end.is_set():
            due = queue.due(monotonic())
            if due.at is None or due.at > monotonic():
                queue.wait(None if due.at is None else due.at - monotonic())
            elif (report := queue.take(monotonic())) is not None:
                queue.settle(report)

    def produce() -> None:
        for i in range(2000):
            put(queue)
            if i % 20 == turn:
                results.append(queue.wait_settled(60))

    threads = [threading.Thread(target=target) for target in (deliver, produce, produce, produce, produce)]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(0.00001)
    try:
        for thread in threads:
            thread.start()
        for thread in threads[1:]:
            thread.join()
        results.append(queue.wait_settled(60))
    finally:
        sys.setswitchinterval(interval)
        end.set()
        queue.ring()
        threads[0].join()

    assert len(results) == 401
    assert all(results)
    assert queue.stats() == Stats(accepted=8000, sent=8000)


def test_waiting_ends_with_what_was_accepted_before() -> None:
    """Reports that come while somebody waits do not prolong it; reports that give way end it too."""
    queue = queue_of(size=1)
    first = put(queue)
    queue.take(NOW)
    results: list[bool] = []
    end = threading.Event()
    waiting = threading.Thread(target=lambda: results.append(queue.wait_settled(60)))
    waiting.start()
    while not queue._ledger._waiters:
        end.wait(0.001)
    put(queue)
    queue.settle(first)
    waiting.join()

    assert results == [True]
    assert queue.wait_settled(0) is False


def test_a_forked_child_begins_with_nothing() -> None:
    """After a reset, also of a queue whose lock is held, nothing is queued or counted."""
    queue = queue_of()
    put(queue)
    with queue._change:
        queue.reset()

    assert queue.stats() == Stats()
    put(queue)
    assert taken(queue) == [1]
