"""The reports of a capture, as a sequence that is up to date whenever it is looked at."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from math import ceil
from typing import Any, overload

from rollbar_logging.testing.explaining import explanation, number_of
from rollbar_logging.testing.matching import differences
from rollbar_logging.testing.report import Report

_LOOK = 0.01
"""Seconds between two looks while waiting."""


class Reports(Sequence[Report]):
    """What was reported so far, in the order of the log calls.

    Each look waits until everything that was logged before is built, so no test needs to sleep. A report that was
    given out (by index, by iterating, by an assertion that it matched) counts as expected; see
    ``rollbar_fail_on_report``.
    """

    def __init__(
        self,
        look: Callable[[], list[Report]],
        count_dropped: Callable[[], Mapping[str, int]],
        tell_too_low: Callable[[], str] = str,
    ) -> None:
        self._look = look
        self._count_dropped = count_dropped
        self._tell_too_low = tell_too_low
        self._expected: set[str] = set()
        self._cleared: set[str] = set()

    @property
    def dropped(self) -> dict[str, int]:
        """How many reports were dropped on the way, by reason: ``before_send`` for those that it vetoed."""
        return dict(self._count_dropped())

    def why_not_more(self) -> str:
        """Return lines about what was logged and is not here, for the message of a failed assertion."""
        dropped = (f"\ndropped: {number_of(number)} ({reason})" for reason, number in self.dropped.items())
        return "".join(dropped) + self._tell_too_low()

    def peek(self) -> list[Report]:
        """Return all reports; none of them counts as expected by that."""
        return [report for report in self._look() if report.uuid not in self._cleared]

    def find(self, **wanted: Any) -> list[Report]:
        """Return the reports that match; see `assert_reported` for how."""
        return self.expect(*(report for report in self.peek() if not differences(report, wanted)))

    def expect(self, *reports: Report) -> list[Report]:
        """Count these reports as expected, and return them."""
        self._expected.update(report.uuid for report in reports)
        return list(reports)

    def unexpected(self) -> list[Report]:
        """Return the reports that were not given out."""
        return [report for report in self.peek() if report.uuid not in self._expected]

    def clear(self) -> None:
        """Forget what was reported so far."""
        self._cleared.update(report.uuid for report in self._look())

    def wait_for(self, count: int = 1, *, timeout: float = 10.0, **wanted: Any) -> list[Report]:
        """Wait for reports that are logged elsewhere: on another thread, by another process.

        Args:
            count: How many must match.
            timeout: Seconds.
            wanted: What they must be; see `assert_reported`. Without it, every report counts.

        Returns:
            Those that match.

        Raises:
            AssertionError: Fewer came in time.
        """
        __tracebackhide__ = True
        return self.expect(*wait_for(self.peek, count, timeout, wanted, self.why_not_more))

    @overload
    def __getitem__(self, index: int) -> Report: ...
    @overload
    def __getitem__(self, index: slice) -> list[Report]: ...
    def __getitem__(self, index: int | slice) -> Report | list[Report]:
        there = self.peek()
        if isinstance(index, slice):
            return self.expect(*there[index])
        if not -len(there) <= index < len(there):
            what = f"{number_of(len(there))} only, no [{index}]" if there else "nothing was reported"
            raise IndexError(what + self.why_not_more())
        return self.expect(there[index])[0]

    def __len__(self) -> int:
        return len(self.peek())

    def __iter__(self) -> Iterator[Report]:
        return iter(self.expect(*self.peek()))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and self.peek() == list(other)

    __hash__ = None  # type: ignore[assignment]  # it changes

    def __repr__(self) -> str:
        return f"Reports({self.peek()!r})"


def wait_for(
    look: Callable[[], list[Report]],
    count: int,
    timeout: float,
    wanted: Mapping[str, Any],
    tell_more: Callable[[], str] = str,
) -> list[Report]:
    """Look until *count* reports match, for *timeout* seconds; return them, or raise ``AssertionError``."""
    __tracebackhide__ = True
    # Counted in looks and not by a clock, which a test may have stopped.
    for _ in range(max(1, ceil(timeout / _LOOK))):
        there = look()
        found = [report for report in there if not differences(report, wanted)]
        if len(found) >= count:
            return found
        time.sleep(_LOOK)
    raise AssertionError(f"after {timeout:g} s, {explanation(there, wanted, count)}{tell_more()}")
