"""Requests over HTTP that an application makes, as events of the trail; what those of its libraries have in common."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import wraps
from typing import Any

from rollbar_logging.capture.occurrence import Plain
from rollbar_logging.capture.telemetry import shortened
from rollbar_logging.capture.type_names import named
from rollbar_logging.integrations.watching import Span, Told, Watch

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

    def make(before: Any, watch: Watch) -> Any:
        @wraps(before)
        def send(self: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
            """Do as before, and note it."""
            span = watch.begin()
            if span is None:
                return before(self, request, *args, **kwargs)
            try:
                response = before(self, request, *args, **kwargs)
            except BaseException as error:
                span.end(_failed, library, url_of, request, error)
                raise
            span.end(_answered, library, url_of, request, response)
            return response

        return send

    return make


def watched_async(library: str, url_of: UrlOf) -> Callable[[Any, Watch], Any]:
    """Return what `watched` returns, for a method that is a coroutine."""

    def make(before: Any, watch: Watch) -> Any:
        @wraps(before)
        async def send(self: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
            """Do as before, and note it."""
            span = watch.begin()
            if span is None:
                return await before(self, request, *args, **kwargs)
            try:
                response = await before(self, request, *args, **kwargs)
            except BaseException as error:
                span.end(_failed, library, url_of, request, error)
                raise
            span.end(_answered, library, url_of, request, response)
            return response

        return send

    return make


def text_of_url(url: object) -> str:
    """Return a URL without the credentials before its host, bounded. Other secrets are scrubbed with all the rest."""
    text = _text(url)
    return shortened(_CREDENTIALS.sub("//", text) if "@" in text else text, MAX_URL)


def _answered(span: Span, library: str, url_of: UrlOf, request: Any, response: Any) -> Told:
    status = int(response.status_code)
    body = {**_asked(span, library, url_of, request), "status_code": status}
    return Told("network", body, is_error=status >= _FIRST_ERROR)


def _failed(span: Span, library: str, url_of: UrlOf, request: Any, error: BaseException) -> Told:
    body = {**_asked(span, library, url_of, request), "error": span.failure(error)}
    return Told("network", body, is_error=True)


def _asked(span: Span, library: str, url_of: UrlOf, request: Any) -> dict[str, Plain]:
    began = int(span.began_at * 1000)
    return {
        "subtype": library,
        "method": shortened(_text(request.method), MAX_METHOD),
        "url": text_of_url(url_of(request)),
        "start_time_ms": began,
        "end_time_ms": began + round(span.milliseconds),
        "duration_ms": span.milliseconds,
    }


def _text(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return str.__str__(value) if isinstance(value, str) else named(type(value))
