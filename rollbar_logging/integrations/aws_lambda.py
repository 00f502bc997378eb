"""AWS Lambda: reports know the invocation, and are delivered before the runtime is frozen or ended.

from rollbar_logging.integrations.aws_lambda import reporting

@reporting
def handler(event, context): ...
"""

from __future__ import annotations

import logging
import sys
import threading
import traceback
from collections.abc import Callable, Mapping
from contextvars import copy_context
from functools import partial, wraps
from time import monotonic
from typing import Any, overload

from rollbar_logging.capture import seen
from rollbar_logging.capture.context import set_request
from rollbar_logging.capture.task import Task, enter
from rollbar_logging.delivery.notices import tell
from rollbar_logging.errors import in_words
from rollbar_logging.handler import RollbarHandler
from rollbar_logging.integrations.reporting import Roster, handlers, leave_safely, report

_LOGGER = "aws_lambda"

Handler = Callable[[Any, Any], Any]


@overload
def reporting(function: Handler) -> Handler: ...
@overload
def reporting(
    *, margin: float = 0.5, flush_timeout: float = 3.0, timeout_warning: float = 0.0, send_event: bool = False
) -> Callable[[Handler], Handler]: ...
def reporting(
    function: Handler | None = None,
    *,
    margin: float = 0.5,
    flush_timeout: float = 3.0,
    timeout_warning: float = 0.0,
    send_event: bool = False,
) -> Handler | Callable[[Handler], Handler]:
    """Report what a function of Lambda raises, and deliver before it returns what was logged meanwhile.

    Args:
        function: It; takes an event and a context.
        margin: Seconds of the invocation's time that delivery leaves over.
        flush_timeout: Seconds that delivery may take at most, however much time is left.
        timeout_warning: So many seconds before the invocation's time is up, a warning tells where it is; 0: none.
        send_event: Whether the event travels along as custom data, bounded and scrubbed.

    Returns:
        The function that reports; without *function*, a decorator.
    """
    if function is None:
        return partial(
            reporting,
            margin=margin,
            flush_timeout=flush_timeout,
            timeout_warning=timeout_warning,
            send_event=send_event,
        )
    cold = [True]
    roster = Roster()
    own_name = getattr(function, "__name__", type(function).__name__)
    patience = min(flush_timeout, max(0.0, timeout_warning - margin))

    @wraps(function)
    def invoked(event: Any, context: Any) -> Any:
        is_cold = bool(cold)
        cold.clear()
        name = str(getattr(context, "function_name", None) or own_name)
        before = enter(Task(name, _facts, event if send_event else None, context, is_cold))
        watch = _begin(event, context, timeout_warning, patience)
        try:
            return function(event, context)
        except BaseException as error:
            _report(error, name)
            raise
        finally:
            if watch is not None:
                watch.cancel()
            leave_safely(before)
            _deliver(roster.handlers(), min(flush_timeout, _left(context) - margin))

    return invoked


def _begin(event: Any, context: Any, warn_before: float, patience: float) -> threading.Timer | None:
    """Name the request that the event stands for, and watch the time, if that is asked for."""
    try:
        set_request(_request(event))
        if warn_before <= 0:
            return None
        wait = _left(context) - warn_before
        if wait <= 0 or wait > threading.TIMEOUT_MAX:
            return None
        warn = partial(copy_context().run, _warn, threading.get_ident(), warn_before, patience)
        watch = threading.Timer(wait, warn)
        watch.daemon = True
        watch.start()
    except Exception as error:  # noqa: BLE001 - the function must not fail because a report did
        _tell(error)
        return None
    return watch


def _report(error: BaseException, name: str) -> None:
    try:
        report(error, f"{name} failed", logger=_LOGGER, since=seen.scope())
    except Exception as trouble:  # noqa: BLE001 - as above
        _tell(trouble)


def _warn(thread: int, left: float, patience: float) -> None:
    """Tell every handler, also those whose level is above a warning's; then deliver, as nobody may come back."""
    try:
        frame = sys._current_frames().get(thread)  # noqa: SLF001 - the documented way to another thread's stack
        stack = "".join(traceback.format_stack(frame)) if frame is not None else None
        for handler in handlers():
            level = max(int(handler.level), logging.WARNING)
            record = logging.getLogger(_LOGGER).makeRecord(
                _LOGGER, level, "", 0, "about to time out, in %s s", (left,), None, "", {"rollbar_level": "warning"}
            )
            record.stack_info = stack
            handler.handle(record)
        _deliver(handlers(), patience)
    except Exception as error:  # noqa: BLE001 - as above
        _tell(error)


def _deliver(receivers: list[RollbarHandler], patience: float) -> None:
    """Deliver within so many seconds, all handlers side by side."""
    try:
        until = monotonic() + max(0.0, patience)
        for handler in [each for each in receivers if not each.flush(0)]:
            handler.flush(max(0.0, until - monotonic()))
    except Exception as error:  # noqa: BLE001 - as above
        _tell(error)


def _left(context: Any) -> float:
    """Return the seconds that are left of the invocation; infinity, where that is not known, as in a test."""
    try:
        return float(context.get_remaining_time_in_millis()) / 1000
    except Exception:  # noqa: BLE001 - as above
        return float("inf")


def _facts(event: Any, context: Any, is_cold: bool) -> Mapping[str, Any]:
    left = _left(context)
    facts = {
        "request_id": getattr(context, "aws_request_id", None),
        "function": getattr(context, "function_name", None),
        "version": getattr(context, "function_version", None),
        "arn": getattr(context, "invoked_function_arn", None),
        "memory_mb": getattr(context, "memory_limit_in_mb", None),
        "log_group": getattr(context, "log_group_name", None),
        "log_stream": getattr(context, "log_stream_name", None),
        "remaining_ms": None if left == float("inf") else int(left * 1000),
        "cold_start": is_cold,
        "event": event,
    }
    return {"aws_lambda": {name: value for name, value in facts.items() if value is not None}}


def _request(event: Any) -> dict[str, Any] | None:
    """Return the request that API Gateway, a function URL or a load balancer has made an event of; without a body."""
    around = event.get("requestContext") if isinstance(event, dict) else None
    if not isinstance(around, dict):
        return None
    http = around.get("http") or {}
    method = http.get("method") or event.get("httpMethod")
    if method is None:
        return None
    headers = event.get("headers") or _single(event.get("multiValueHeaders"))
    host = next((value for name, value in headers.items() if name.lower() == "host"), around.get("domainName"))
    query = event.get("rawQueryString") or ""
    address = f"https://{host or 'unknown'}{event.get('rawPath') or event.get('path') or ''}"
    request = {
        "url": f"{address}?{query}" if query else address,
        "method": method,
        "headers": headers,
        "GET": event.get("queryStringParameters") or _single(event.get("multiValueQueryStringParameters")),
        "query_string": query,
        "params": event.get("pathParameters") or {},
        "user_ip": http.get("sourceIp") or (around.get("identity") or {}).get("sourceIp"),
    }
    return {name: value for name, value in request.items() if value}


def _single(values: Any) -> dict[str, Any]:
    """Return names with one value each, or all of several, of the lists that a load balancer may be told to send."""
    return {name: held[0] if len(held) == 1 else held for name, held in (values or {}).items()}


def _tell(error: Exception) -> None:
    tell(f"the integration of AWS Lambda failed: {in_words(error)}")
