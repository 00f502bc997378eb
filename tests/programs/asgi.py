"""An ASGI application that logs when it begins, for each request, and when it ends."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any

from rollbar_logging import RollbarHandler

logger = logging.getLogger("application")
handler = RollbarHandler()
logger.addHandler(handler)


async def application(
    scope: dict[str, Any],
    receive: Callable[[], Awaitable[dict[str, Any]]],
    send: Callable[[dict[str, Any]], Awaitable[None]],
) -> None:
    """Answer ``ok`` to everything."""
    if scope["type"] == "lifespan":
        await live(receive, send)
        return
    logger.error("asked for %s", scope["path"])
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


async def live(
    receive: Callable[[], Awaitable[dict[str, Any]]], send: Callable[[dict[str, Any]], Awaitable[None]]
) -> None:
    """Log at the beginning and at the end of a worker's life, and deliver: the server may end by a signal."""
    await receive()
    logger.error("begins")
    await send({"type": "lifespan.startup.complete"})
    await receive()
    logger.error("ends")
    handler.flush()
    await send({"type": "lifespan.shutdown.complete"})
