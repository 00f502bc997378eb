"""Deploys: told of by deploy scripts, and read back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from starlette.routing import BaseRoute, Route

from rollbar_logging.server.account import DEPLOY_STATUSES, Deploy
from rollbar_logging.server.answers import Answer, Refused, render, success
from rollbar_logging.server.api.calls import Call, project_call
from rollbar_logging.server.parts import Parts
from rollbar_logging.server.storage.deploys import (
    DEPLOYS_PER_PAGE,
    add_deploy,
    change_deploy,
    find_deploy,
    list_deploys,
)
from rollbar_logging.server.storage.people import find_user
from rollbar_logging.server.traits import storable

_MOST_PER_PAGE = 5000
_LONGEST = {"environment": 255, "revision": 255, "local_username": 255, "rollbar_username": 255, "comment": 62 * 1024}
"""Characters; what is longer is cut, as in items."""


def deploy_routes(parts: Parts) -> list[BaseRoute]:
    """Return the routes; their paths have no final slash."""
    return [
        Route("/api/1/deploy", project_call(parts, "post_server_item", _create), methods=["POST"]),
        Route("/api/1/deploy/{id:int}", project_call(parts, "post_server_item", _change), methods=["PATCH"]),
        Route("/api/1/deploy/{id:int}", project_call(parts, "read", _one), methods=["GET"]),
        Route("/api/1/deploys", project_call(parts, "read", _list), methods=["GET"]),
    ]


async def _create(call: Call) -> Answer:
    # Hooks of hosting services have their own body, and what they cannot say there is in the URL.
    fields = {**call.request.query_params, **call.fields}
    fields["revision"] = fields.get("revision") or fields.get("head_long")
    wrong = list(_complaints(fields))
    if wrong:
        raise Refused(422, " ".join(wrong))
    now = int(call.parts.unix_clock())
    status = fields.get("status") or "succeeded"
    username = _text(fields, "rollbar_username")
    columns = {
        "project_id": call.project_id,
        "environment": _text(fields, "environment"),
        "revision": _text(fields, "revision"),
        "status": status,
        "comment": _text(fields, "comment"),
        "local_username": _text(fields, "local_username"),
        "start_time": now,
        "finish_time": None if status == "started" else now,
    }

    def add(database: Any) -> int:
        user = find_user(database, username=username) if username else None
        return add_deploy(database, {**columns, "user_id": user and user.id})

    deploy_id = await call.change(add)
    call.tell_pages()
    return Answer(200, render({"err": 0, "data": {"deploy_id": deploy_id}}))


def _complaints(fields: Mapping[str, Any]) -> Iterator[str]:
    if not fields.get("environment"):
        yield "Missing 'environment' key."
    if not fields["revision"]:
        yield "Missing 'revision' or 'head_long' key."
    if not isinstance(fields.get("environment"), str):
        yield "'environment' key must be a string"
    if fields["revision"] and not isinstance(fields["revision"], str):
        yield "'revision' key must be a string"
    yield from _complaints_of_more(fields)


def _complaints_of_more(fields: Mapping[str, Any]) -> Iterator[str]:
    for name in ("comment", "local_username", "rollbar_username"):
        if not isinstance(fields.get(name), str | None):
            yield f"'{name}' key must be a string"
    if fields.get("status") and fields["status"] not in DEPLOY_STATUSES:
        yield f"'status' key must be one of {', '.join(DEPLOY_STATUSES)}"


def _text(fields: Mapping[str, Any], name: str) -> str | None:
    value = fields.get(name)
    return None if value is None else storable(value[: _LONGEST[name]])


async def _change(call: Call) -> Answer:
    """Set status and comment; what scripts repeat of the first call is not looked at."""
    fields = {name: call.fields.get(name) for name in ("status", "comment")}
    wrong = ["Missing 'status' key."] if not fields["status"] else []
    wrong += _complaints_of_more(fields)
    deploy_id, now = call.path_id(), int(call.parts.unix_clock())

    def change(database: Any) -> Deploy:
        deploy = _found(find_deploy(database, call.project_id, deploy_id, now))
        if wrong:
            raise Refused(422, " ".join(wrong))
        if deploy.status != "started":
            raise Refused(409, "The deploy can not be updated because its status is not started.")
        status = fields["status"]
        columns: dict[str, Any] = {"status": status, "finish_time": None if status == "started" else now}
        if fields["comment"] is not None:
            columns["comment"] = _text(fields, "comment")
        change_deploy(database, deploy_id, columns)
        return deploy._replace(**columns)

    changed = await call.change(change)
    call.tell_pages()
    return success(changed._asdict())


async def _one(call: Call) -> Answer:
    deploy_id, now = call.path_id(), call.parts.unix_clock()
    deploy = await call.ask(lambda database: find_deploy(database, call.project_id, deploy_id, now))
    return success(_found(deploy)._asdict())


def _found(deploy: Deploy | None) -> Deploy:
    if deploy is None:
        raise Refused(404, "not found")
    return deploy


async def _list(call: Call) -> Answer:
    page = call.page()
    limit = min(call.number("limit", default=DEPLOYS_PER_PAGE, low=1), _MOST_PER_PAGE)
    now = call.parts.unix_clock()
    found = await call.ask(lambda database: list_deploys(database, call.project_id, page=page, limit=limit, now=now))
    return success({"page": page, "deploys": [deploy._asdict() for deploy in found]})
