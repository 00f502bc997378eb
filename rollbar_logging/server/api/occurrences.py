"""Occurrences, which the API's paths call instances."""

from __future__ import annotations

from typing import Any

from starlette.routing import BaseRoute, Route

from rollbar_logging.server.answers import Answer, Refused, render, success
from rollbar_logging.server.api.calls import Call, project_call
from rollbar_logging.server.api.items import found_item
from rollbar_logging.server.parts import Parts
from rollbar_logging.server.received import ReceivedOccurrence
from rollbar_logging.server.storage.reading import (
    delete_occurrence,
    find_occurrence,
    list_occurrences,
)

_PER_PAGE = 20
_MOST_PER_PAGE = 5000


def occurrence_routes(parts: Parts) -> list[BaseRoute]:
    """Return the routes; their paths have no final slash."""
    return [
        Route("/api/1/item/{id:int}/instances", project_call(parts, "read", _of_item), methods=["GET"]),
        Route("/api/1/instances", project_call(parts, "read", _all), methods=["GET"]),
        Route("/api/1/instance/{id:int}", project_call(parts, "read", _one), methods=["GET"]),
        Route("/api/1/instance/{id:int}", project_call(parts, "write", _delete), methods=["DELETE"]),
    ]


async def _of_item(call: Call) -> Answer:
    item = await found_item(call, id=call.path_id())
    return await _page(call, item.id)


async def _all(call: Call) -> Answer:
    return await _page(call, None)


async def _page(call: Call, item_id: int | None) -> Answer:
    page = call.page()
    limit = min(call.number("limit", default=_PER_PAGE, low=1), _MOST_PER_PAGE)
    last_id = call.number("lastId", default=0)
    found = await call.ask(
        lambda database: list_occurrences(
            database,
            call.project_id,
            item_id=item_id,
            before=last_id or None,
            limit=limit,
            offset=0 if last_id else (page - 1) * limit,
        )
    )
    return success({"page": page, "instances": [instance_json(occurrence) for occurrence in found]})


async def _one(call: Call) -> Answer:
    wanted = call.path_id()
    occurrence = await call.ask(lambda database: find_occurrence(database, call.project_id, occurrence_id=wanted))
    if occurrence is None:
        raise Refused(404, "not found")
    return success(instance_json(occurrence))


async def _delete(call: Call) -> Answer:
    wanted = call.path_id()
    if not await call.change(lambda database: delete_occurrence(database, call.project_id, wanted)):
        raise Refused(404, "not found")
    call.tell_pages()
    return Answer(200, render({"err": 0, "message": "The occurrence has been deleted."}))


def instance_json(occurrence: ReceivedOccurrence) -> dict[str, Any]:
    """Return an occurrence as the API shows it."""
    return {
        "id": occurrence.id,
        "project_id": occurrence.project_id,
        "item_id": occurrence.item_id,
        "timestamp": int(occurrence.received_at),
        "version": 2,
        "billable": int(occurrence.kind == "item"),
        "data": occurrence.data,
    }
