"""Starlette, FastAPI and any other ASGI application: requests, websockets, background tasks, and both ends of its life.

    from rollbar_logging.integrations.asgi import RollbarMiddleware

    app.add_middleware(RollbarMiddleware)      # Starlette, FastAPI
    app = RollbarMiddleware(app)               # any

Whom a report concerns is in ``scope["rollbar_person"]``, a mapping with ``id`` and perhaps ``username`` and ``email``,
if the application puts it there; else in ``scope["user"]``, where authentication has put a user.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any

from rollbar_logging.capture import seen
from rollbar_logging.capture.context import current_person, current_request, set_request, swap_person
from rollbar_logging.capture.person import FIELDS
from rollbar_logging.integrations.unhandled import flush_all, report_unhandled

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

_LAST_MESSAGES = frozenset({"lifespan.shutdown.complete", "lifespan.shutdown.failed", "lifespan.startup.failed"})
_LOGGER = "asgi"


class RollbarMiddleware:
    """Gives each request to whatever is reported while it is answered, and reports what nobody catches; once.

    Put it around all other middleware. At the end of the application's life the handlers deliver what they have,
    because a server may then end by a signal, at which Python runs nothing any more.

    Args:
        app: The application.
        max_body: Bytes kept of what the application has read of a request's body, until it is answered; 0 for none.
        person_fields: What is told of the user in ``scope["user"]``: of ``id``, ``username`` and ``email``.
    """

    def __init__(self, app: Application, *, max_body: int = 16_384, person_fields: Sequence[str] = FIELDS) -> None:
        self._app = app
        self._max_body = max_body
        self._person_fields = tuple(person_fields)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the application does."""
        kind = scope.get("type")
        if kind == "lifespan":
            await self._live(scope, receive, send)
        elif kind not in {"http", "websocket"}:
            await self._app(scope, receive, send)
        elif _is_watched(scope):
            await self._answer_within(scope, receive, send)
        else:
            await self._answer(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = _Request(scope, self._person_fields)
        if self._max_body and scope["type"] == "http":
            receive = request.listening(receive, self._max_body)
        before, person_before, scope_before = current_request(), current_person(), seen.scope()
        began = seen.begin()
        set_request(request)
        try:
            await self._app(scope, receive, send)
        except BaseException as error:
            report_unhandled(error, _message(scope), logger=_LOGGER, since=began, request=request)
            raise
        finally:
            set_request(before)
            swap_person(person_before)
            seen.begin(scope_before)

    async def _answer_within(self, scope: Scope, receive: Receive, send: Send) -> None:
        # What stands between this one and the one around it may lose a failure: Starlette's BaseHTTPMiddleware before
        # 0.46 does so with all that is raised once the answer is complete.
        try:
            await self._app(scope, receive, send)
        except BaseException as error:
            report_unhandled(error, _message(scope), logger=_LOGGER, since=seen.scope(), request=current_request())
            raise

    async def _live(self, scope: Scope, receive: Receive, send: Send) -> None:
        said: list[str] = []

        async def tell(message: Message) -> None:
            said.append(message["type"])
            if message["type"] in _LAST_MESSAGES:
                await _deliver()
            await send(message)

        began = seen.begin()
        try:
            await self._app(scope, receive, tell)
        except BaseException as error:
            # An application that knows no lifespan raises at once, as the specification has it.
            if said and report_unhandled(error, "Exception in lifespan", logger=_LOGGER, since=began, request=None):
                await _deliver()
            raise


class _Request:
    """A scope, and what the application has received of the body; read when a report is made."""

    def __init__(self, scope: Scope, person_fields: tuple[str, ...]) -> None:
        self.scope = scope
        self.rollbar_person_fields = person_fields
        self.received: list[bytes] = []

    def listening(self, receive: Receive, left: int) -> Receive:
        """Return *receive*, with an ear for the first *left* bytes of the body."""

        async def listen() -> Message:
            nonlocal left
            message = await receive()
            if left > 0:
                body = message.get("body")
                if body:
                    self.received.append(body if len(body) <= left else bytes(body[:left]))
                    left -= len(body)
            return message

        return listen


def _message(scope: Scope) -> str:
    return f"Exception on {scope.get('path')} [{scope.get('method', 'WEBSOCKET')}]"


def _is_watched(scope: Scope) -> bool:
    """Whether there is another middleware of this kind around this one."""
    current = current_request()
    return type(current) is _Request and current.scope is scope


async def _deliver() -> None:
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:  # another kind of loop, which waits: the application has ended
        flush_all()
    else:
        await loop.run_in_executor(None, flush_all)
