"""The API's description of itself: complete, true, and a source of calls that no route may fail at."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from starlette.routing import Route

from rollbar_logging.server import LocalServer
from rollbar_logging.server.api.described.document import document
from rollbar_logging.server.api.routes import api_routes
from tests.server.conftest import Caller, error_item, item

OPERATIONS = sorted((method.upper(), path) for path, methods in document()["paths"].items() for method in methods)
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
THERE = {"id": 1, "counter": 1, "user_id": 1, "project_id": 1, "version": "1.0"}
NOT_ENVELOPED = {"/api/1/status/ping", "/api/1/openapi.json"}


class Stub:
    """Stands for the parts of a server: routes are made with them, and not called."""

    def __getattr__(self, name: str) -> Stub:
        return self

    def __call__(self, *given: Any, **more: Any) -> Stub:
        """Return itself."""
        return self


def test_every_route_is_described_and_no_other() -> None:
    """What a server has and what it tells of are the same; posting an item has a way of its own."""
    routes = [route for route in api_routes(Stub()) if isinstance(route, Route)]  # type: ignore[arg-type]
    there = {
        (method, re.sub(r":\w+}", "}", route.path))
        for route in routes
        for method in (route.methods or {"GET"}) - {"HEAD"}
    }

    assert set(OPERATIONS) == there | {("POST", "/api/1/item")}


def test_the_description_is_served_to_everyone(caller: Caller) -> None:
    """Without a token, and to other sites' pages too, with or without a final slash."""
    for path in ("openapi.json", "openapi.json/"):
        answer = requests.get(caller.server.endpoint + path, timeout=30)
        assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (200, "*")
        assert answer.json() == document()


def test_the_description_holds_together() -> None:
    """Every reference leads somewhere, every parameter of a path is described, and every operation has its name."""
    described = document()
    names: list[str] = []
    for path, methods in described["paths"].items():
        for operation in methods.values():
            names.append(operation["operationId"])
            given = {each.get("name") for each in operation.get("parameters", []) if each.get("in") == "path"}
            assert given == set(re.findall(r"{(\w+)}", path))
    assert len(set(names)) == len(names) == len(OPERATIONS)
    for reference in references(described):
        part: Any = described
        for name in reference.removeprefix("#/").split("/"):
            part = part[name]


def references(part: Any) -> Iterator[str]:
    """Return all references in a part of the description."""
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        for inner in part.values():
            yield from references(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from references(inner)


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def filled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Caller]:
    """A server with a little of everything, so that made-up calls find something."""
    database: str | Path = tmp_path_factory.mktemp("fuzz") / "store.db"
    if request.param == "postgres":
        database = request.getfixturevalue("postgres_cluster").new_database()
    with LocalServer(database=database, rate_limit=None) as server:
        caller = Caller(server)
        with caller.session:
            for payload in (error_item("boom", code_version="1.0", person={"id": "7"}), item("hello")):
                assert caller.post(payload).status_code == 200
            for name, path, scope, body in (
                ("deploy", "deploy", "post_server_item", {"environment": "test", "revision": "1", "status": "started"}),
                ("rql", "rql/jobs", "read", {"query_string": "select count(*) from item_occurrence"}),
                ("team", "teams", "account_write", {"name": "one"}),
                ("project", "projects", "account_write", {"name": "other"}),
            ):
                assert caller.call("POST", path, scope, json=body).status_code == 200, name
            yield caller


def token_of(caller: Caller, security: list[dict[str, list[str]]]) -> str:
    """Return the token that an operation needs."""
    if not security:
        return ""
    ((kind, (scope,)),) = security[0].items()
    return caller.server.tokens[f"account_{scope}" if kind == "account_token" else scope]


@pytest.fixture(scope="module")
def described() -> Any:
    """The description as schemathesis reads it."""
    return schemathesis.openapi.from_dict(document())


@pytest.mark.parametrize(("method", "path"), OPERATIONS, ids=lambda part: str(part).removeprefix("/api/1/"))
def test_no_call_fails(filled: Caller, described: Any, method: str, path: str) -> None:
    """Whatever is sent, the answer is JSON in the API's envelope, as described, and never a 500."""
    operation = described[path][method]
    token = token_of(filled, operation.definition.raw["security"])
    is_costly = path.startswith("/api/1/item_batch") or str(filled.server._options.database).startswith("postgres")

    @given(case=operation.as_strategy(), is_there=st.booleans())
    @settings(
        max_examples=2 if is_costly else 5,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def call(case: Any, is_there: bool) -> None:
        if is_there:  # numbers that are made up name nothing
            case.path_parameters |= {name: THERE[name] for name in case.path_parameters if name in THERE}
        headers = {"X-Rollbar-Access-Token": token} if token else {}
        answer = case.call(
            base_url=filled.server.url, headers=headers, session=filled.session, timeout=30, allow_redirects=False
        )
        case.validate_response(answer, checks=CHECKS)
        if path not in NOT_ENVELOPED:
            envelope = answer.json()
            assert envelope["err"] == int(answer.status_code >= 400)
            assert envelope["err"] == 0 or isinstance(envelope["message"], str)

    call()
