"""Requests over HTTP that an application makes, as events of the trail; what those of its libraries have in common."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import wraps
from typing import Any

from rollbar_logging.capture.occurrence import Plain
from rollbar_logging.capture.telemetry import shortened
from rollbar_logging.capture.type_names import named
from rollbar_logging.integrations.watching import Describe, Span, Told, Watch

MAX_METHOD = 32
MAX_URL = 256
_FIRST_ERROR = 400
_CREDENTIALS = re.compile(r"//[^/?#]*@")


UrlOf = Callable[[Any], object]
"""Returns the URL of a library's request, as text."""


def watched(library: str, url_of: UrlOf) -> Callable[[Any, Watch], Any]:
    """Return what makes a method ``(self, request, …) -> response`` one that notes each exchange.

    Args:
        library: Name of the library, which is the ``subtype`` of its events.
        url_of: See there.
    """
    describe = _describing(library, url_of)

    def make(before: Any, watch: Watch) -> Any:
        @wraps(before)
        def send(self: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
            """Do as before, and note it."""
            span = watch.begin(describe, request)
            if span is None:
                return before(self, request, *args, **kwargs)
            with span:
                span.result = before(self, request, *args, **kwargs)
            return span.result

        return send

    return make


def watched_async(library: str, url_of: UrlOf) -> Callable[[Any, Watch], Any]:
    """Return what `watched` returns, for a method that is a coroutine."""
    describe = _describing(library, url_of)

    def make(before: Any, watch: Watch) -> Any:
        @wraps(before)
        async def send(self: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
            """Do as before, and note it."""
            span = watch.begin(describe, request)
            if span is None:
                return await before(self, request, *args, **kwargs)
            with span:
                span.result = await before(self, request, *args, **kwargs)
            return span.result

        return send

    return make


def _describing(library: str, url_of: UrlOf) -> Describe:
    def describe(span: Span, error: BaseException | None, request: Any) -> Told:
        began = int(span.began_at * 1000)
        body: dict[str, Plain] = {
            "subtype": library,
            "method": _bounded(request.method, MAX_METHOD),
            "url": text_of_url(url_of(request)),
            "start_time_ms": began,
            "end_time_ms": began + round(span.milliseconds),
            "duration_ms": span.milliseconds,
        }
        if error is not None:
            body["error"] = span.failure(error)
            return "network", body, True
        body["status_code"] = status = int(span.result.status_code)
        return "network", body, status >= _FIRST_ERROR

    return describe


def text_of_url(url: object) -> str:
    """Return a URL without the credentials before its host, bounded. Other secrets are scrubbed with all the rest."""
    text = url if type(url) is str else _text(url)
    return _bounded(_CREDENTIALS.sub("//", text) if "@" in text else text, MAX_URL)


def _bounded(value: object, limit: int) -> str:
    text = value if type(value) is str else _text(value)
    return text if len(text) <= limit else shortened(text, limit)


def _text(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return str.__str__(value) if isinstance(value, str) else named(type(value))
