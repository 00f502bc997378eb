"""Items and occurrences."""

from __future__ import annotations

from rollbar_logging.server.api.described.operation import JSON, Operation, Schema
from rollbar_logging.server.api.described.shapes import (
    ID,
    INTEGER,
    LEVEL,
    NO_INTEGER,
    NO_TEXT,
    NO_TIME,
    PAGE,
    STATUS,
    TEXT,
    TIME,
    array,
    in_path,
    in_query,
    limit,
    number,
    objects,
    ref,
    repeated,
    text,
)

_ITEM = {
    "id": INTEGER,
    "project_id": INTEGER,
    "counter": INTEGER,
    "environment": TEXT,
    "platform": TEXT,
    "framework": TEXT,
    "hash": TEXT,
    "title": TEXT,
    "level": LEVEL,
    "status": STATUS,
    "first_occurrence_id": INTEGER,
    "first_occurrence_timestamp": TIME,
    "activating_occurrence_id": INTEGER,
    "last_activated_timestamp": TIME,
    "last_occurrence_id": INTEGER,
    "last_occurrence_timestamp": TIME,
    "last_resolved_timestamp": NO_TIME,
    "last_muted_timestamp": NO_TIME,
    "total_occurrences": INTEGER,
    "unique_occurrences": NO_INTEGER,
    "last_modified_by": NO_INTEGER,
    "resolved_in_version": NO_TEXT,
    "assigned_user_id": NO_INTEGER,
    "assigned_team_id": NO_INTEGER,
    "level_lock": {"enum": [0, 1]},
    "title_lock": {"enum": [0, 1]},
    "group_item_id": NO_INTEGER,
    "group_status": INTEGER,
    "controlling_id": INTEGER,
    "public_item_id": NO_INTEGER,
    "integrations_data": {"type": ["object", "string", "null"]},
}

SCHEMAS: dict[str, Schema] = {
    "Item": objects(**_ITEM),
    "Occurrence": objects(
        id=INTEGER,
        project_id=INTEGER,
        item_id=INTEGER,
        timestamp=TIME,
        version=INTEGER,
        billable={"enum": [0, 1]},
        data={"type": "object", "description": "The payload's `data` as it is stored."},
    ),
    "ItemChange": {
        "type": "object",
        "properties": {
            "status": STATUS,
            "resolved_in_version": text(40),
            "title": text(255, 1),
            "level": LEVEL,
            "assigned_user_id": NO_INTEGER,
            "assigned_team_id": NO_INTEGER,
            "snooze_enabled": {"type": "boolean"},
            "snooze_expiration_in_seconds": number(1, 10**10),
        },
    },
}

_ITEM_ID = in_path("id", "The item.")
_OCCURRENCE_ID = in_path("id", "The occurrence.")
_FILTERS = (
    repeated("status", TEXT),
    repeated("level", TEXT),
    repeated("environment", TEXT),
)
_ITEMS = objects(page=INTEGER, total_count=NO_INTEGER, items=array(ref("Item")))
_INSTANCES = objects(page=INTEGER, instances=array(ref("Occurrence")))
_LAST = in_query("lastId", ID, "Continue after this occurrence; `page` is not looked at then.")

OPERATIONS = (
    Operation(
        "GET",
        "/api/1/items",
        "List items, the last active first",
        "read",
        _ITEMS,
        (
            *_FILTERS,
            repeated("framework", TEXT),
            in_query("assigned_user", TEXT, "A username, `assigned` or `unassigned`."),
            repeated("assigned_team", ID),
            in_query("ids", TEXT, "Ids between commas."),
            in_query("query", TEXT, "As in Rollbar's search box."),
            in_query("is_snoozed", {"type": "boolean"}),
            repeated("project_ids", ID),
            PAGE,
            limit(100),
        ),
    ),
    Operation(
        "GET",
        "/api/1/search",
        "Search items by a part of their titles",
        "read",
        objects(page=INTEGER, total_count=NO_INTEGER, items=array(objects())),
        (
            in_query("title", TEXT),
            in_query("fields", TEXT, "Names of an item's fields between commas."),
            *_FILTERS,
            PAGE,
        ),
    ),
    Operation(
        "GET",
        "/api/1/item",
        "Find an item by an occurrence's uuid or by its counter",
        "read",
        ref("Item"),
        (in_query("uuid", TEXT), in_query("counter", ID)),
        refused=(400,),
    ),
    Operation("GET", "/api/1/item/{id}", "Read an item", "read", ref("Item"), (_ITEM_ID,)),
    Operation(
        "PATCH",
        "/api/1/item/{id}",
        "Change an item",
        "write",
        {"type": "object", "description": "The fields that were sent."},
        (_ITEM_ID,),
        body=ref("ItemChange"),
    ),
    Operation(
        "GET",
        "/api/1/item_by_counter/{counter}",
        "Find an item by the number that people see",
        "read",
        objects(itemId=INTEGER, path=TEXT, uri=TEXT),
        (in_path("counter", "The item's number in its project."),),
        success=301,
    ),
    Operation(
        "GET",
        "/api/1/item/{id}/instances",
        "List an item's occurrences, the newest first",
        "read",
        _INSTANCES,
        (_ITEM_ID, PAGE, limit(20), _LAST),
    ),
    Operation(
        "GET",
        "/api/1/instances",
        "List a project's occurrences, the newest first",
        "read",
        _INSTANCES,
        (PAGE, limit(20), _LAST),
    ),
    Operation(
        "GET",
        "/api/1/instance/{id}",
        "Read an occurrence",
        "read",
        ref("Occurrence"),
        (in_path("id", "The occurrence."),),
    ),
    Operation(
        "DELETE",
        "/api/1/instance/{id}",
        "Delete an occurrence; what was counted of it stays",
        "write",
        None,
        (_OCCURRENCE_ID,),
        answer={JSON: {"schema": objects(err={"const": 0}, message=TEXT)}},
    ),
)
