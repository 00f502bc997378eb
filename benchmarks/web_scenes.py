"""Scenes of `integrations.py`: frameworks of the web, each with the same application twice."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable
from typing import Any

from pairs import Pair, Run

# Each framework is imported by its own scene: it may not be there, and is not to be in the others' way.
# ruff: noqa: PLC0415

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
