"""requests: what the application asks of other servers is in the trail that travels along with a report.

    from rollbar_logging.integrations import requests as rollbar_requests

    rollbar_requests.install()

Watched is the adapter, so that each exchange is an event: those of a redirect and of an authentication, too, and none
where a cache has answered.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter

from requests.adapters import HTTPAdapter

from rollbar_logging.integrations.outgoing import watched
from rollbar_logging.integrations.watching import watch_method


def install() -> Callable[[], None]:
    """Watch all sessions of this process; a second call changes nothing.

    Returns:
        A function that undoes it.
    """
    return watch_method(HTTPAdapter, "send", "requests", watched("requests", attrgetter("url")))
