"""What arrived and what was answered, for programs, under ``/local/``."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from rollbar_logging.server.answers import failure, success
from rollbar_logging.server.integers import integer_of
from rollbar_logging.server.pages.site import Site
from rollbar_logging.server.parts import PROJECT_ID
from rollbar_logging.server.storage import reading
from rollbar_logging.server.wire import json_response

_MOST_AT_ONCE = 1000


async def stats(_request: Request, site: Site) -> Response:
    """Answer with the counts since the start."""
    return json_response(success(site.parts.counters.snapshot().as_json()))


async def occurrences(request: Request, site: Site) -> Response:
    """Answer up to 1000 occurrences in the order of arrival, those with an id over ``after``."""
    after = integer_of(request.query_params.get("after", "0"))
    if after is None or after < 0:
        return json_response(failure(422, "Invalid format. after should be integer."))
    kind = request.query_params.get("kind", "item")
    found = await site.ask(
        lambda database: reading.list_arrivals(
            database, PROJECT_ID, after=after, limit=_MOST_AT_ONCE, kind=None if kind == "all" else kind
        )
    )
    return json_response(success([occurrence._asdict() for occurrence in found]))
