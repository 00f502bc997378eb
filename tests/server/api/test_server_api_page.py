"""The page of the documentation that says what the server offers."""

from __future__ import annotations

import re
from pathlib import Path

from starlette.routing import Route

from rollbar_logging.server.api.routes import api_routes
from tests.server.conftest import Caller

PAGE = Path(__file__).parents[3] / "docs" / "server-api.md"


def rows() -> dict[tuple[str, str], str]:
    """Return what the page says is offered, by method and path."""
    found = re.findall(r"^\| `([A-Z]+)` \| `([^`]+)` \| [^|]+ \| (yes|no)\b", PAGE.read_text(), re.MULTILINE)
    told = {(method, path): is_offered for method, path, is_offered in found}
    assert len(told) == len(found)
    return told


def test_the_page_has_every_route(shared_caller: Caller) -> None:
    """Each route is said to be offered, and nothing else is."""
    routes = {("POST", "item")}
    for route in api_routes(shared_caller.server._up._parts):
        assert isinstance(route, Route)
        path = re.sub(r":\w+\}", "}", route.path).removeprefix("/api/1/")
        routes |= {(method, path) for method in (route.methods or set()) - {"HEAD"}}

    assert {row for row, is_offered in rows().items() if is_offered == "yes"} == routes


def test_what_is_not_offered_is_not_found(shared_caller: Caller) -> None:
    """As the page says."""
    missing = [row for row, is_offered in rows().items() if is_offered == "no"]
    assert missing
    for method, path in missing:
        answer = shared_caller.call(method, re.sub(r"\{\w+\}", "1", path), "write", json={})
        assert (answer.status_code, answer.json()["message"]) == (404, "not found"), path
