"""A Django site with two databases, whose failures show what the request has asked of them; ``wsgi`` or ``asgi``.

The environment variable ``SITE_FOLDER`` names the folder of the SQLite files.
"""

from __future__ import annotations

import logging
import os
import socket
import socketserver
import sys
from pathlib import Path
from wsgiref.simple_server import WSGIServer, make_server

import django
import uvicorn
from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import DatabaseError, connections
from django.http import HttpRequest, HttpResponse
from django.urls import path

from rollbar_logging.integrations import django_sql

django_sql.install()  # before there are settings, as in their own file

FOLDER = Path(os.environ["SITE_FOLDER"])
SQLITE = "django.db.backends.sqlite3"
settings.configure(
    ALLOWED_HOSTS=["127.0.0.1"],
    DATABASES={name: {"ENGINE": SQLITE, "NAME": FOLDER / f"{name}.sqlite"} for name in ("default", "archive")},
    LOGGING={
        "version": 1,
        "disable_existing_loggers": False,
        "handlers": {"rollbar": {"class": "rollbar_logging.RollbarHandler", "telemetry_size": 20}},
        "root": {"handlers": ["rollbar"], "level": "INFO"},
        "loggers": {"django": {"handlers": []}},
    },
    MIDDLEWARE=["rollbar_logging.integrations.django.Middleware"],
    ROOT_URLCONF=__name__,
    SECRET_KEY="s3cret-of-the-site",
)
django.setup()

from django.core.handlers.asgi import ASGIHandler  # noqa: E402 - they need what is set up
from django.core.handlers.wsgi import WSGIHandler  # noqa: E402

logger = logging.getLogger("site")


def _ask(number: int) -> None:
    """Ask both databases, in vain the second time, and with secrets in what is asked."""
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT %s, 's3cret-literal'", [f"s3cret-{number}"])
    with connections["archive"].cursor() as cursor:
        try:
            cursor.execute("SELECT missing FROM nowhere WHERE number = %s", [f"s3cret-{number}"])
        except DatabaseError:
            logger.info("nothing in the archive for %d", number)


def fail(_request: HttpRequest, number: int) -> HttpResponse:
    """Fail after two statements."""
    _ask(number)
    raise LookupError(number)


async def fail_async(_request: HttpRequest, number: int) -> HttpResponse:
    """Fail likewise, in a coroutine whose statements run in another thread."""
    await sync_to_async(_ask)(number)
    raise LookupError(number)


urlpatterns = [path("fail/<int:number>/", fail), path("fail_async/<int:number>/", fail_async)]


class _Threaded(socketserver.ThreadingMixIn, WSGIServer):
    daemon_threads = True


def _say(port: int) -> None:
    print(f"http://127.0.0.1:{port}", flush=True)  # noqa: T201 - for who has started it


if __name__ == "__main__":
    if sys.argv[1] == "asgi":
        with socket.create_server(("127.0.0.1", 0)) as listening:
            _say(listening.getsockname()[1])
            uvicorn.Server(uvicorn.Config(ASGIHandler(), lifespan="off", log_config=None)).run([listening])
    else:
        server = make_server("127.0.0.1", 0, WSGIHandler(), server_class=_Threaded)
        _say(server.server_port)
        server.serve_forever()
