"""What surrounds a record: the person and request of the current context, and bound context variables.

Context variables follow a thread or an asyncio task, so what one request sets is not seen by another.
Integrations set them; an application may as well.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar, Token
from typing import Any

_PERSON: ContextVar[dict[str, Any] | None] = ContextVar("rollbar_logging_person", default=None)
_REQUEST: ContextVar[Any] = ContextVar("rollbar_logging_request", default=None)


def set_person(id: object, *, username: str | None = None, email: str | None = None) -> None:  # noqa: A002 - Rollbar's name
    """Name the person whom reports from the current context concern; ``None`` for nobody.

    Args:
        id: What identifies the person; sent as text of at most 40 characters.
        username: At most 255 characters.
        email: At most 255 characters.
    """
    _PERSON.set(None if id is None else {"id": id, "username": username, "email": email})


def set_request(request: object) -> None:
    """Name the request that reports from the current context concern; ``None`` for none.

    Args:
        request: A mapping with Rollbar's keys (``url``, ``method``, ``headers``, ``GET``, ``POST``, ``body``,
            ``query_string``, ``user_ip``, ``params``), a WSGI environment, an ASGI scope, or a request object
            of Django, Flask, werkzeug, WebOb or Starlette. It is read when a report is made.
    """
    _REQUEST.set(request)


@contextmanager
def context(*, person: Mapping[str, Any] | None = None, request: object = None) -> Iterator[None]:
    """Set person or request for a block, and restore what was set before.

    Args:
        person: ``id`` and perhaps ``username`` and ``email``.
        request: As for `set_request`.
    """
    person_token = _PERSON.set(dict(person)) if person is not None else None
    request_token = _REQUEST.set(request) if request is not None else None
    try:
        yield
    finally:
        if person_token is not None:
            _PERSON.reset(person_token)
        if request_token is not None:
            _REQUEST.reset(request_token)


def swap_person(person: dict[str, Any] | None) -> None:
    """Name the person by a mapping as `current_person` returns it."""
    _PERSON.set(person)


def swap_request(request: object) -> Token[Any]:
    """Name the request as `set_request` does; what is returned puts back the one before, by `restore_request`."""
    return _REQUEST.set(request)


def restore_request(before: Token[Any]) -> None:
    """Put back the request that `swap_request` has replaced, in the same context."""
    _REQUEST.reset(before)


def current_person() -> dict[str, Any] | None:
    """Return what `set_person` set in this context."""
    return _PERSON.get()


def current_request() -> Any:
    """Return what `set_request` set in this context."""
    return _REQUEST.get()


def bound_variables() -> Mapping[str, Any]:
    """Return structlog's bound context variables, if the application uses them."""
    get_contextvars = getattr(sys.modules.get("structlog.contextvars"), "get_contextvars", None)
    if get_contextvars is None:  # or it is being imported
        return {}
    bound: Mapping[str, Any] = get_contextvars()
    return bound


def trace_context() -> Mapping[str, str]:
    """Return ``trace_id`` and ``span_id`` of OpenTelemetry's current span, if the application uses it; hex digits."""
    get_current_span = getattr(sys.modules.get("opentelemetry.trace"), "get_current_span", None)
    if get_current_span is None:  # or it is being imported
        return {}
    try:
        span = get_current_span().get_span_context()
        found = {"trace_id": f"{span.trace_id:032x}", "span_id": f"{span.span_id:016x}"}
    except Exception:  # noqa: BLE001 - a tracer of another kind, or one that fails, costs these two and nothing else
        return {}
    return found if span.is_valid else {}


def surrounding_variables() -> Mapping[str, Any]:
    """Return what is bound to the current context: structlog's variables, and the trace."""
    bound, traced = bound_variables(), trace_context()
    return {**traced, **bound} if traced else bound


def current_task_name() -> str | None:
    """Return the name of the running asyncio task, if there is one."""
    asyncio = sys.modules.get("asyncio")
    if asyncio is None:
        return None
    try:
        task = asyncio.current_task()
        return str(task.get_name()) if task is not None else None
    except (RuntimeError, AttributeError):  # no loop runs in this thread, or asyncio is being imported
        return None
