"""Reports: which items occur most, and how many occurrences and activations there are over time."""

from __future__ import annotations

from typing import Any

from starlette.routing import BaseRoute, Route

from rollbar_logging.server.answers import Answer, Refused, success
from rollbar_logging.server.api.calls import Call, project_call
from rollbar_logging.server.ids import LEVELS, framework_id, level_id, names_from, names_up_to
from rollbar_logging.server.parts import Parts
from rollbar_logging.server.storage.reports import (
    HOUR,
    ActiveItem,
    Buckets,
    ReportFilter,
    activated_counts,
    occurrence_counts,
    top_active_items,
)

BUCKET_SIZES = (60, HOUR, 86400)
MOST_HOURS = 168
MOST_BUCKETS = 366

_HOURS_SHOWN = 24
_TOP = 10
"""Items of the report: as many as the "Top 10 Active Items" of Rollbar's dashboard, whose data it is."""

_BUCKETS = 60


def report_routes(parts: Parts) -> list[BaseRoute]:
    """Return the routes; their paths have no final slash."""
    endpoints = {
        "top_active_items": _top_active_items,
        "occurrence_counts": _occurrence_counts,
        "activated_counts": _activated_counts,
    }
    return [
        Route(f"/api/1/reports/{name}", project_call(parts, "read", endpoint), methods=["GET"])
        for name, endpoint in endpoints.items()
    ]


async def _top_active_items(call: Call) -> Answer:
    if call.request.query_params.get("sort", "occurrences") != "occurrences":
        raise Refused(422, "Invalid format. sort should be one of occurrences.")
    now = call.parts.unix_clock()
    hours = Buckets.until(now, HOUR, call.number("hours", default=24, low=1, high=MOST_HOURS))
    shown = Buckets.until(now, HOUR, _HOURS_SHOWN)
    wanted = ReportFilter(environments=_environments(call))
    found = await call.ask(
        lambda database: top_active_items(
            database, call.project_id, wanted, hours, days_first_hour=shown.first, limit=_TOP
        )
    )
    return success([_active_json(active, shown) for active in found])


def _active_json(active: ActiveItem, shown: Buckets) -> dict[str, Any]:
    item = active.item
    return {
        "item": {
            "id": item.id,
            "counter": item.counter,
            "environment": item.environment,
            "framework": framework_id(item.framework),
            "level": level_id(item.level),
            "title": item.title,
            "occurrences": active.occurrences,
            "unique_occurrences": None,
            "last_occurrence_timestamp": item.last_occurrence_timestamp,
            "project_id": item.project_id,
            "group_status": 1,
        },
        "counts": [count for _, count in shown.filled(active.by_hour)],
    }


async def _occurrence_counts(call: Call) -> Answer:
    wanted = _filter(call, least="error")
    buckets = _buckets(call)
    return success(await call.ask(lambda database: occurrence_counts(database, call.project_id, wanted, buckets)))


async def _activated_counts(call: Call) -> Answer:
    wanted = _filter(call, least="debug")
    buckets = _buckets(call)
    return success(await call.ask(lambda database: activated_counts(database, call.project_id, wanted, buckets)))


def _buckets(call: Call) -> Buckets:
    size = call.number("bucket_size", default=86400)
    if size not in BUCKET_SIZES:
        raise Refused(422, f"Invalid format. bucket_size should be one of {', '.join(map(str, BUCKET_SIZES))}.")
    count = call.number("buckets", default=_BUCKETS, low=2, high=MOST_BUCKETS)
    return Buckets.until(call.parts.unix_clock(), size, count)


def _filter(call: Call, *, least: str) -> ReportFilter:
    lowest, highest = _level(call, "min_level", least), _level(call, "max_level", "critical")
    levels = tuple(name for name in names_from(lowest) if name in names_up_to(highest))
    if not levels:
        raise Refused(422, "Invalid format. min_level should not be above max_level.")
    item_id = call.number("item_id", default=0) or None
    return ReportFilter(_environments(call), () if len(levels) == len(LEVELS) else levels, item_id)


def _level(call: Call, name: str, default: str) -> str:
    level = call.request.query_params.get(name) or default
    if level not in LEVELS:
        raise Refused(422, f"Invalid format. {name} should be one of {', '.join(LEVELS)}.")
    return level


def _environments(call: Call) -> tuple[str, ...]:
    names = ",".join(call.values("environments")).split(",")
    return tuple(name.replace("\0", "\ufffd") for name in names if name)
