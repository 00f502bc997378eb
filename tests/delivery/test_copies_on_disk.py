"""Reports that are in memory and on disk: what becomes of them when the copy on disk is gone."""

from __future__ import annotations

import time

from rollbar_logging.capture.occurrence import Occurrence
from rollbar_logging.delivery.report import Report
from rollbar_logging.delivery.spooled_queue import SpooledQueue


def from_disk(uuid: str) -> Report:
    """A report that the spool has handed out."""
    return Report.from_spool(uuid, 3, time.time(), b"{}")


def logged(uuid: str, level: str = "error", size: int = 2) -> Report:
    """A report that the application has just made."""
    return Report(Occurrence(uuid, time.time(), level, 40, "app", "boom", None, (None,) * 7, size=size))


def test_a_report_whose_copy_gave_way_does_not_count_as_kept_on_disk() -> None:
    """When memory is full, too, it is dropped and told; only what is on disk is left to the spool."""
    queue = SpooledQueue(2, 10_000, 100, 60)
    queue.put_from_spool([from_disk("gone"), from_disk("there")])

    assert queue.lost_on_disk(["gone", "another process's"], "spool_full") == 1
    queue.put(logged("first"))
    queue.put(logged("second"))

    stats = queue.stats()
    assert queue.take_left_to_spool() == ["there"]
    assert (stats.spooled, stats.dropped, stats.queued) == (1, {"queue_full": 1}, 2)


def test_what_comes_back_to_a_full_queue_leaves_what_is_on_disk_to_the_spool() -> None:
    """It was in flight while others took its place; no more than the queue's size wait, and nothing is dropped."""
    queue = SpooledQueue(2, 10_000, 100, 60)
    queue.put_from_spool([from_disk("a"), from_disk("b")])
    in_flight = queue.take_out(2)
    queue.put(logged("first"))
    queue.put(logged("second"))

    queue.make_ready(in_flight)

    stats = queue.stats()
    assert sorted(queue.take_left_to_spool()) == ["a", "b"]
    assert (queue.waiting, stats.spooled, stats.dropped, stats.queued) == (2, 2, {}, 2)


def test_what_is_on_disk_does_not_give_way_in_vain() -> None:
    """More severe ones may go, too, as they are not lost; but not for one that finds no room all the same."""
    queue = SpooledQueue(100, 20, 100, 60)
    queue.put_from_spool([from_disk("there")])
    queue.put(logged("severe", "critical", 15))

    queue.put(logged("too large", "debug", 6))
    assert queue.take_left_to_spool() == []
    queue.put(logged("fitting", "debug", 5))
    assert queue.take_left_to_spool() == ["there"]

    stats = queue.stats()
    assert (stats.spooled, stats.dropped, stats.queued) == (1, {"queue_full": 1}, 2)


def test_a_report_in_flight_whose_copy_gave_way_has_none_to_remove() -> None:
    """Whoever sends it finds no claim to what is not there."""
    queue = SpooledQueue(2, 10_000, 100, 60)
    queue.put_from_spool([from_disk("gone")])
    report = queue.take(time.monotonic())
    assert report is not None

    assert queue.lost_on_disk(["gone"], "spool_full") == 0
    assert not report.is_kept
    queue.settle(report)
    assert queue.stats().sent == 1
