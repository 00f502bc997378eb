"""What an integration costs a request that does not fail, beside the bare framework, in one process and in turns.

    python benchmarks/integrations.py
    python benchmarks/integrations.py --scenes "Django, sync" --rounds 5

In each scene the handler is attached to the root logger in both cases; the one difference is the integration. No
request fails, so nothing is sent. Times are the processor's; rounds are short, so that a noisy machine is noisy for
both.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import io
import logging
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from figures import Goal, Table, goals_text, number, text_of, times

import rollbar_logging

GOAL = 20.0
"""Microseconds that a request may cost more."""

# Each framework is imported by its own scene: it may not be there, and is not to be in the others' way.
# ruff: noqa: PLC0415

Run = Callable[[int], None]
"""Answers so many requests."""


class Pair(NamedTuple):
    """The same application twice.

    Attributes:
        bare: Without the integration.
        ours: With it.
    """

    bare: Run
    ours: Run


# Django

_DJANGO = "rollbar_logging.integrations.django.Middleware"


def _django(middleware: list[str], kind: str) -> Any:
    from django.conf import settings
    from django.core.handlers.asgi import ASGIHandler
    from django.core.handlers.wsgi import WSGIHandler

    if not settings.configured:
        import django
        from django.http import HttpResponse
        from django.urls import path

        async def later(_request: Any) -> HttpResponse:
            return HttpResponse("well")

        class Site:
            urlpatterns = (path("now/", lambda _request: HttpResponse("well")), path("later/", later))

        settings.configure(ALLOWED_HOSTS=["*"], ROOT_URLCONF=Site, LOGGING_CONFIG=None)
        django.setup()
    settings.MIDDLEWARE = middleware
    return ASGIHandler() if kind == "async" else WSGIHandler()


def _django_sync() -> Pair:
    def run(handler: Any) -> Run:
        environ = {
            "REQUEST_METHOD": "GET",
            "PATH_INFO": "/now/",
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "80",
            "wsgi.url_scheme": "http",
        }

        def answer(count: int) -> None:
            for _ in range(count):
                given = {**environ, "wsgi.input": io.BytesIO()}
                handler(given, lambda *_: None).close()

        return answer

    return Pair(run(_django([], "sync")), run(_django([_DJANGO], "sync")))


def _django_async() -> Pair:
    from django.test import AsyncRequestFactory

    def run(handler: Any) -> Run:
        make = AsyncRequestFactory()

        async def answer(count: int) -> None:
            for _ in range(count):
                await handler.get_response_async(make.get("/later/"))

        return lambda count: asyncio.run(answer(count))

    return Pair(run(_django([], "async")), run(_django([_DJANGO], "async")))


# Flask, Starlette, FastAPI, and what is beneath them


def _wsgi_run(application: Any) -> Run:
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.url_scheme": "http",
    }

    def answer(count: int) -> None:
        for _ in range(count):
            given = application({**environ, "wsgi.input": io.BytesIO()}, lambda *_: None)
            list(given)
            if hasattr(given, "close"):
                given.close()

    return answer


def _wsgi() -> Pair:
    from rollbar_logging.integrations.wsgi import RollbarMiddleware

    def application(_environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [])
        return iter([b"well"])  # which has to be watched

    return Pair(_wsgi_run(application), _wsgi_run(RollbarMiddleware(application)))


def _flask() -> Pair:
    import flask

    from rollbar_logging.integrations.flask import init_app

    def make() -> flask.Flask:
        app = flask.Flask("shop")
        app.add_url_rule("/", view_func=lambda: "well", endpoint="index")
        return app

    ours = make()
    init_app(ours)
    return Pair(_wsgi_run(make()), _wsgi_run(ours))


def _asgi_run(application: Any) -> Run:
    scope = {
        "type": "http",
        "method": "POST",
        "scheme": "http",
        "path": "/",
        "raw_path": b"/",
        "root_path": "",
        "query_string": b"",
        "headers": [(b"host", b"127.0.0.1"), (b"content-type", b"text/plain")],
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"x" * 1000, "more_body": False}

    async def send(_message: Any) -> None: ...

    async def answer(count: int) -> None:
        for _ in range(count):
            await application(dict(scope), receive, send)

    return lambda count: asyncio.run(answer(count))


def _starlette() -> Pair:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import PlainTextResponse
    from starlette.routing import Route

    from rollbar_logging.integrations.asgi import RollbarMiddleware

    async def index(request: Request) -> PlainTextResponse:
        await request.body()
        return PlainTextResponse("well")

    app = Starlette(routes=[Route("/", index, methods=["POST"])])
    return Pair(_asgi_run(app), _asgi_run(RollbarMiddleware(app)))


def _fastapi() -> Pair:
    from fastapi import FastAPI

    from rollbar_logging.integrations.asgi import RollbarMiddleware

    app = FastAPI()

    @app.post("/")
    async def index() -> str:
        return "well"

    return Pair(_asgi_run(app), _asgi_run(RollbarMiddleware(app)))


SCENES: dict[str, Callable[[], Pair]] = {
    "Django, sync": _django_sync,
    "Django, async": _django_async,
    "any WSGI": _wsgi,
    "Flask": _flask,
    "Starlette": _starlette,
    "FastAPI": _fastapi,
}


class Figures(NamedTuple):
    """Microseconds per request: the median of the rounds; of the difference, the median of theirs."""

    bare: float
    ours: float
    more: float


def measure(pair: Pair, rounds: int, count: int) -> Figures:
    """Let both answer *count* requests in turns, *rounds* times."""
    for run in pair:
        run(count)
    gc.collect()
    took: list[tuple[float, float]] = []
    for each in range(rounds):
        first, second = (0, 1) if each % 2 else (1, 0)
        found = [0.0, 0.0]
        for index in (first, second):
            begin = time.process_time()
            pair[index](count)
            found[index] = (time.process_time() - begin) / count * 1e6
        took.append((found[0], found[1]))
    bare, ours = zip(*took, strict=True)
    more = statistics.median(with_it - without for without, with_it in took)
    return Figures(statistics.median(bare), statistics.median(ours), more)


def main() -> int:
    """Print a table of the scenes, and whether each is within the goal."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--scenes", nargs="*", default=list(SCENES), choices=list(SCENES), metavar="NAME")
    parser.add_argument("--rounds", type=int, default=301)
    parser.add_argument("--count", type=int, default=40, help="requests in a round")
    asked = parser.parse_args()
    handler = rollbar_logging.RollbarHandler(access_token="0" * 32, endpoint="http://127.0.0.1:9/", telemetry_size=20)
    logging.getLogger().addHandler(handler)
    rows, goals = [], []
    for name in asked.scenes:
        try:
            pair = SCENES[name]()
        except ImportError as missing:
            print(f"{name} is left out: {missing}")
            continue
        found = measure(pair, asked.rounds, asked.count)
        rows.append((name, number(found.bare), number(found.ours), f"{found.more:.1f}", times(found.ours, found.bare)))
        goals.append(Goal(name, f"{found.more:.1f} µs more", f"under {GOAL:.0f} µs", found.more < GOAL))
    head = ("scene", "bare", "with ours", "more", "ratio")
    print(text_of(Table("A request that does not fail, in microseconds of the processor", head, rows)))
    print(goals_text(goals))
    return 0


if __name__ == "__main__":
    sys.exit(main())
