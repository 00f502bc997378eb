"""A FastAPI application that has a Starlette one mounted; as a program, under uvicorn, whose loggers are heard too."""

from __future__ import annotations

import logging
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from fastapi import APIRouter, BackgroundTasks, FastAPI, Request, Response, WebSocket
from starlette.applications import Starlette
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.routing import Mount, Route

from rollbar_logging import RollbarHandler
from rollbar_logging.integrations.asgi import RollbarMiddleware

logger = logging.getLogger("warehouse")
KIND = os.environ.get("SHOP", "around")


class User:
    """A customer."""

    def __init__(self) -> None:
        self.id = 17
        self.username = "ursula"
        self.password = "s3cret-of-ursula"


@asynccontextmanager
async def life(_app: Any) -> AsyncIterator[None]:
    """Fail at the beginning if told to, and log at the end."""
    if KIND == "stillborn":
        raise LookupError("stillborn")
    yield
    logger.error("ends")


app = FastAPI(lifespan=life)
orders = APIRouter(prefix="/orders")


@orders.post("/{number}")
async def pay(number: int, request: Request) -> str:
    """Fail with secrets at hand; the body was read."""
    card = "4111 1111 1111 1111"
    request.scope["user"] = User()
    await request.body()
    return {card: ""}[str(number)]


@orders.post("/{number}/unread")
def pay_unread(number: int) -> str:
    """Fail in a thread; nobody has read the body."""
    raise LookupError(number)


@orders.get("/{number}/background")
def pay_later(number: int, tasks: BackgroundTasks) -> str:
    """Fail when it is answered."""

    def fail() -> None:
        raise LookupError(number)

    tasks.add_task(fail)
    return "well"


@app.get("/gone")
async def gone() -> str:
    """Fail as one whose client has left."""
    raise type("ClientDisconnect", (Exception,), {})


@app.get("/logged/{number}")
async def logged(number: int) -> str:
    """Log and raise."""
    try:
        raise LookupError(number)  # noqa: TRY301 - to have been raised
    except LookupError:
        logger.exception("seen")
        raise


@app.get("/told/{number}/")
async def told(number: int) -> str:
    """Log."""
    logger.error("only %s left", number)
    return "well"


@app.websocket("/talk/{number}")
async def talk(number: int, socket: WebSocket) -> None:
    """Fail when it is spoken to."""
    await socket.accept()
    await socket.receive_text()
    raise LookupError(number)


async def price(request: Request) -> Response:
    """Fail in a mounted application."""
    raise LookupError(request.path_params["sku"])


async def pass_on(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    """Do nothing, in a task of its own."""
    return await call_next(request)


app.include_router(orders, prefix="/api")
app.mount("/shelf", Starlette(routes=[Mount("/{row}", routes=[Route("/prices/{sku}", price)])]))
served: Any = app
if KIND == "inside":
    app.add_middleware(RollbarMiddleware, person_fields=("id", "username"))
    app.add_middleware(BaseHTTPMiddleware, dispatch=pass_on)
else:
    app.add_middleware(RollbarMiddleware)  # of two, Starlette before 0.46 lets only the inner one see some failures
    app.add_middleware(BaseHTTPMiddleware, dispatch=pass_on)
    served = RollbarMiddleware(RollbarMiddleware(app), person_fields=("id", "username"))

logging.basicConfig(level=logging.INFO, handlers=[logging.StreamHandler(), RollbarHandler()])

if __name__ == "__main__":
    uvicorn.run(served, port=0, log_config=None)
