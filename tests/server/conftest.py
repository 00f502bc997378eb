"""A running server for every test, and someone to call it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from rollbar_logging.server import LocalServer
from tests.server.node import node_modules  # noqa: F401 - a fixture
from tests.server.postgres import postgres_cluster, postgres_url  # noqa: F401 - fixtures


class Caller:
    """Calls one server over a kept-alive connection."""

    def __init__(self, server: LocalServer) -> None:
        self.server = server
        self.session = requests.Session()
        self.session.trust_env = False

    def post(self, payload: Any, scope: str | None = "post_server_item", path: str = "item/", **more: Any) -> Any:
        """Post *payload* as JSON, or as it is when it is bytes, with the token of *scope*."""
        headers = {"Content-Type": "application/json", **more.pop("headers", {})}
        if scope is not None:
            headers["X-Rollbar-Access-Token"] = self.server.tokens[scope]
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        return self.session.post(self.server.endpoint + path, data=body, headers=headers, allow_redirects=False, **more)

    def get(self, path: str, **more: Any) -> Any:
        """Get a path of the API with the token that may read."""
        headers = {"X-Rollbar-Access-Token": self.server.tokens["read"]}
        return self.session.get(self.server.endpoint + path, headers=headers, allow_redirects=False, **more)

    def call(self, method: str, path: str, scope: str = "read", **more: Any) -> Any:
        """Call a path of the API with the token of that name: a scope, ``account_read`` or ``account_write``."""
        headers = {"X-Rollbar-Access-Token": self.server.tokens[scope], **more.pop("headers", {})}
        url = self.server.endpoint + path
        return self.session.request(method, url, headers=headers, allow_redirects=False, timeout=30, **more)

    def page(self, path: str = "", **more: Any) -> Any:
        """Get a page."""
        return self.session.get(self.server.url + path, allow_redirects=False, **more)


class Clock:
    """Monotonic seconds that pass only when they are told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        """Return the seconds."""
        return self.now


def item(text: str = "boom", **data: Any) -> dict[str, Any]:
    """Return the smallest item there is, with more keys of its ``data``."""
    return {"data": {"environment": "test", "body": {"message": {"body": text}}, **data}}


def error_item(message: str = "boom", **data: Any) -> dict[str, Any]:
    """Return an item that tells of a chain of two exceptions."""
    cause = {
        "frames": [frame("/app/store.py", "load", 7)],
        "exception": {"class": "KeyError", "message": "'id'"},
    }
    raised = {
        "frames": [frame("/app/main.py", "run", 3), frame("/app/view.py", "show", 12)],
        "exception": {"class": "ValueError", "message": message},
    }
    return {"data": {"environment": "test", "body": {"trace_chain": [raised, cause]}, **data}}


def frame(filename: str, method: str, lineno: int) -> dict[str, Any]:
    """Return a frame with code and locals."""
    return {
        "filename": filename,
        "lineno": lineno,
        "method": method,
        "code": f"    {method}(1)",
        "context": {"pre": ["# before"], "post": ["# after"]},
        "locals": {"number": 42, "names": ["a", "b"]},
    }


@pytest.fixture
def server() -> Iterator[LocalServer]:
    """A server that nobody has called yet."""
    with LocalServer() as up:
        yield up


@pytest.fixture
def caller(server: LocalServer) -> Iterator[Caller]:
    """A caller of `server`."""
    calling = Caller(server)
    with calling.session:
        yield calling


@pytest.fixture(params=["sqlite", "postgresql"])
def either_database(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    """An empty database of each kind that the server can keep: a file of SQLite, and PostgreSQL."""
    return tmp_path / "local.db" if request.param == "sqlite" else str(request.getfixturevalue("postgres_url"))


@pytest.fixture
def either_caller(either_database: Path | str) -> Iterator[Caller]:
    """A caller of a server that nobody has called yet, on each of the databases."""
    with LocalServer(database=either_database) as up:
        calling = Caller(up)
        with calling.session:
            yield calling


@pytest.fixture(scope="module")
def shared_caller() -> Iterator[Caller]:
    """A caller of a server that the module's tests share: for those that do not count what has arrived."""
    with LocalServer(rate_limit=None) as up:
        calling = Caller(up)
        with calling.session:
            yield calling
