"""What the server does not offer is refused in the API's form."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.routing import Route

from rollbar_logging.server.api.routes import api_routes
from tests.server.conftest import Caller

METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE"}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "notifications/email"),
        ("GET", "notifications/slack/rules"),
        ("GET", "notifications/webhook/rule/1"),
        ("GET", "service_links"),
        ("DELETE", "service_links/1"),
        ("POST", "session/"),
        ("GET", "environment/production/session/1/replay/2"),
        ("GET", "deploy/x"),
        ("GET", "project/1/integrations"),
        ("GET", ""),
        ("POST", "../2/item/"),
    ],
)
@pytest.mark.parametrize("scope", ["read", "account_write"])
def test_unknown_paths_are_not_found(shared_caller: Caller, method: str, path: str, scope: str) -> None:
    """With 404 in JSON, readable for browsers, without a word on limits; whoever asks."""
    answer = shared_caller.call(method, path, scope, json={})

    assert (answer.status_code, answer.json()) == (404, {"err": 1, "message": "not found"})
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    assert "X-Rate-Limit-Limit" not in answer.headers


def test_other_methods_are_refused(shared_caller: Caller) -> None:
    """With 405 in JSON, and the methods that there are."""
    methods: dict[str, set[str]] = {"/api/1/item": {"POST"}}
    for route in api_routes(shared_caller.server._up._parts):
        assert isinstance(route, Route)
        methods.setdefault(route.path, set()).update(route.methods or ())
    for template, offered in methods.items():
        path = template.replace(":int", "").replace(":path", "").replace("{", "").replace("}", "1")
        path = path.replace("id1", "1").replace("user_1", "1").replace("project_1", "1").replace("counter1", "1")
        for method in sorted(METHODS - offered):
            answer: Any = shared_caller.call(method, path.removeprefix("/api/1/"), "account_write", json={})
            assert (answer.status_code, answer.json()) == (405, {"err": 1, "message": "method not allowed"}), path
            assert answer.headers["Access-Control-Allow-Origin"] == "*"
            allowed = set(answer.headers["Allow"].split(", "))
            assert offered - {"HEAD"} <= allowed, (path, allowed)
            assert method not in allowed


@pytest.mark.parametrize("path", ["project/{}", "user/{}/teams", "team/1/user/{}", "deploy/{}", "instance/{}"])
def test_numbers_that_nothing_has(shared_caller: Caller, path: str) -> None:
    """However long a number is, there is nothing of that id."""
    scope = "read" if path.startswith(("deploy", "instance")) else "account_read"
    for number in ("0", "9" * 17, "9" * 5000):
        assert shared_caller.call("GET", path.format(number), scope).status_code == 404
