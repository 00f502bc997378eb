"""``POST /api/1/item_batch/``: many items in one call, as clients for PHP sent them before 2017.

The body is a JSON array of whole payloads. Each is taken or refused for itself and counts as one call. The API
documents no answer; this one lists for each payload what a call of its own would have been answered.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any, NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from rollbar_logging.server.answers import Answer, Refused, failure, render
from rollbar_logging.server.api.fields import Incoming, answered
from rollbar_logging.server.api.item_post import admit, parse, permit_posting, take_item
from rollbar_logging.server.body import Disconnected, Parsed, read_body, too_large
from rollbar_logging.server.parts import Caller, Parts
from rollbar_logging.server.tokens import HEADER
from rollbar_logging.server.wire import api_response

_USUAL = 50
"""Payloads that those clients put into one call; as many times the limit of a body is a batch's."""

_MOST = 1000
"""Payloads of one call: a client may have been told to put more than usual into one."""


class _Outcome(NamedTuple):
    """What came of one payload; without a refusal its *uuid* is stored."""

    caller: Caller
    uuid: str = ""
    refused: Refused | None = None

    def shown(self) -> dict[str, Any]:
        if self.refused is not None:
            return {"err": 1, "message": self.refused.message}
        return {"err": 0, "result": {"id": None, "uuid": self.uuid}}


async def post_batch(request: Request, parts: Parts) -> Response:
    """Take a batch.

    200, when one of its items is stored, or there is none in it; else what the first was refused with.
    """
    incoming = Incoming(request.receive, request.headers)
    try:
        payloads = await _payloads(incoming, parts)
    except Refused as refused:
        return answered(api_response(failure(refused.status, refused.message)), incoming)
    except Disconnected:
        return Response(status_code=400)  # nobody reads it
    # At the same time, so that they are written together.
    outcomes = await asyncio.gather(*(_take(request, payload, parts) for payload in payloads))
    return api_response(_answer(outcomes))


async def _payloads(incoming: Incoming, parts: Parts) -> list[Any]:
    if text := incoming.headers.get(HEADER, "").strip():  # it counts for all of them, whatever they pass themselves
        permit_posting(parts.tokens.find(text))
    roomy = parts._replace(max_body=_USUAL * parts.max_body)
    body = await read_body(incoming, incoming.headers, roomy.max_body)
    payloads = parse(body, incoming.headers, roomy).payload
    if not isinstance(payloads, list):
        raise Refused(422, "Invalid format. The payload should be array.")
    if len(payloads) > _MOST:
        raise Refused(422, f"Invalid format. The payload should be array of at most {_MOST} items.")
    return payloads


async def _take(request: Request, payload: Any, parts: Parts) -> _Outcome:
    caller = Caller()
    given = payload.get("access_token") if isinstance(payload, dict) else None
    size = len(json.dumps(payload, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogatepass"))
    try:
        if size > parts.max_body:
            raise too_large()
        in_body = given if isinstance(given, str) else None
        token, sender = await admit(request.scope, request.headers, in_body, parts, caller, size)
        return _Outcome(caller, await take_item(Parsed(payload, None), token, sender, parts))
    except Refused as refused:
        return _Outcome(caller, refused=refused)


def _answer(outcomes: list[_Outcome]) -> Answer:
    if not outcomes:
        return Answer(200, render({"err": 0, "result": []}))
    rates = outcomes[-1].caller.rate_headers()
    first = outcomes[0].refused
    if first is not None and all(outcome.refused is not None for outcome in outcomes):
        return failure(first.status, first.message)._replace(headers=rates)
    return Answer(200, render({"err": 0, "result": [outcome.shown() for outcome in outcomes]}), rates)
