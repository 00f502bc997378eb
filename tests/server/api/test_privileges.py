"""What no token may do: every route of the API is walked with every token that does not permit it.

A route that is added later is walked, too. If it needs a scope that its method does not tell, `SCOPES_OF` has to say
so; if its path names something new, `Told.names`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from time import monotonic
from typing import Any, NamedTuple

import pytest
from sqlalchemy import select
from starlette.routing import Route

from rollbar_logging.server import LocalServer
from rollbar_logging.server.api.routes import api_routes
from rollbar_logging.server.storage.tables import metadata
from tests.server.conftest import Caller, error_item

PROJECT_TOKENS = ("post_server_item", "post_client_item", "read", "write")
TOKENS = (*PROJECT_TOKENS, "account_read", "account_write")

OPEN = {("GET", "/api/1/status/ping"), ("GET", "/api/1/openapi.json")}
"""Routes that need no token."""

OF_THE_ACCOUNT = {"invite", "people", "project", "projects", "team", "teams", "user", "users"}
"""First parts of the paths that are for the account's tokens only."""

SCOPES_OF = {
    ("POST", "deploy"): "post_server_item",
    ("PATCH", "deploy"): "post_server_item",
    ("POST", "metrics"): "read",
    ("POST", "rql"): "read",
    ("POST", "sourcemap"): "post_server_item",
    ("POST", "signed_url"): "post_server_item",
    ("POST", "proguard"): "post_server_item",
    ("POST", "dsym"): "post_server_item",
    ("POST", "fluttersymbols"): "post_server_item",
}
"""By method and the first part of the path; for all others, reading methods need ``read``, and the rest ``write``."""

SECRET = "topsecret"
"""In everything that the first project has."""

UUID = "00000000-0000-4000-8000-000000000001"
VERSION = "9.9.9"
NOWHERE = 424242
"""An id that nothing has."""

BODY = {
    "environment": "elsewhere",
    "revision": "1",
    "status": "resolved",
    "name": "n",
    "item_counters": [1, 2],
    "project_id": 1,
    "start_time": 1,
    "end_time": 4_000_000_000,
    "query_string": "SELECT * FROM item_occurrence",
    "version": VERSION,
}
"""Fields that calls ask for; no call asks for all, and each overlooks the rest."""


class Told(NamedTuple):
    """A server with a project that is full of secrets, and another one.

    Attributes:
        names: How the path's parts name something of the first project, by the part before.
        tokens: Texts by name: the first project's, the account's, ``disabled`` and ``unknown``.
        other: Texts of the other project's tokens.
    """

    caller: Caller
    names: dict[str, Any]
    tokens: dict[str, str]
    other: dict[str, str]

    def call(self, text: str, method: str, path: str, query: str = "") -> Any:
        """Call a path with the token of that text, and all that a body could say."""
        body: Any = [error_item()] if path == "/api/1/item_batch" else error_item() if path == "/api/1/item" else BODY
        return self.caller.session.request(
            method,
            f"{self.caller.server.url.rstrip('/')}{path}{query}",
            headers={"X-Rollbar-Access-Token": text},
            json=None if method == "GET" else body,
            allow_redirects=False,
            timeout=30,
        )

    def routes(self) -> Iterator[tuple[str, str]]:
        """Return method and path of each route that the server has."""
        yield "POST", "/api/1/item"
        for route in api_routes(self.caller.server._up._parts):
            assert isinstance(route, Route)
            for method in sorted((route.methods or set()) - {"HEAD"}):
                if (method, route.path) not in OPEN:
                    yield method, route.path

    def path(self, template: str, nowhere: Any = None) -> str:
        """Return a route's path with something of the first project in it, or with *nowhere*."""

        def name_of(found: re.Match[str]) -> str:
            assert found[1] in self.names, f"say in these tests what a path of {template} may name"
            return str(self.names[found[1]] if nowhere is None else nowhere)

        while "{" in template:
            template = re.sub(
                r"(?<=/)(\w+)/\{\w+(?::\w+)?\}", lambda found: f"{found[1]}/{name_of(found)}", template, count=1
            )
        return template

    def everything(self) -> dict[str, list[Any]]:
        """Return all rows that are not the other project's."""

        def read(connection: Any) -> dict[str, list[Any]]:
            found = {}
            for table in metadata.tables.values():
                query = select(table)
                if "project_id" in table.c:
                    query = query.where(table.c.project_id == 1)
                if table.name not in {"sequences", "projects"}:
                    found[table.name] = sorted(map(repr, connection.execute(query)))
            return found

        return self.caller.server._up._database.ask(read).result()


@pytest.fixture(scope="module")
def told() -> Iterator[Told]:
    """The server, with something in every place that a path can name."""
    with LocalServer(rate_limit=None) as server:
        caller = Caller(server)
        with caller.session:
            yield _filled(caller)


def _filled(caller: Caller) -> Told:
    def result(method: str, path: str, scope: str, **body: Any) -> Any:
        answer = caller.call(method, path, scope, **({} if method == "GET" else {"json": body}))
        assert answer.status_code == 200, answer.text
        return answer.json().get("result", answer.json().get("data"))

    payload = error_item(SECRET, uuid=UUID, environment=SECRET, code_version=VERSION, custom={"a": SECRET})
    assert caller.post(error_item("harmless")).status_code == 200
    assert caller.post(payload).status_code == 200
    deploy = result("POST", "deploy", "post_server_item", environment=SECRET, revision=SECRET, status="started")
    body = {"name": SECRET, "scopes": ["read"], "status": "disabled"}
    disabled = result("POST", "project/1/access_tokens", "account_write", **body)
    team = result("POST", "teams", "account_write", name=SECRET)["id"]
    invite = result("POST", f"team/{team}/invites", "account_write", email=f"{SECRET}@example.com")["id"]
    job = result("POST", "people/delete_jobs", "account_write", id="nobody")["id"]
    rql = caller.call("POST", "rql/jobs", "read", json={"query_string": "SELECT item.title FROM item_occurrence"})
    end = monotonic() + 60
    while caller.call("GET", f"rql/job/{rql.json()['result']['id']}").json()["result"]["status"] in {"new", "running"}:
        assert monotonic() < end
    other = result("POST", "projects", "account_write", name="other")
    names = {
        "item": 2,
        "item_by_counter": 2,  # the other project has one item, of counter 1
        "instance": 2,
        "deploy": deploy["deploy_id"],
        "project": 1,
        "access_token": disabled["public_id"],
        "team": team,
        "user": 1,
        "invite": invite,
        "delete_jobs": job,
        "versions": VERSION,
        "sourcemap_bundle": "ticket",
        "job": rql.json()["result"]["id"] if rql.status_code == 200 else 1,
    }
    texts = {**caller.server.tokens, "disabled": disabled["access_token"], "unknown": "0" * 32}
    others = {token["name"]: token["access_token"] for token in other["access_tokens"]}
    return Told(caller, names, texts, others)


def permitted(method: str, path: str) -> set[str]:
    """Return the names of the tokens that a route is for."""
    first = path.split("/")[3]
    if first in {"item", "item_batch"} and method == "POST":
        return {"post_server_item"}  # and the other one for items of clients, which these are not
    if (method, first) == ("PUT", "signed_url"):
        return set()  # its address is the permission
    scope = SCOPES_OF.get((method, first)) or ("read" if method == "GET" else "write")
    accounts = {"account_write"} | ({"account_read"} if scope == "read" else set())
    return accounts if first in OF_THE_ACCOUNT else {scope, *accounts}


def test_no_token_does_more_than_it_may(told: Told) -> None:
    """Whatever a token is not for is refused with 403 before anything is looked at, and nothing is changed."""
    before = told.everything()
    for method, template in told.routes():
        path = told.path(template)
        wrong = {*TOKENS, "disabled", "unknown"} - permitted(method, path)
        for name in sorted(wrong):
            answer = told.call(told.tokens[name], method, path, "?project_id=1")
            assert answer.status_code == 403, (name, method, path, answer.text)
            assert answer.json()["err"] == 1
            assert SECRET not in answer.text, (name, method, path)

    assert told.everything() == before


def test_the_right_tokens_are_not_refused(told: Told) -> None:
    """Else the refusals of the test above would prove nothing."""
    for method, template in told.routes():
        path = told.path(template, NOWHERE)
        for name in permitted(method, path):
            answer = told.call(told.tokens[name], method, path, "?project_id=1")
            assert answer.status_code not in {401, 403, 405, 500}, (name, method, path, answer.text)


def test_no_project_sees_another(told: Told) -> None:
    """With a token that may, but in its own project, another one's things are as if they were not there."""
    before = told.everything()
    for method, template in told.routes():
        path = told.path(template)
        for name in PROJECT_TOKENS:
            answer = told.call(told.other[name], method, path)
            assert SECRET not in answer.text, (name, method, path)
            if "{" not in template:
                continue
            if ":int}" in template:
                assert answer.status_code in {403, 404}, (name, method, path, answer.text)
            else:
                nothing = told.call(told.other[name], method, told.path(template, "0.0.0"))
                expected = nothing.text.replace("0.0.0", VERSION)
                assert (answer.status_code, answer.text) == (nothing.status_code, expected), (name, method, path)

    assert told.everything() == before


@pytest.mark.parametrize(
    "query",
    [
        "project_id=1",
        "project_ids=1",
        "project=1",
        "ids=1,2",
        "item_id=2",
        "counter=2",
        f"uuid={UUID}",
        f"environment={SECRET}&environments={SECRET}",
        f"title={SECRET}",
        f"query={SECRET}",
        "lastId=999999&page=1&limit=5000",
    ],
)
def test_no_parameter_leads_to_another_project(told: Told, query: str) -> None:
    """Whatever the query names, a project's token stays in its project."""
    for method, template in told.routes():
        if method != "GET":
            continue
        answer = told.call(told.other["read"], method, told.path(template), f"?{query}")
        assert answer.status_code != 500
        assert SECRET not in answer.text, (template, query)


def test_secrets_of_tokens_are_nowhere(told: Told) -> None:
    """No answer to a reading call holds the text of a token, not even for the account."""
    for method, template in told.routes():
        if method != "GET":
            continue
        answer = told.call(told.tokens["account_write"], method, told.path(template), "?project_id=1")
        for text in (*told.tokens.values(), *told.other.values()):
            assert text not in answer.text, template
