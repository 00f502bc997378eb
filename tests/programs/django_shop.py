"""A Django site with all that an integration meets; ``serve wsgi`` or ``serve asgi``, else a management command.

The environment variable ``SHOP`` holds settings as JSON, ``SHOP_DATABASE`` the path of an SQLite file.
"""

from __future__ import annotations

import json
import logging
import os
import socket
import socketserver
import sys
from collections.abc import AsyncIterator, Iterator
from typing import Any
from wsgiref.simple_server import WSGIServer, make_server

import django
import uvicorn
from asgiref.sync import sync_to_async
from django.conf import settings
from django.db.backends.signals import connection_created

from tests.integrations.shop import MIDDLEWARE

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"rollbar": {"class": "rollbar_logging.RollbarHandler", "level": "ERROR", "framework": "django"}},
    "root": {"handlers": ["rollbar"]},
    # Django's own handler, which mails to administrators, loads the user up to 4.2, although there are none.
    "loggers": {"django": {"handlers": []}},
}
TEMPLATES = {
    "BACKEND": "django.template.backends.django.DjangoTemplates",
    "OPTIONS": {
        "context_processors": ["rollbar_logging.integrations.django.context_processor"],
        "loaders": [("django.template.loaders.locmem.Loader", {"500.html": "Sorry: {{ rollbar_uuid }}"})],
    },
}

settings.configure(
    **{
        "ALLOWED_HOSTS": ["127.0.0.1"],
        "DATABASES": {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.environ["SHOP_DATABASE"]}},
        "DEFAULT_AUTO_FIELD": "django.db.models.BigAutoField",
        "INSTALLED_APPS": [
            "rollbar_logging.integrations.django.Config",
            "django.contrib.contenttypes",
            "django.contrib.auth",
            "rest_framework",
        ],
        "LOGGING": LOGGING,
        "MIDDLEWARE": MIDDLEWARE,
        "PASSWORD_HASHERS": ["django.contrib.auth.hashers.MD5PasswordHasher"],
        "REST_FRAMEWORK": {"EXCEPTION_HANDLER": "rollbar_logging.integrations.django.rest_exception_handler"},
        "ROOT_URLCONF": __name__,
        "SECRET_KEY": "s3cret-of-the-site",
        "SESSION_ENGINE": "django.contrib.sessions.backends.signed_cookies",
        "TEMPLATES": [TEMPLATES],
        "USE_TZ": True,
        **json.loads(os.environ.get("SHOP", "{}")),
    }
)
django.setup()

# Only now, since they need what is set up.
from django.contrib.auth import authenticate, login  # noqa: E402
from django.contrib.auth.models import User  # noqa: E402
from django.core.handlers.asgi import ASGIHandler  # noqa: E402
from django.core.handlers.wsgi import WSGIHandler  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse  # noqa: E402
from django.urls import path  # noqa: E402
from django.views.decorators.debug import sensitive_post_parameters  # noqa: E402
from rest_framework.exceptions import APIException, ValidationError  # noqa: E402
from rest_framework.request import Request  # noqa: E402
from rest_framework.views import APIView  # noqa: E402

from rollbar_logging.integrations.django import execute_from_command_line  # noqa: E402
from rollbar_logging.integrations.wsgi import RollbarMiddleware  # noqa: E402

logger = logging.getLogger("shop")
queries: list[str] = []


def _count(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
    queries.append(sql)
    return execute(sql, params, many, context)


connection_created.connect(lambda connection, **_: connection.execute_wrappers.append(_count), weak=False)


def index(_request: HttpRequest) -> HttpResponse:
    """Answer the number of queries so far."""
    return HttpResponse(str(len(queries)))


def enter(request: HttpRequest) -> HttpResponse:
    """Log the person in."""
    login(request, authenticate(username="ursula", password="s3cret-of-ursula"))
    return HttpResponse("in")


def pay(request: HttpRequest, number: int) -> HttpResponse:
    """Fail with secrets all around, the user loaded."""
    card = "4111 1111 1111 1111"
    name = request.user.get_username() or "nobody"
    raise KeyError(f"{name} {request.POST.get('order')} {number} {len(card)}")


async def pay_async(request: HttpRequest, number: int) -> HttpResponse:
    """Fail likewise, in a coroutine."""
    card = "4111 1111 1111 1111"
    name = await sync_to_async(str)(request.user)
    raise KeyError(f"{name} {number} {len(card)}")


def lazy(_request: HttpRequest) -> HttpResponse:
    """Fail, and look neither at the user nor at the body."""
    raise ValueError("lazy")


def read(request: HttpRequest) -> HttpResponse:
    """Fail after the body is read."""
    raise ValueError(str(sorted(json.loads(request.body))))


@sensitive_post_parameters()
def hidden(request: HttpRequest) -> HttpResponse:
    """Fail after a body is read that is to be kept out of reports."""
    raise ValueError(len(request.body))


def told(_request: HttpRequest, number: int) -> HttpResponse:
    """Log an error and go on."""
    logger.error("only %d left", number)
    return HttpResponse("told")


def twice(_request: HttpRequest) -> HttpResponse:
    """Log a failure and raise it all the same."""
    try:
        raise ValueError("twice")  # noqa: TRY301 - to be logged here
    except ValueError:
        logger.exception("it fails")
        raise


def closed(_request: HttpRequest) -> HttpResponse:
    """Answer with an error, without an exception."""
    return HttpResponse("closed", status=503)


def stream(_request: HttpRequest) -> StreamingHttpResponse:
    """Fail halfway through the answer."""

    def parts() -> Iterator[bytes]:
        yield b"begun"
        raise ValueError("broken off")

    return StreamingHttpResponse(parts())


async def stream_async(_request: HttpRequest) -> StreamingHttpResponse:
    """Fail likewise, in a coroutine."""

    async def parts() -> AsyncIterator[bytes]:
        yield b"begun"
        raise ValueError("broken off")

    return StreamingHttpResponse(parts())


class Rest(APIView):
    """Django REST framework."""

    authentication_classes = ()
    permission_classes = ()

    def get(self, _request: Request, kind: str) -> HttpResponse:
        """Fail in one of three ways."""
        raise {"known": APIException("down"), "wrong": ValidationError("wrong"), "unknown": ValueError("unknown")}[kind]


urlpatterns = [
    path("", index),
    path("enter/", enter),
    path("pay/<int:number>/", pay),
    path("pay_async/<int:number>/", pay_async),
    path("lazy/", lazy),
    path("read/", read),
    path("hidden/", hidden),
    path("told/<int:number>/", told),
    path("twice/", twice),
    path("closed/", closed),
    path("stream/", stream),
    path("stream_async/", stream_async),
    path("rest/<str:kind>/", Rest.as_view()),
]
handler500 = "rollbar_logging.integrations.django.server_error"


class _Threaded(socketserver.ThreadingMixIn, WSGIServer):
    daemon_threads = True


def serve(kind: str) -> None:
    """Answer until killed; the first line says where."""
    call_command("migrate", verbosity=0)
    User.objects.create_user("ursula", "ursula@shop.example", "s3cret-of-ursula")
    if kind == "asgi":
        with socket.create_server(("127.0.0.1", 0)) as listening:
            _say(listening.getsockname()[1])
            config = uvicorn.Config(ASGIHandler(), lifespan="off", log_config=None)
            uvicorn.Server(config).run([listening])
        return
    application = RollbarMiddleware(WSGIHandler()) if getattr(settings, "WRAPPED", False) else WSGIHandler()
    server = make_server("127.0.0.1", 0, application, server_class=_Threaded)
    _say(server.server_port)
    server.serve_forever()


def _say(port: int) -> None:
    print(f"http://127.0.0.1:{port}", flush=True)  # noqa: T201 - for who has started it


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve(sys.argv[2])
    else:
        execute_from_command_line()
