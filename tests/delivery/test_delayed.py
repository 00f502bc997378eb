"""Reports that wait for a time to come, against a plain list; and how many are looked at to find one."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbar_logging.delivery.delayed import Delayed, Entry
from rollbar_logging.delivery.report import Report
from rollbar_logging.delivery.spooled_queue import SpooledQueue
from rollbar_logging.levels import LEVELS
from tests.pipelines import occurrence

_TIMES = st.sampled_from([1.0, 2.0, 3.0, math.inf])
_STEPS = st.one_of(
    st.tuples(st.just("push"), _TIMES, st.sampled_from(sorted(LEVELS))),
    st.tuples(st.just("again"), _TIMES, st.none()),
    st.tuples(st.just("pop_due"), st.floats(0, 4), st.none()),
    st.tuples(st.just("pop_least"), st.none(), st.none()),
    st.tuples(st.just("take"), st.integers(0, 30), st.none()),
)


@given(st.lists(_STEPS, max_size=120))
def test_it_is_a_list_that_is_searched(steps: list[tuple[str, Any, Any]]) -> None:
    """Earliest, least and all others are those of a list, whatever was taken in between and put back."""
    delayed, model, taken = Delayed(), list[Entry](), list[Report]()
    for serial, (step, value, level) in enumerate(steps):
        if step == "push" or (step == "again" and taken):
            report = Report(occurrence(level)) if step == "push" else taken.pop()
            report.serial = report.serial or serial + 1
            delayed.push(value, report)
            model.append(Entry(value, report.serial, report))
        elif step == "take":
            entries = list(delayed)[value:][:3]
            taken += delayed.take(entries)
            model = [entry for entry in model if entry not in entries]
        elif step == "pop_due" and (found := delayed.pop_due(value)) is not None:
            assert found is min(model).report
            taken.append(found)
            model.remove(min(model))
        elif step == "pop_least" and model:
            least = min(model, key=lambda entry: (entry.report.rank, entry.serial))
            taken.append(delayed.pop_least())
            assert taken[-1] is least.report
            model.remove(least)
        assert sorted(delayed) == sorted(model)
        assert delayed.next_due == (min(model).due if model else None)
        assert delayed.least == min(((entry.report.rank, entry.serial) for entry in model), default=None)
        assert delayed.timeless == sum(entry.due == math.inf for entry in model)
        assert max(len(delayed._by_time), len(delayed._by_rank)) <= 2 * len(model) + 17


class _Seen(Report):
    """Counts how often somebody looks at a report."""

    looks = 0

    @property
    def is_kept(self) -> bool:
        """Whether it is on disk."""
        _Seen.looks += 1
        return self._is_kept

    @is_kept.setter
    def is_kept(self, value: bool) -> None:
        self._is_kept = value

    @property
    def rank(self) -> int:
        """Its severity."""
        _Seen.looks += 1
        return self._rank

    @rank.setter
    def rank(self, value: int) -> None:
        self._rank = value


@pytest.mark.parametrize("state", ["waiting", "delayed", "fresh", "kept"])
def test_few_are_looked_at_to_find_the_one_that_gives_way(state: str) -> None:
    """The caller's thread does it when the queue is full."""
    size = 1000
    queue = SpooledQueue(size, 10**9, 50, 2.0)
    queue.keeps_fresh_apart = state == "fresh"
    if state == "kept":
        queue.put_from_spool([_kept(f"kept-{i}") for i in range(size)])
    for _ in range(0 if state == "kept" else size):
        queue.put(_Seen(occurrence("info")))
    for _ in range(size if state == "delayed" else 0):
        report = queue.take(0.0)
        assert report is not None
        queue.put_back(report, 1e9)
    assert queue.stats().queued == size

    _Seen.looks = 0
    for _ in range(size // 2):
        queue.put(_Seen(occurrence("error")))

    assert _Seen.looks <= 10 * size // 2
    stats = queue.stats()
    assert stats.queued == size
    assert size // 2 in {stats.dropped.get("queue_full"), stats.spooled}


def _kept(uuid: str) -> Report:
    return _Seen.from_spool(uuid, 1, 0.0, b"body")
