"""Metrics: figures of occurrences, and how long items took to be resolved. Posted, but only read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.routing import BaseRoute, Route

from rollbar_logging.server.answers import Answer, Refused, success
from rollbar_logging.server.api.calls import Call, any_call, integer_field, project_call
from rollbar_logging.server.metrics import MetricsError, parse_metrics
from rollbar_logging.server.parts import Parts
from rollbar_logging.server.resolution import summary
from rollbar_logging.server.storage.occurrence_metrics import occurrence_metrics
from rollbar_logging.server.storage.resolutions import ItemResolutions, ResolvedFilter, list_resolutions
from rollbar_logging.server.time_buckets import TimeBuckets, TooManyError, time_buckets
from rollbar_logging.server.traits import storable

MOST_TIMEPOINTS = 1000
MOST_COUNTERS = 500

_MOST_NAMES = 100
_LARGEST_COUNTER = 2**53 - 1


def metrics_routes(parts: Parts) -> list[BaseRoute]:
    """Return the routes; their paths have no final slash."""
    return [
        Route("/api/1/metrics/occurrences", project_call(parts, "read", _occurrences), methods=["POST"]),
        Route("/api/1/metrics/items", project_call(parts, "read", _items), methods=["POST"]),
        Route("/api/1/metrics/ttr", any_call(parts, "read", _ttr), methods=["POST"]),
    ]


async def _occurrences(call: Call) -> Answer:
    now = call.parts.unix_clock()
    buckets: TimeBuckets | None = None
    try:
        wanted = parse_metrics(call.fields, now)
        if wanted.granularity is not None:
            buckets = time_buckets(wanted.start, wanted.end, wanted.granularity, wanted.zone, most=MOST_TIMEPOINTS)
    except MetricsError as error:
        raise Refused(422, f"Invalid format. {error}") from error
    except TooManyError:
        raise Refused(422, f"Invalid format. granularity makes more than {MOST_TIMEPOINTS} timepoints.") from None
    rows = await call.ask(lambda database: occurrence_metrics(database, call.project_id, wanted, buckets, now))
    starts = {0: wanted.start} if buckets is None else buckets.starts
    by_bucket: dict[int, list[Mapping[str, Any]]] = {number: [] for number in starts}
    for row in rows:
        by_bucket[row.bucket].append(row.values)
    return success(
        {
            "start_time": wanted.start,
            "end_time": wanted.end,
            "granularity": wanted.granularity,
            "timezone": str(wanted.zone),
            "timepoints": [
                {"timestamp": starts[number], "metrics_rows": [_row_json(values) for values in found]}
                for number, found in by_bucket.items()
            ],
        }
    )


def _row_json(values: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"field": name, "value": value} for name, value in values.items()]


async def _items(call: Call) -> Answer:
    counters = call.fields.get("item_counters")
    if counters is None:
        raise Refused(422, "Invalid format. item_counters is missing and it is required.")
    if isinstance(counters, str):  # as a form gives it
        counters = [int(part[:20]) if part.isascii() and part.isdecimal() else part for part in counters.split(",")]
    if not isinstance(counters, list) or not all(_is_counter(counter) for counter in counters):
        raise Refused(422, "Invalid format. item_counters should be array of integers.")
    if not 0 < len(counters) <= MOST_COUNTERS:
        raise Refused(422, f"Invalid format. item_counters should be array of 1 to {MOST_COUNTERS} integers.")
    wanted = ResolvedFilter(call.project_id, counters=tuple(counters))
    found = await call.ask(lambda database: list_resolutions(database, wanted))
    return success([_item_json(each) for each in found])


def _is_counter(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value <= _LARGEST_COUNTER


def _item_json(item: ItemResolutions) -> dict[str, Any]:
    resolved = item.resolved
    return {
        "item_id": item.item_id,
        "item_counter": item.counter,
        "first_ttr": resolved[0].seconds if resolved else None,
        "last_ttr": resolved[-1].seconds if resolved else None,
    }


async def _ttr(call: Call) -> Answer:
    start = integer_field(call.fields, "start_time") or 0
    end = integer_field(call.fields, "end_time")
    wanted = ResolvedFilter(
        call.project_id or None,
        environments=_names(call.fields, "environment"),
        levels=_names(call.fields, "level"),
        frameworks=_names(call.fields, "framework"),
    )
    found = await call.ask(lambda database: list_resolutions(database, wanted))
    seconds = [
        resolved.seconds
        for item in found
        for resolved in item.resolved
        if start <= resolved.at and (end is None or resolved.at < end)
    ]
    return success({"count": len(seconds), **summary(seconds)})


def _names(fields: Mapping[str, Any], name: str) -> tuple[str, ...]:
    given = fields.get(name)
    values = given if isinstance(given, list) else [] if given is None else [given]
    if len(values) > _MOST_NAMES or not all(isinstance(value, str) for value in values):
        raise Refused(422, f"Invalid format. {name} should be string or array of at most {_MOST_NAMES} strings.")
    return tuple(storable(value) for value in values)
