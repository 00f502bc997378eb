"""FastAPI and Starlette under uvicorn and hypercorn, and bare ASGI: a failure is one report, with request and route."""

from __future__ import annotations

import asyncio
import logging
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
import requests
from starlette.applications import Starlette
from starlette.routing import Mount, Route

from rollbar_logging.capture import seen
from rollbar_logging.capture.asgi import body_of, route_template
from rollbar_logging.capture.context import current_request, set_person
from rollbar_logging.integrations.asgi import RollbarMiddleware
from rollbar_logging.testing import LocalRollbar, Reports
from tests.integrations.serving import HEADERS, PATIENCE, QUERY, SECRETS, assert_no_secret, environ_of, served
from tests.integrations.shop import Shop

pytest.importorskip("fastapi")
PROGRAM = ("-m", "tests.programs.asgi_shop")


@pytest.fixture(scope="module", params=["around", "inside", "asyncio", "trio"])
def site(request: pytest.FixtureRequest) -> Iterator[Shop]:
    """The application, with the middleware around it all, or within another whose requests have tasks of their own.

    By uvicorn; around it all also by hypercorn, on either of the loops that it knows.
    """
    words = PROGRAM if request.param in {"around", "inside"} else hypercorn(request.param)
    with served(*words, SHOP=request.param) as running:
        yield running


def hypercorn(loop: str) -> tuple[str, ...]:
    """The words that start hypercorn on ``asyncio`` or ``trio``."""
    pytest.importorskip("hypercorn")
    pytest.importorskip(loop)
    return ("-m", "hypercorn", "--bind", "127.0.0.1:0", "--worker-class", loop, f"{PROGRAM[1]}:served")


@pytest.fixture(autouse=True)
def _nothing(request: pytest.FixtureRequest) -> None:
    """Nothing was reported."""
    if "site" in request.fixturenames:
        request.getfixturevalue("site").rollbar.clear()


@pytest.mark.parametrize("kind", ["json", "data"])
def test_a_failure_is_one_report_with_request_route_and_person(site: Shop, kind: str) -> None:
    """Method, URL, headers, route, body, person and level are there, and no secret is; uvicorn's line is no report."""
    body: dict[str, Any] = {kind: {"order": "5", "password": SECRETS["password"], "pan": SECRETS["card"]}}
    assert site.ask(f"/api/orders/7?{QUERY}", "POST", headers=HEADERS, **body).status_code == 500
    report = site.only_report()

    assert report.exception is not None
    assert (report.exception.class_name, report.level, report.logger) == ("KeyError", "error", "asgi")
    assert report.request is not None
    assert report.request["method"] == "POST"
    assert report.request["url"].startswith(f"{site.url}/api/orders/7?page=2&api_key=")
    assert report.request["headers"]["X-Request-Id"] == "77"
    assert report.request["params"] == {"number": "7"}
    assert report.context == "/api/orders/{number}"
    if kind == "json":
        assert '"order": "5"' in report.request["body"]
    else:
        assert report.request["POST"]["order"] == "5"
    assert report.person == {"id": "17", "username": "ursula"}
    assert report.locals["number"] == 7
    assert_no_secret(report)
    assert "s3cret-of-ursula" not in str(report.raw)


@pytest.mark.parametrize(
    ("path", "method", "context"),
    [
        ("/api/orders/7/unread", "POST", "/api/orders/{number}/unread"),
        ("/api/orders/7/background", "GET", "/api/orders/{number}/background"),
        ("/shelf/4/prices/mug", "GET", "/shelf/{row}/prices/{sku}"),
        ("/logged/7", "GET", "/logged/{number}"),
    ],
)
def test_a_failure_anywhere_is_one_report(site: Shop, path: str, method: str, context: str) -> None:
    """In a thread, in a background task, in a mounted application, and one that the application logs as well."""
    with suppress(requests.RequestException):
        site.ask(path, method, **({"data": b"text"} if method == "POST" else {}))
    report = site.only_report()

    assert (report.level, report.context) == ("error", context)
    assert report.request is not None
    assert report.request["url"] == f"{site.url}{path}"
    assert not {"body", "POST"} & report.request.keys()


def test_a_client_that_has_gone_is_no_error(site: Shop) -> None:
    """Neither ours, nor by uvicorn's line."""
    site.ask("/gone")
    site.no_report()


def test_a_websocket_that_fails_is_one_report(site: Shop) -> None:
    """With its address and route."""
    client = pytest.importorskip("websockets.sync.client")
    with suppress(Exception), client.connect(f"{site.url.replace('http', 'ws')}/talk/7") as socket:
        socket.send("hello")
        socket.recv(PATIENCE)
    report = site.only_report()

    assert report.exception is not None
    assert (report.exception.class_name, report.context) == ("LookupError", "/talk/{number}")
    assert report.request is not None
    assert (report.request["method"], report.request["url"].split("//")[1]) == (
        "websocket",
        f"{site.url.split('//')[1]}/talk/7",
    )


@pytest.mark.parametrize("loop", ["uvicorn", "trio"])
def test_the_end_of_life_delivers(loop: str) -> None:
    """What waits for a batch arrives although uvicorn then ends by the signal that it got; and where no asyncio is."""
    words = PROGRAM if loop == "uvicorn" else hypercorn(loop)
    with served(*words, ROLLBAR_FLUSH_INTERVAL="25") as running:
        running.ask("/told/5/")
        running.process.send_signal(signal.SIGTERM)
        running.process.communicate(timeout=PATIENCE)
        messages = [report.message for report in running.rollbar.reports]

    assert messages == ["only 5 left", "ends"]


def test_an_application_that_cannot_begin_is_one_report() -> None:
    """It is delivered before the server gives up."""
    with LocalRollbar() as rollbar:
        done = subprocess.run(  # noqa: S603 - our own words
            [sys.executable, *PROGRAM],
            env=environ_of(rollbar, SHOP="stillborn"),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=PATIENCE,
        )
        found = [report for report in rollbar.reports if report.exception is not None]

    assert done.returncode == 3
    assert [report.exception and report.exception.message for report in found] == ["stillborn"]


# Bare ASGI


def ask(application: Any, scope: dict[str, Any], *pieces: bytes, **options: Any) -> list[Any]:
    """Send a request in pieces; what was held of its body when the application was done."""
    held: list[Any] = []
    waiting = [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces]

    async def receive() -> dict[str, Any]:
        return waiting.pop(0)

    async def send(_message: Any) -> None: ...

    async def inner(*words: Any) -> None:
        await application(*words)
        held.extend(current_request().received)

    asyncio.run(RollbarMiddleware(inner, **options)(scope, receive, send))
    return held


@pytest.mark.parametrize(
    ("limit", "kept"),
    [(0, []), (3, [b"abc"]), (4, [b"abc", b"d"]), (6, [b"abc", b"def"]), (99, [b"abc", b"def", b"g"])],
)
def test_only_the_first_bytes_of_a_body_are_kept(limit: int, kept: list[bytes]) -> None:
    """As many as asked for."""

    async def application(_scope: Any, receive: Any, _send: Any) -> None:
        assert [(await receive())["body"] for _ in range(3)] == [b"abc", b"def", b"g"]

    scope = {"type": "http", "path": "/", "headers": []}
    assert ask(application, scope, b"abc", b"def", b"g", max_body=limit) == kept


def test_nothing_is_read_that_the_application_has_not_read() -> None:
    """What waits stays."""

    async def application(_scope: Any, receive: Any, _send: Any) -> None:
        await receive()

    assert ask(application, {"type": "http", "path": "/", "headers": []}, b"abc", b"def") == [b"abc"]


def test_an_application_without_lifespan_is_no_failure() -> None:
    """It raises at once, and a server goes on without."""
    error = LookupError("lifespan")

    async def application(*_: Any) -> None:
        raise error

    with pytest.raises(LookupError):
        ask(application, {"type": "lifespan"})
    assert seen.reported_since(error, 0.0) is None


def test_a_cancelled_request_is_no_failure() -> None:
    """Nor does it stay in the context."""
    error = asyncio.CancelledError()

    async def application(*_: Any) -> None:
        raise error

    async def main() -> None:
        with pytest.raises(asyncio.CancelledError):
            await RollbarMiddleware(application)({"type": "http", "path": "/"}, None, None)  # type: ignore[arg-type]
        assert current_request() is None

    asyncio.run(main())
    assert seen.reported_since(error, 0.0) is None


def test_the_next_request_of_a_task_concerns_nobody(reports: Reports) -> None:
    """Whoever was named in the one before."""

    async def application(scope: Any, *_: Any) -> None:
        if scope["path"] == "/enter":
            set_person(17)
        logging.error("asked")  # noqa: LOG015 - any logger

    async def main() -> None:
        for path in ("/enter", "/"):
            await RollbarMiddleware(application)({"type": "http", "path": path}, None, None)  # type: ignore[arg-type]

    asyncio.run(main())
    assert [report.person for report in reports] == [{"id": "17"}, None]


def test_the_route_is_found_where_the_router_does_not_name_it() -> None:
    """By its endpoint, below mounts, without what a proxy has put before the path."""

    async def endpoint(_request: Any) -> None: ...

    app = Starlette(routes=[Mount("/shelf/{row}", routes=[Route("/prices/{sku}", endpoint)])])
    scope = {
        "router": app.router,
        "endpoint": endpoint,
        "path": "/proxy/shelf/4/prices/mug",
        "root_path": "/proxy/shelf/4",
        "app_root_path": "/proxy",
        "path_params": {"row": "4", "sku": "mug"},
    }

    assert route_template(scope) == "/shelf/{row}/prices/{sku}"
    assert route_template({**scope, "endpoint": None}) is None
    assert route_template({}) is None


@pytest.mark.parametrize(
    ("body", "kind", "told"),
    [
        (b"a=1&b=2&a=3", "application/x-www-form-urlencoded; charset=utf-8", {"POST": {"a": ["1", "3"], "b": "2"}}),
        (b'{"a": ', "application/json", {"body": '{"a": '}),
        (b"\xff", "text/plain", {"body": "\ufffd"}),
        (b"--x\r\n", "multipart/form-data; boundary=x", {}),
        (b"", "text/plain", {}),
        (b"x", "", {}),
    ],
)
def test_a_body_is_told_by_its_kind(body: bytes, kind: str, told: dict[str, Any]) -> None:
    """Text and forms, however much of them there is; no files."""
    assert body_of({"received": [body[:1], body[1:]]}, kind) == told
    assert body_of({"_body": body}, kind) == told
