"""Counts by hour as shapes for inline SVG. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from rollbar_logging.server.account import Deploy
from rollbar_logging.server.pages.views.wording import Moment, moment_of, times

HOUR = 3600
HOURS = 24

_STEP, _BAR, _HEIGHT = 4, 3, 20
CHART_WIDTH, CHART_HEIGHT = 720, 56


class Spark(NamedTuple):
    """A sparkline of the last 24 hours.

    Attributes:
        path: The ``d`` of an SVG path, in a box of 96 by 20.
        label: The same in words.
    """

    path: str
    label: str


class Bar(NamedTuple):
    """One bar of a chart, in the chart's units."""

    x: float
    y: float
    width: float
    height: float
    label: str


class Mark(NamedTuple):
    """A deploy on the time line."""

    x: float
    label: str
    url: str


class Chart(NamedTuple):
    """Counts over time with deploys.

    Attributes:
        bars: One for each slot that has counts.
        marks: The deploys.
        total: Of all counts.
        since: Where it begins.
        label: The same in words.
    """

    bars: tuple[Bar, ...]
    marks: tuple[Mark, ...]
    total: int
    since: Moment | None
    label: str


def first_hour(now: float, hours: int = HOURS) -> int:
    """Return the Unix second at which the first of the last *hours* hours began, the running one included."""
    return (int(now // HOUR) - hours + 1) * HOUR


def sparkline(counts: Mapping[int, int], now: float) -> Spark:
    """Draw the last 24 hours."""
    start = first_hour(now)
    slots = [counts.get(start + index * HOUR, 0) for index in range(HOURS)]
    peak = max(slots)
    path = "".join(_spark_bar(index, count / peak) for index, count in enumerate(slots) if count)
    return Spark(path, f"{times(sum(slots), 'occurrence')} in 24 h, at most {peak:,} in an hour")


def _spark_bar(index: int, share: float) -> str:
    height = max(round(share * _HEIGHT), 2)
    return f"M{index * _STEP} {_HEIGHT}v-{height}h{_BAR}v{height}z"


def chart(
    counts: Mapping[int, int], deploys: Sequence[Deploy], now: float, *, slots: int = HOURS, hours_each: int = 1
) -> Chart:
    """Draw counts by hour and the deploys among them.

    Args:
        counts: By the Unix second at which the hour begins.
        deploys: In any order; those before the beginning are left out.
        now: Unix seconds, the right edge.
        slots: Number of bars.
        hours_each: Hours of each bar.
    """
    start = first_hour(now, slots * hours_each)
    sums = [0] * slots
    for hour, count in counts.items():
        index = (hour - start) // (HOUR * hours_each)
        if 0 <= index < slots:
            sums[index] += count
    length = slots * hours_each * HOUR
    marks = [_mark(deploy, start, length, now) for deploy in deploys if start <= deploy.start_time <= now]
    label = f"{times(sum(sums), 'occurrence')} in {_length(slots * hours_each)}"
    if marks:
        label += f", {times(len(marks), 'deploy')}"
    bars = _bars(sums, start, hours_each * HOUR, now)
    return Chart(bars, tuple(marks), sum(sums), moment_of(start, now), label)


def _length(hours: int) -> str:
    return f"{hours} h" if hours <= HOURS else f"{hours // HOURS} days"


def _bars(sums: Sequence[int], start: int, seconds: int, now: float) -> tuple[Bar, ...]:
    peak = max(sums)
    width = CHART_WIDTH / len(sums)
    bars = []
    for index, count in enumerate(sums):
        if not count:
            continue
        height = max(round(count / peak * (CHART_HEIGHT - 4), 1), 2.0)
        begins = moment_of(start + index * seconds, now)
        label = f"{times(count, 'occurrence')} from {begins.exact if begins else '?'}"
        bars.append(Bar(round(index * width + 1, 1), CHART_HEIGHT - height, round(width - 2, 1), height, label))
    return tuple(bars)


def _mark(deploy: Deploy, start: int, length: int, now: float) -> Mark:
    began = moment_of(deploy.start_time, now)
    label = f"deploy of {deploy.revision} to {deploy.environment} ({deploy.status}), {began.exact if began else '?'}"
    return Mark(round((deploy.start_time - start) / length * CHART_WIDTH, 1), label, "/deploys")
