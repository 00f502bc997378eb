"""The README's snippets, each run as it stands in a process of its own against the local server."""

from __future__ import annotations

import importlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rollbar_logging.server import LocalServer

README = (Path(__file__).parent.parent / "README.md").read_text()
SNIPPETS = dict(re.findall(r"<!-- snippet: (\w+) -->\n```python\n(.*?)```", README, re.DOTALL))

DJANGO = """
import django
from django.conf import settings
from django.http import HttpRequest
from django.urls import path

def fail(request, book):
    password = "hunter2"
    raise ValueError("no such book")

urlpatterns = [path("books/<int:book>/", fail)]
settings.configure(LOGGING=LOGGING, ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], SECRET_KEY="s", DEBUG=False)
django.setup()
from django.test import Client
client = Client(raise_request_exception=False)
answer = client.get("/books/7/?api_key=k3y-of-mine&page=2", headers={"cookie": "sessionid=s3ss"})
assert answer.status_code == 500
"""
FLASK = """
answer = app.test_client().get("/fail?token=t0ken-of-mine&page=2", headers={"Authorization": "Bearer b3arer-of-mine"})
assert answer.status_code == 500
"""
STRUCTLOG = """
structlog.contextvars.bind_contextvars(tenant="acme")
try:
    {}["amount"]
except KeyError:
    structlog.get_logger("shop").exception("payment_failed", customer=7)
"""


@pytest.fixture
def server() -> Iterator[LocalServer]:
    """A local server that speaks the Rollbar API."""
    with LocalServer() as running:
        yield running


def _run(server: LocalServer, program: str) -> list[dict[str, Any]]:
    environ = {
        **os.environ,
        "ROLLBAR_ACCESS_TOKEN": server.tokens["post_server_item"],
        "ROLLBAR_ENVIRONMENT": "readme",
        "ROLLBAR_ENDPOINT": server.endpoint,
        "ROLLBAR_CAPTURE_BUDGET": "10",  # a slow machine is no reason for words in place of values
    }
    done = subprocess.run(  # noqa: S603 - our own words
        [sys.executable, "-X", "dev", "-c", program],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return [occurrence.data for occurrence in server.occurrences()]


def test_the_logging_configuration_reports_an_exception(server: LocalServer) -> None:
    """Two environment variables and one handler: the exception arrives with its extra."""
    (data,) = _run(server, SNIPPETS["dictconfig"])

    assert data["environment"] == "readme"
    assert data["body"]["trace"]["exception"]["class"] == "ZeroDivisionError"
    assert data["body"]["trace"]["exception"]["description"] == "checkout failed"
    assert data["custom"]["order"] == 1234


def test_django_reports_the_request_and_no_secret(server: LocalServer) -> None:
    """A failing view gives one report, with its request, and without the secrets in it."""
    (data,) = _run(server, SNIPPETS["django"] + DJANGO)

    assert data["framework"] == "django"
    assert data["request"]["method"] == "GET"
    assert data["request"]["url"].startswith("http://testserver/books/7/")
    assert data["request"]["params"] == {"book": 7}
    assert data["request"]["GET"]["page"] == "2"
    assert data["context"] == "books/<int:book>/"
    assert data["body"]["trace"]["frames"][-1]["locals"]["book"] == 7
    assert not [secret for secret in ("k3y-of-mine", "s3ss", "hunter2") if secret in str(data)]


def test_flask_reports_the_request_and_no_secret(server: LocalServer) -> None:
    """A failing view gives one report, with its request, and without the secrets in it."""
    (data,) = _run(server, SNIPPETS["flask"] + FLASK)

    assert data["request"]["method"] == "GET"
    assert data["request"]["url"].startswith("http://localhost/fail")
    assert data["request"]["GET"]["page"] == "2"
    assert data["context"] == "fail"
    assert data["body"]["trace"]["exception"]["class"] == "ZeroDivisionError"
    assert not [secret for secret in ("t0ken-of-mine", "b3arer-of-mine") if secret in str(data)]


def test_the_lines_for_frameworks_name_what_there_is() -> None:
    """Each name of the table can be imported."""
    names = re.findall(r"rollbar_logging\.integrations\.(\w+)\.(\w+)", README)

    assert {module for module, _ in names} >= {"django", "asgi", "wsgi", "celery", "rq", "aws_lambda", "loguru"}
    for module, name in names:
        assert callable(getattr(importlib.import_module(f"rollbar_logging.integrations.{module}"), name))


def test_structlog_events_are_grouped_by_their_name(server: LocalServer) -> None:
    """An event's name is the message and the group, and its values and bound variables are custom data."""
    message, error = _run(server, SNIPPETS["dictconfig"].partition("\ntry:")[0] + SNIPPETS["structlog"] + STRUCTLOG)

    assert message["body"]["message"]["body"] == "payment_declined"
    assert message["fingerprint"]
    assert message["custom"]["amount"] == 12
    assert error["body"]["trace"]["exception"]["class"] == "KeyError"
    assert (error["custom"]["customer"], error["custom"]["tenant"]) == (7, "acme")
