"""Answers onto the wire: as a Starlette response, or as plain ASGI messages."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from starlette.responses import Response

from rollbar_logging.server.answers import CORS_HEADERS, MEDIA_TYPE, Answer

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_ALWAYS = [(name.encode(), value.encode()) for name, value in (*CORS_HEADERS, ("content-type", MEDIA_TYPE))]


def api_response(answer: Answer) -> Response:
    """Turn an answer of the API into a response."""
    return Response(answer.body, answer.status, dict((*CORS_HEADERS, *answer.headers)), MEDIA_TYPE)


def json_response(answer: Answer) -> Response:
    """Turn an answer that is not the API's into a response: no other site may read it."""
    return Response(answer.body, answer.status, {"cross-origin-resource-policy": "same-origin"}, MEDIA_TYPE)


async def send_answer(send: Send, answer: Answer) -> None:
    """Send an answer of the API."""
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers]
    headers.append((b"content-length", str(len(answer.body)).encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": _ALWAYS + headers})
    await send({"type": "http.response.body", "body": answer.body})


async def send_preflight(send: Send, asked: bytes) -> None:
    """Answer a browser that asks, before it posts, whether it may: it may, with the headers it asks for."""
    headers = [
        *_ALWAYS[:-1],
        (b"access-control-allow-methods", b"GET,HEAD,PUT,PATCH,POST,DELETE"),
        (b"access-control-allow-headers", asked),
        (b"vary", b"Access-Control-Request-Headers"),
    ]
    await send({"type": "http.response.start", "status": 204, "headers": headers})
    await send({"type": "http.response.body", "body": b""})
