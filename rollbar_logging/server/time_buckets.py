"""Spans of time cut into minutes, hours, days or weeks, in a time zone. Pure.

Days and weeks begin at midnight of the zone, weeks on Mondays; minutes and hours are those of UTC.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone, tzinfo
from typing import NamedTuple

DAY = 86400
SIZES = {"minute": 60, "hour": 3600, "day": DAY, "week": 7 * DAY}

_MONDAY = 3 * DAY
"""1970 began on a Thursday."""

_STEP = 900
"""Zones change their offset at quarters of an hour."""


class TooManyError(ValueError):
    """The span has more buckets than are wanted."""


class TimeBuckets(NamedTuple):
    """The buckets of a span.

    Attributes:
        size: Seconds of a bucket, but for days on which the zone's clocks are changed.
        shift: Seconds to add before the division: bucket number = (time + offset + shift) // size.
        starts: Start of each bucket by its number, in Unix seconds, in order. The first may be before the span.
        offsets: The zone's offset from UTC in seconds, and until when it holds (Unix seconds, exclusive); the
            last holds to the end.
    """

    size: int
    shift: int
    starts: dict[int, int]
    offsets: tuple[tuple[int, int], ...]


def time_buckets(start: int, end: int, granularity: str, zone: tzinfo, *, most: int) -> TimeBuckets:
    """Cut the span from *start* to *end* (exclusive, Unix seconds).

    Args:
        start: Of the span.
        end: Of the span, above *start*.
        granularity: A name of `SIZES`.
        zone: In which days begin.
        most: How many buckets are wanted at the most.

    Raises:
        TooManyError: There are more.
    """
    size = SIZES[granularity]
    if (end - start) // size > most:
        raise TooManyError
    if size < DAY:
        first, last = start // size, (end - 1) // size
        return TimeBuckets(size, 0, {number: number * size for number in range(first, last + 1)}, ((end, 0),))
    shift = _MONDAY if size > DAY else 0
    offsets = tuple(_offsets(start, end, zone))
    first = (start + offsets[0][1] + shift) // size
    last = (end - 1 + offsets[-1][1] + shift) // size
    starts = {number: _unix(number * size - shift, zone) for number in range(first, last + 1)}
    return TimeBuckets(size, shift, starts, offsets)


def _unix(local: int, zone: tzinfo) -> int:
    """Turn seconds of the zone's clock into Unix seconds."""
    naive = datetime(1970, 1, 1) + timedelta(seconds=local)  # noqa: DTZ001 - the zone's clock, made aware below
    return int(naive.replace(tzinfo=zone).timestamp())


def _offset(at: int, zone: tzinfo) -> int:
    offset = datetime.fromtimestamp(at, tz=timezone.utc).astimezone(zone).utcoffset()
    return int(offset.total_seconds()) if offset is not None else 0


def _offsets(start: int, end: int, zone: tzinfo) -> Iterator[tuple[int, int]]:
    """Yield offsets and until when they hold; a day without a change costs one look."""
    current = _offset(start, zone)
    day = start
    while day < end:
        until = min(day + DAY, end)
        if _offset(until, zone) != current:
            for at in range(day - day % _STEP, until + _STEP, _STEP):
                offset = _offset(at, zone)
                if at > start and offset != current:
                    yield at, current
                    current = offset
        day = until
    yield end, current
