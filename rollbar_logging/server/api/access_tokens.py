"""Access tokens of a project: listed without their texts, made, limited and deleted.

Faults of a body are told with status 400 in the words of a JSON schema's checker, as Rollbar tells them here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection
from starlette.routing import BaseRoute, Route

from rollbar_logging.server.answers import Answer, Refused, done, render, success
from rollbar_logging.server.api.calls import (
    LARGEST_ID,
    PROJECT_NOT_FOUND,
    Call,
    account_call,
)
from rollbar_logging.server.api.fields import Form
from rollbar_logging.server.parts import Parts
from rollbar_logging.server.storage.access_tokens import (
    StoredToken,
    add_token,
    change_token,
    delete_token,
    find_token,
    list_tokens,
    new_text,
)
from rollbar_logging.server.storage.projects import project_exists
from rollbar_logging.server.token_changes import change_tokens
from rollbar_logging.server.tokens import SCOPES
from rollbar_logging.server.traits import storable

WINDOW_SIZES = (0, 60, 300, 1800, 3600, 86_400, 604_800, 2_592_000)
"""Seconds of a token's own window; 0: it has none."""

_BITS = {"legacy": 128, "v1": 128, "v2": 512}
"""Types of tokens, and how long their texts are."""

_LIMITS = ("rate_limit_window_size", "rate_limit_window_count")
_LONGEST_NAME = 255
_UNKNOWN = "Invalid project access token"


def access_token_routes(parts: Parts) -> list[BaseRoute]:
    """Return the routes; their paths have no final slash."""
    all_of_them, one = "/api/1/project/{id:int}/access_tokens", "/api/1/project/{id:int}/access_token"
    routes: list[BaseRoute] = [
        Route(all_of_them, account_call(parts, "read", _list), methods=["GET"]),
        Route(all_of_them, account_call(parts, "write", _create), methods=["POST"]),
    ]
    for path in (one, f"{one}/{{identifier}}"):
        routes.append(Route(path, account_call(parts, "write", _change), methods=["PATCH"]))
        routes.append(Route(path, account_call(parts, "write", _delete), methods=["DELETE"]))
    return routes


def token_json(parts: Parts, token: StoredToken) -> dict[str, Any]:
    """Return a token as the API shows it, without its text, which is kept nowhere."""
    known = next((other for other in parts.tokens if other.id == token.id), None)
    window = parts.limiter.window_of(known) if known else None
    shown = token._asdict()
    del shown["id"]
    return {
        **shown,
        "cur_rate_limit_window_start": window and window.started_at,
        "cur_rate_limit_window_count": window and window.calls,
    }


async def _list(call: Call) -> Answer:
    project_id = call.path_id()

    def read(database: Connection) -> list[StoredToken]:
        _require_project(database, project_id)
        return list_tokens(database, project_id)

    return success([token_json(call.parts, token) for token in await call.ask(read)])


async def _create(call: Call) -> Answer:
    project_id, now = call.path_id(), call.parts.unix_clock()
    columns = _columns_of_new(call.fields)
    text = new_text(_BITS[columns["token_type"]])

    def create(database: Connection) -> StoredToken | None:
        _require_project(database, project_id)
        add_token(database, text, project_id=project_id, now=now, **columns)
        return find_token(database, project_id, text)

    token = await change_tokens(call.parts, call.change, create)
    assert token is not None  # noqa: S101 - it was made in the same transaction
    at_first = {"cur_rate_limit_window_start": token.date_created, "cur_rate_limit_window_count": 0}
    return success({**token_json(call.parts, token), **at_first, "access_token": text})


async def _change(call: Call) -> Answer:
    """Set the limit; names, scopes and states are not changed here, nor is it refused to name them."""
    project_id, now = call.path_id(), call.parts.unix_clock()
    columns = _limits(call.fields)

    def change(database: Connection) -> bool:
        token = _named(call, database, project_id)
        if token is None:
            return False
        change_token(database, token.id, now, **columns)
        return True

    return done() if await change_tokens(call.parts, call.change, change) else _unknown()


async def _delete(call: Call) -> Answer:
    project_id = call.path_id()

    def delete(database: Connection) -> bool:
        token = _named(call, database, project_id)
        if token is None:
            return False
        delete_token(database, token.id)
        return True

    return (
        success("Access token has been deleted.")
        if await change_tokens(call.parts, call.change, delete)
        else _unknown()
    )


def _named(call: Call, database: Connection, project_id: int) -> StoredToken | None:
    """Return the token that the path names, or else the body, by its text or its public id."""
    _require_project(database, project_id)
    named = call.request.path_params.get("identifier")
    if named is None:
        given = {**call.request.query_params, **call.fields}
        named = given.get("public_id") or given.get("project_access_token")
    if not isinstance(named, str):
        raise Refused(400, "u'public_id' is a required property")
    return find_token(database, project_id, named)


def _unknown() -> Answer:
    # The documented answer has a result; clients look for a message.
    return Answer(400, render({"err": 1, "message": _UNKNOWN, "result": _UNKNOWN, "status_code": 400}))


def _require_project(database: Connection, project_id: int) -> None:
    if not project_exists(database, project_id):
        raise Refused(404, PROJECT_NOT_FOUND)


def _columns_of_new(fields: Mapping[str, Any]) -> dict[str, Any]:
    for name in ("name", "scopes"):
        if not fields.get(name):
            raise Refused(400, f"u'{name}' is a required property")
    name = fields["name"]
    if not isinstance(name, str):
        raise Refused(400, f"{_quoted(name)} is not of type u'string'")
    if len(name) > _LONGEST_NAME:
        raise Refused(400, f"{_quoted(name)} is too long")
    return {
        "name": storable(name),
        "scopes": _scopes(fields),
        "status": _one_of(fields, "status", ("enabled", "disabled")) or "enabled",
        "token_type": _one_of(fields, "token_type", tuple(_BITS)) or "v1",
        **_limits(fields),
    }


def _scopes(fields: Mapping[str, Any]) -> list[str]:
    scopes = fields["scopes"]
    if isinstance(fields, Form) and isinstance(scopes, str):
        scopes = [scope.strip() for scope in scopes.split(",")]
    if not isinstance(scopes, list):
        raise Refused(400, f"{_quoted(scopes)} is not of type u'array'")
    for scope in scopes:
        if scope not in SCOPES:
            raise Refused(400, f"{_quoted(scope)} is not one of [{', '.join(_quoted(each) for each in SCOPES)}]")
    chosen = list(dict.fromkeys(scopes))
    alone = next((scope for scope in chosen if scope.startswith("post_")), None)
    if alone and len(chosen) > 1:
        raise Refused(400, f"{alone} can not be combined with other scopes")
    return chosen


def _limits(fields: Mapping[str, Any]) -> dict[str, int | None]:
    limits = {name: _number(fields, name) for name in _LIMITS if name in fields}
    size, count = limits.get("rate_limit_window_size"), limits.get("rate_limit_window_count")
    if size is not None and size not in WINDOW_SIZES:
        raise Refused(400, f"{size} is not one of {list(WINDOW_SIZES)}")
    if count is not None and count < 0:
        raise Refused(400, f"{count} is less than the minimum of 0")
    if count is not None and count > LARGEST_ID:
        raise Refused(400, f"{count} is greater than the maximum of {LARGEST_ID}")
    return limits


def _number(fields: Mapping[str, Any], name: str) -> int | None:
    """Return a number, which JSON has to give as one; a form has nothing but texts."""
    value = fields[name]
    if isinstance(fields, Form) and isinstance(value, str):
        if not value:
            return None
        if value.isascii() and value.isdecimal() and len(value) <= len(str(LARGEST_ID)):
            return int(value)
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    if name == "rate_limit_window_size":
        raise Refused(400, f"{_quoted(value)} is not one of {list(WINDOW_SIZES)}")
    raise Refused(400, f"{_quoted(value)} is not of type u'integer'")


def _one_of(fields: Mapping[str, Any], name: str, allowed: tuple[str, ...]) -> str | None:
    value = fields.get(name)
    if value is None or value in allowed:
        return value
    raise Refused(400, f"{_quoted(value)} is not one of [{', '.join(_quoted(each) for each in allowed)}]")


_SHOWN = 200


def _quoted(value: Any) -> str:
    """Return a value as Rollbar's Python would write it."""
    text = f"u{value!r}" if isinstance(value, str) else repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
