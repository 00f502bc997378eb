"""What all calls of the API but the posting of items have in common: the token, its scope, the project, the body."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import Connection
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response

from rollbar_logging.errors import RollbarError
from rollbar_logging.server.answers import Answer, Refused, failure
from rollbar_logging.server.api.fields import TOKEN, Incoming, answered, read_fields
from rollbar_logging.server.body import Disconnected
from rollbar_logging.server.integers import LARGEST, integer_of
from rollbar_logging.server.parts import Caller, Parts
from rollbar_logging.server.storage.projects import project_exists
from rollbar_logging.server.tokens import Token, passed_token, require
from rollbar_logging.server.wire import api_response

_Result = TypeVar("_Result")

LARGEST_ID = LARGEST
"""Of ids and numbers in calls."""

LARGEST_PAGE = 10**9

_STRANGERS = 4
"""Large bodies that are taken at a time from callers whose token is not known before: a file of each is on the disk."""

PROJECT_NOT_FOUND = "Project not found in this account."


class Call(NamedTuple):
    """One admitted call.

    Attributes:
        parts: The server's.
        request: The call.
        token: Whose call it is.
        fields: Of the body: a JSON object, or a `Form` (files as `UploadFile`); empty without a body.
        project_id: The token's project, or the one that an account's token names; 0 where none is needed.
    """

    parts: Parts
    request: Request
    token: Token
    fields: Mapping[str, Any]
    project_id: int

    async def ask(self, question: Callable[[Connection], _Result]) -> _Result:
        """Have a question answered from the database."""
        return await asyncio.wrap_future(self.parts.database.ask(question))

    async def change(self, job: Callable[[Connection], _Result]) -> _Result:
        """Have something changed in the database, in a transaction of its own.

        Raises:
            Refused: 422, when the job raises a `RollbarError`; what it had changed is undone.
        """
        try:
            return await asyncio.wrap_future(self.parts.database.change(job))
        except RollbarError as error:
            raise Refused(422, str(error)) from error

    def tell_pages(self, *item_ids: int) -> None:
        """Have the open pages show what was changed: those of these items, or, without any, all."""
        self.parts.database.on_changed(item_ids)

    def path_id(self, name: str = "id") -> int:
        """Return an id of the path.

        Raises:
            Refused: 404, when no id is as large.
        """
        number = int(self.request.path_params[name])
        if number > LARGEST_ID:
            raise Refused(404, "not found")
        return number

    def number(self, name: str, *, default: int, low: int = 0, high: int = LARGEST_ID) -> int:
        """Return a number of the query.

        Raises:
            Refused: 422, when it is none, or not between *low* and *high*.
        """
        text = self.request.query_params.get(name)
        if text is None:
            return default
        if not (text.isascii() and text.isdecimal() and len(text) <= len(str(LARGEST_ID)) and low <= int(text) <= high):
            raise Refused(422, f"Invalid format. {name} should be integer.")
        return int(text)

    def page(self) -> int:
        """Return the number of the page that is asked for, from 1; none is so large that no database could count to it.

        Raises:
            Refused: 422, when it is no number, or larger.
        """
        return self.number("page", default=1, low=1, high=LARGEST_PAGE)

    def values(self, name: str) -> tuple[str, ...]:
        """Return all values of a repeatable parameter of the query."""
        return tuple(self.request.query_params.getlist(name))


Endpoint = Callable[[Call], Awaitable[Answer]]
Respond = Callable[[Request], Awaitable[Response]]


def project_call(parts: Parts, scope: str, endpoint: Endpoint, *, max_body: int = 0) -> Respond:
    """Wrap an endpoint that needs a project's token with *scope*, or an account's that names a project.

    An account's token names it by ``project_id``, in the query or in the body; a list of items by ``project_ids``.
    *max_body* is the bytes of the largest body where it is more than the server's.
    """

    async def _named(token: Token, request: Request, fields: Mapping[str, Any]) -> int:
        return await _project_of(parts, token, request, fields)

    return _wrapped(parts, endpoint, partial(_permit, scope), _named, max_body)


def any_call(parts: Parts, scope: str, endpoint: Endpoint) -> Respond:
    """Wrap an endpoint as `project_call` does; an account's token need not name a project, which is 0 then."""

    async def _named(token: Token, request: Request, fields: Mapping[str, Any]) -> int:
        if token.project_id is None and not (request.query_params.get("project_id") or fields.get("project_id")):
            return 0
        return await _project_of(parts, token, request, fields)

    return _wrapped(parts, endpoint, partial(_permit, scope), _named)


def account_call(parts: Parts, scope: str, endpoint: Endpoint) -> Respond:
    """Wrap an endpoint that needs an account's token with *scope*."""

    def _permit_account(token: Token) -> None:
        if token.project_id is not None:
            raise Refused(403, "insufficient privileges: an account access token is required.")
        require(token, scope)

    async def _none(_token: Token, _request: Request, _fields: Mapping[str, Any]) -> int:
        return 0

    return _wrapped(parts, endpoint, _permit_account, _none)


def _permit(scope: str, token: Token) -> None:
    if token.project_id is not None:
        require(token, scope)
    else:
        require(token, "read" if scope == "read" else "write")


async def _project_of(parts: Parts, token: Token, request: Request, fields: Mapping[str, Any]) -> int:
    if token.project_id is not None:
        return token.project_id
    query = request.query_params
    named = str(query.get("project_id") or query.get("project_ids") or fields.get("project_id") or "")
    return (await existing_projects(parts, [named]))[0]


async def existing_projects(parts: Parts, named: Sequence[str]) -> list[int]:
    """Return the ids of the projects that a call with an account's token names.

    Raises:
        Refused: 422, when one is no number; 404, when the account has no such project.
    """
    if not all(text.isascii() and text.isdecimal() for text in named):
        raise Refused(422, "Invalid format. project_id is missing and it is required with an account access token.")
    if any(len(text) > len(str(LARGEST_ID)) for text in named):
        raise Refused(404, PROJECT_NOT_FOUND)
    found = list(dict.fromkeys(map(int, named)))

    def are_there(database: Connection) -> bool:
        """Whether the account has them all."""
        return all(project_exists(database, project_id) for project_id in found)

    if not await asyncio.wrap_future(parts.database.ask(are_there)):
        raise Refused(404, PROJECT_NOT_FOUND)
    return found


class _Admission:
    """Admits a call by the token that it passes, before its body is read where that is possible.

    Attributes:
        caller: Who it is, as far as that is known.
    """

    def __init__(self, parts: Parts, request: Request, permit: Callable[[Token], None]) -> None:
        self.caller = Caller()
        self._parts = parts
        self._headers, self._query = request.headers, request.url.query
        self._permit = permit
        self._token: Token | None = None
        self._text = ""

    def ahead(self) -> bool:
        """Admit the call by its header or its query; ``False`` when they pass no token. Refusals as `by`."""
        try:
            passed_token(self._headers, None, self._query)
        except Refused:
            return False  # the body has one, if anything has
        self.by(None)
        return True

    def by(self, in_body: str | None) -> Token:
        """Admit the call, now that it is known what its body passes.

        Raises:
            Refused: 422 without a token, 403 for one that is unknown or may not do this, 429 over its limit.
        """
        text = passed_token(self._headers, in_body, self._query)
        if self._token is None or text != self._text:
            self._token, self._text = self.caller.admit(self._parts, self._headers, in_body, self._query), text
            self.caller.refuse_if_over()
            self._permit(self._token)
        return self._token


def _wrapped(
    parts: Parts,
    endpoint: Endpoint,
    permit: Callable[[Token], None],
    project_of: Callable[[Token, Request, Mapping[str, Any]], Awaitable[int]],
    max_body: int = 0,
) -> Respond:
    strangers = asyncio.Semaphore(_STRANGERS)

    async def read(incoming: Incoming, admission: _Admission, *, is_known: bool) -> Mapping[str, Any]:
        large = max(parts.max_body, max_body)
        if is_known or not max_body:
            return await read_fields(incoming, most=large, most_of_parts=large, on_token=admission.by)
        async with strangers:
            return await read_fields(incoming, most=parts.max_body, most_of_parts=large, on_token=admission.by)

    async def respond(request: Request) -> Response:
        admission, incoming = _Admission(parts, request, permit), Incoming(request.receive, request.headers)
        has_body = request.method not in {"GET", "HEAD"}
        fields: Mapping[str, Any] = {}
        try:
            is_known = admission.ahead()
            fields = await read(incoming, admission, is_known=is_known) if has_body else fields
            given = fields.get(TOKEN)
            token = admission.by(given if isinstance(given, str) else None)
            project_id = await project_of(token, request, fields)
            answer = await endpoint(Call(parts, request, token, fields, project_id))
        except Refused as refused:
            answer = failure(refused.status, refused.message)
        except Disconnected:
            return Response(status_code=400)  # nobody reads it
        finally:
            for file in filter(is_file, fields.values()):
                await file.close()
        response = api_response(answer._replace(headers=(*answer.headers, *admission.caller.rate_headers())))
        return answered(response, incoming) if has_body else response

    return respond


def text_field(fields: Mapping[str, Any], name: str, *, longest: int) -> str | None:
    """Return a text of the body, ``None`` when it is not given.

    Raises:
        Refused: 422, when it is no text or too long.
    """
    value = fields.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > longest:
        raise Refused(422, f"Invalid format. {name} should be string of at most {longest} characters.")
    return value


def required_text(fields: Mapping[str, Any], name: str, *, longest: int) -> str:
    """Return a text of the body that has to be there.

    Raises:
        Refused: 422, when it is not.
    """
    value = text_field(fields, name, longest=longest)
    if not value:
        raise Refused(422, f"Invalid format. {name} is missing and it is required.")
    return value


def integer_field(fields: Mapping[str, Any], name: str) -> int | None:
    """Return an integer of the body, which a form gives as text; ``None`` when it is not given.

    Raises:
        Refused: 422, when it is none.
    """
    value = fields.get(name)
    if value is None:
        return None
    number = integer_of(value)
    if number is None:
        raise Refused(422, f"Invalid format. {name} should be integer.")
    return number


def boolean_field(fields: Mapping[str, Any], name: str) -> bool | None:
    """Return a boolean of the body, which a form gives as text; ``None`` when it is not given.

    Raises:
        Refused: 422, when it is none.
    """
    value = fields.get(name)
    if isinstance(value, str):
        value = {"true": True, "1": True, "false": False, "0": False}.get(value.lower(), value)
    if value is not None and not isinstance(value, bool):
        raise Refused(422, f"Invalid format. {name} should be boolean.")
    return value


def flag(call: Call, name: str) -> bool:
    """Whether a boolean of the query is set.

    Raises:
        Refused: 422, when it is none.
    """
    return boolean_field(call.request.query_params, name) or False


def is_file(value: Any) -> bool:
    """Whether a field of a form is a file."""
    return isinstance(value, UploadFile)
