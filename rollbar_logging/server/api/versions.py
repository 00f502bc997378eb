"""Versions of the code: what is known of one, and the items that occurred or were resolved in it."""

from __future__ import annotations

from typing import Any

from starlette.routing import BaseRoute, Route

from rollbar_logging.server.answers import Answer, Refused, success
from rollbar_logging.server.api.calls import Call, project_call
from rollbar_logging.server.api.items import item_json
from rollbar_logging.server.ids import LEVELS
from rollbar_logging.server.parts import Parts
from rollbar_logging.server.storage.code_versions import (
    EVENTS,
    ItemInVersion,
    Version,
    VersionOf,
    find_version,
    item_stats,
    list_in_version,
)

_PER_PAGE = 100


def version_routes(parts: Parts) -> list[BaseRoute]:
    """Return the routes; their paths have no final slash. A version may have slashes in its name, as a branch has."""
    return [
        Route("/api/1/versions/{version:path}/items", project_call(parts, "read", _items), methods=["GET"]),
        Route("/api/1/versions/{version:path}", project_call(parts, "read", _one), methods=["GET"]),
    ]


async def _one(call: Call) -> Answer:
    of = _version(call)

    def question(database: Any) -> tuple[Version | None, dict[str, dict[str, int]]]:
        return find_version(database, of), item_stats(database, of)

    version, stats = await call.ask(question)
    if version is None:
        raise Refused(404, "Version not found in this project.")
    return success(_version_json(of, version, stats))


def _version_json(of: VersionOf, version: Version, stats: dict[str, dict[str, int]]) -> dict[str, Any]:
    created = [at for at in (version.first_occurrence_timestamp, version.first_deploy_timestamp) if at is not None]
    return {
        # Nothing else of it is numbered, and no other version has the same first occurrence.
        "id": version.first_occurrence_id or 0,
        "project_id": of.project_id,
        "version": of.version,
        "environment": of.environment,
        "date_created": min(created),
        "first_occurrence_id": version.first_occurrence_id,
        "first_occurrence_timestamp": version.first_occurrence_timestamp,
        "last_occurrence_id": version.last_occurrence_id,
        "last_occurrence_timestamp": version.last_occurrence_timestamp,
        "deployed_by": version.deployed_by,
        "last_deploy_timestamp": version.last_deploy_timestamp,
        "item_stats": {event: {level: stats.get(event, {}).get(level, 0) for level in LEVELS} for event in EVENTS},
        "commits": [],
    }


async def _items(call: Call) -> Answer:
    of = _version(call)
    page = call.page()
    events, levels = _names(call, "event", EVENTS), _names(call, "level", tuple(LEVELS))
    total, found = await call.ask(
        lambda database: list_in_version(database, of, events=events, levels=levels, page=page, limit=_PER_PAGE)
    )
    now = call.parts.unix_clock()
    return success({"page": page, "total_count": total, "items": [_item_json(each, now) for each in found]})


def _item_json(each: ItemInVersion, now: float) -> dict[str, Any]:
    counts = dict(each.in_version)
    occurrences = counts.pop("count") or 0
    return {
        **item_json(each.item, now),
        "total_occurrences_in_version": occurrences,
        **{f"{name}_in_version": value for name, value in counts.items()},
    }


def _version(call: Call) -> VersionOf:
    return VersionOf(
        call.project_id,
        _plain(call.request.path_params["version"]),
        _plain(call.request.query_params.get("environment", "")) or None,
    )


def _plain(text: str) -> str:
    return text.replace("\0", "\ufffd")  # PostgreSQL has no NUL


def _names(call: Call, parameter: str, allowed: tuple[str, ...]) -> tuple[str, ...]:
    names = tuple(name for name in ",".join(call.values(parameter)).split(",") if name)
    if not set(names) <= set(allowed):
        raise Refused(422, f"Invalid format. {parameter} should be one of {', '.join(allowed)}.")
    return tuple(dict.fromkeys(names))  # each makes a part of the condition, however often it is named
