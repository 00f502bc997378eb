"""The queue of a handler that has a spool: reports also leave it for the disk, and come back."""

from __future__ import annotations

import heapq
import math
from collections.abc import Collection, Iterable, Iterator, Sequence

from rollbar_logging.delivery.delayed import Entry
from rollbar_logging.delivery.queue import CRITICAL, Due, Heap, ReportQueue
from rollbar_logging.delivery.report import Report

_CROWDED = 0.75
"""Share of its bounds beyond which reports should leave."""

_PORTION = 50
_LARGEST_BODY = 131_072


class SpooledQueue(ReportQueue):
    """A `ReportQueue` whose reports can be moved to disk.

    Attributes:
        keeps_fresh_apart: Whether reports that come in wait to be put on disk before they may be sent.
    """

    keeps_fresh_apart = False

    def reset(self) -> None:
        """Begin anew, as `ReportQueue.reset`."""
        self._left_to_spool: list[str] = []
        self._kept: tuple[Heap, ...] = tuple([] for _ in range(CRITICAL + 1))  # what is on disk too, as `_ranks`
        super().reset()

    @property
    def size(self) -> int:
        """Reports that may wait."""
        return self._size

    @property
    def portion(self) -> int:
        """How many reports may be taken up from disk at a time; their bodies take a quarter of the room at most."""
        return max(1, min(_PORTION, self._size // 4, self._size_bytes // (4 * _LARGEST_BODY)))

    @property
    def waiting(self) -> int:
        """How many reports wait, those for a time to come included."""
        with self._change:
            return self._waiting + len(self._delayed)

    @property
    def is_crowded(self) -> bool:
        """Whether reports should leave before others must give way."""
        with self._change:
            if not self._is_loaded():
                return False
            # What is on disk anyway can give way, and what was taken up from there is never more than a quarter.
            waiting = [report for rank in self._ranks for _, report in rank] + [report for *_, report in self._delayed]
            sizes = [report.size for report in waiting if not report.is_kept]
            return len(sizes) > self._size // 2 or sum(sizes) > self._size_bytes // 2

    def _is_loaded(self) -> bool:
        number = self._waiting + len(self._delayed)
        return number > _CROWDED * self._size or self._bytes > _CROWDED * self._size_bytes

    @property
    def waits_for_disk(self) -> bool:
        """Whether reports came in that are not on disk yet, and may not be sent before."""
        with self._change:
            return self._fresh > 0

    def take_fresh(self, most: int) -> list[Report]:
        """Hand out reports that came in and are not on disk yet, the oldest first; they count as in flight."""
        with self._change:
            if not self._fresh:
                return []
            fresh = [entry for entry in self._delayed if entry.due == math.inf]
            return self._take_delayed(heapq.nsmallest(most, fresh, key=lambda entry: entry.serial))

    def take_out(self, most: int) -> list[Report]:
        """Hand out the least severe and oldest of those that wait, whatever for; they count as in flight."""
        with self._change:
            found: list[Report] = []
            for rank in range(CRITICAL + 1):
                while len(found) < most and any(self._heaps(rank)):
                    found.append(self._pop(self._older(rank)))
            for report in found:
                self._fly(report)
            return found + self._take_delayed(heapq.nsmallest(most - len(found), self._delayed))

    def take_all(self) -> list[Report]:
        """Hand out all that is not settled, the most severe first, also what is being sent; all count as in flight."""
        with self._change as change:
            if not change.is_outermost:
                return []
        self.take_out(self._size + len(self._delayed))
        with self._change:
            return sorted(self._in_flight.values(), key=lambda report: (-report.rank, report.serial))

    def make_ready(self, reports: Iterable[Report]) -> None:
        """Take back reports that are in flight; they may be sent at once."""
        with self._change:
            for report in reports:
                if self._in_flight.pop(report.serial, None) is not None:
                    self._bytes += report.size
                    self._line_up(report, self._timer(), at_once=True)
            self._shed_copies()
        self.ring()

    def _shed_copies(self) -> None:
        """Leave to the spool what is there anyway and more than may wait: others came while it was in flight."""
        while self._waiting + len(self._delayed) > self._size:
            heap = next((heap for heap in self._kept if heap), None)
            if heap is None:
                return
            victim = self._pop(heap)
            self._bytes -= victim.size
            self._give_way(victim)

    def settle_spooled(self, reports: Iterable[Report]) -> list[Report]:
        """Count reports in flight that are left to the spool; returns those that were settled or put back meanwhile."""
        others = []
        with self._change:
            for report in reports:
                if self._in_flight.pop(report.serial, None) is not None:
                    self._ledger.spooled(report.serial, report.uuid)
                elif not self._ledger.is_spooled(report.uuid):
                    others.append(report)
        return others

    def put_from_spool(self, reports: Iterable[Report]) -> None:
        """Take in reports that come from the spool; they may be sent at once."""
        with self._change:
            for report in reports:
                report.serial = self._ledger.accept_from_spool(report.uuid)
                self._bytes += report.size
                self._line_up(report, self._timer(), at_once=True)

    def due(self, now: float) -> Due:
        """Tell when the next report's time comes, as `ReportQueue.due`."""
        due = super().due(now)
        return due._replace(at=None) if due.at == math.inf else due

    def lost_on_disk(self, uuids: Collection[str], reason: str) -> int:
        """Count those of our reports that gave way on disk, or became too old; returns how many were others'.

        Of those that are in memory only the copy is gone.
        """
        gone = set(uuids)
        with self._change:
            return max(self._ledger.lost_on_disk(gone, reason) - self._forget_copies(gone), 0)

    def _forget_copies(self, uuids: Collection[str]) -> int:
        """Note of reports in memory that they are not on disk any more; returns how many those are."""
        there = [*self._in_flight.values(), *(report for *_, report in self._delayed)]
        for heap in self._kept:
            there += [report for _, report in heap]
        found = [report for report in there if report.is_kept and report.uuid in uuids]
        for heap in self._kept:
            staying = [entry for entry in heap if entry[1].uuid not in uuids]
            for entry in heap:
                if entry[1].uuid in uuids:
                    heapq.heappush(self._ranks[entry[1].rank], entry)
            heap[:] = staying
            heapq.heapify(heap)
        for report in found:
            report.is_kept = False
        return len(found)

    def _take_in(self, report: Report) -> None:
        if not self.keeps_fresh_apart:
            super()._take_in(report)
            if self._is_loaded():
                self.ring()  # whoever looks after the disk may wait for something else
            return
        report.serial = self._ledger.accept()
        if not self._make_room(report):
            self._ledger.dropped(report.serial, "queue_full")
            return
        # For a time that does not come by itself.
        self._delayed.push(math.inf, report)
        self._bytes += report.size
        if report.rank == CRITICAL or self._fresh >= self._batch_size or (self._fresh == 1 and not self.is_watched):
            self.ring()

    def take_left_to_spool(self) -> list[str]:
        """Return the uuids of reports that are on disk and gave way in memory, since the last call."""
        with self._change:
            left, self._left_to_spool = self._left_to_spool, []
            return left

    def _give_way(self, victim: Report) -> None:
        if victim.is_kept:
            self._ledger.spooled(victim.serial, victim.uuid)
            self._left_to_spool.append(victim.uuid)
        else:
            super()._give_way(victim)

    def _least(self, rank: int) -> Report | None:
        # What is on disk anyway gives way first.
        kept = next((heap for heap in self._kept if heap), None)
        return super()._least(rank) if kept is None else self._pop(kept)

    def _lesser(self, rank: int) -> Iterator[Report]:
        for heap in self._kept:
            for _, report in heap:
                yield report
        yield from super()._lesser(rank)

    @property
    def _fresh(self) -> int:
        return self._delayed.timeless

    def _take_delayed(self, entries: Iterable[Entry]) -> list[Report]:
        reports = self._delayed.take(entries)
        for report in reports:
            self._fly(report)
        return reports

    def _heap_of(self, report: Report) -> Heap:
        return (self._kept if report.is_kept else self._ranks)[report.rank]

    def _heaps(self, rank: int | None = None) -> Sequence[Heap]:
        return (*self._kept, *self._ranks) if rank is None else (self._kept[rank], self._ranks[rank])
