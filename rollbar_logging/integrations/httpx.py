"""httpx: what the application asks of other servers is in the trail that travels along with a report.

    from rollbar_logging.integrations import httpx as rollbar_httpx

    rollbar_httpx.install()

Watched are the transports that use the network, of `httpx.Client` and of `httpx.AsyncClient`: each exchange is an
event, those of a redirect too. What is given to an application in the same process, as in tests, is none.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from httpx import AsyncHTTPTransport, HTTPTransport

from rollbar_logging.integrations.outgoing import watched, watched_async
from rollbar_logging.integrations.watching import watch_method


def install() -> Callable[[], None]:
    """Watch all clients of this process; a second call changes nothing.

    Returns:
        A function that undoes it.
    """
    undo = watch_method(HTTPTransport, "handle_request", "httpx", watched("httpx", _url_of))
    undo_async = watch_method(AsyncHTTPTransport, "handle_async_request", "httpx", watched_async("httpx", _url_of))

    def undo_both() -> None:
        undo()
        undo_async()

    return undo_both


def _url_of(request: Any) -> str:
    return str(request.url)
