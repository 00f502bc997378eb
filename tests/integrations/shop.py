"""Runs `tests.programs.django_shop` in a process of its own, and asks it over HTTP."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from rollbar_logging.testing import LocalRollbar, Report

PROGRAM = Path(__file__).parent.parent / "programs" / "django_shop.py"
PATIENCE = 60

MIDDLEWARE = [
    "rollbar_logging.integrations.django.Middleware",
    "django.middleware.common.CommonMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]

SECRETS = {
    "password": "s3cret-of-the-form",
    "authorization": "Bearer s3cret-of-the-header",
    "cookie": "s3cret-of-the-cookie",
    "session": "s3cret-of-the-session",
    "api_key": "s3cret-of-the-query",
    "card": "4111 1111 1111 1111",
}


def command(rollbar: LocalRollbar, *words: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a management command to its end."""
    with tempfile.TemporaryDirectory() as folder:
        return subprocess.run(  # noqa: S603 - our own words
            [sys.executable, str(PROGRAM), *words],
            env=_environ(rollbar, folder, options),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )


class Shop:
    """The site while it runs.

    Attributes:
        url: Its address, without a final slash.
        rollbar: Where it reports.
    """

    def __init__(self, url: str, rollbar: LocalRollbar) -> None:
        self.url = url
        self.rollbar = rollbar
        self.session = requests.Session()
        self.session.trust_env = False

    def ask(self, path: str, method: str = "GET", **options: Any) -> requests.Response:
        """Send a request; a connection that breaks off is raised."""
        return self.session.request(method, f"{self.url}{path}", timeout=PATIENCE, **options)

    def only_report(self) -> Report:
        """Wait for a report, see that no other comes before that of a failure thereafter, and return it."""
        self.rollbar.wait_for(1, timeout=60)
        self.ask("/told/99/")  # its report comes last: reports are sent in turn
        self.rollbar.wait_for(1, timeout=60, message="only 99 left")
        found = [report for report in self.rollbar.reports if report.message != "only 99 left"]
        assert len(found) == 1, found
        return found[0]

    def no_report(self) -> None:
        """See that none has come."""
        self.ask("/told/99/")
        self.rollbar.wait_for(1, timeout=60, message="only 99 left")
        assert len(self.rollbar.reports) == 1, self.rollbar.reports


@contextmanager
def shop(kind: str, **options: Any) -> Iterator[Shop]:
    """Run the site.

    Args:
        kind: ``wsgi`` or ``asgi``.
        options: Django settings.
    """
    with (
        tempfile.TemporaryDirectory() as folder,
        LocalRollbar() as rollbar,
        (Path(folder) / "said").open("w") as said,
        subprocess.Popen(  # noqa: S603 - our own words
            [sys.executable, str(PROGRAM), "serve", kind],
            env=_environ(rollbar, folder, options),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=said,
            text=True,
        ) as process,
    ):
        try:
            assert process.stdout is not None
            found = re.match(r"http://127\.0\.0\.1:\d+", process.stdout.readline())
            assert found, (Path(folder) / "said").read_text()
            running = Shop(found[0], rollbar)
            with running.session:
                yield running
        finally:
            process.kill()


def _environ(rollbar: LocalRollbar, folder: str, options: dict[str, Any]) -> dict[str, str]:
    return {
        **os.environ,
        **rollbar.environ,
        "PYTHONPATH": str(PROGRAM.parent.parent.parent),
        "ROLLBAR_MAX_CONNECTIONS": "1",
        "ROLLBAR_STORM_LIMIT": "0",
        "ROLLBAR_CAPTURE_BUDGET": "10",
        "SHOP": json.dumps(options),
        "SHOP_DATABASE": str(Path(folder) / "shop.sqlite"),
    }
