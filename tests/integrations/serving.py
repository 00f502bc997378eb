"""Web servers in processes of their own, whose applications report to a `LocalRollbar`."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rollbar_logging.testing import LocalRollbar, Report
from tests.integrations.shop import PATIENCE, Shop

TOP = Path(__file__).parent.parent.parent

SECRETS = {
    "password": "s3cret-of-the-form",
    "authorization": "Bearer s3cret-of-the-header",
    "cookie": "s3cret-of-the-cookie",
    "api_key": "s3cret-of-the-query",
    "card": "4111 1111 1111 1111",
}

HEADERS = {
    "Authorization": SECRETS["authorization"],
    "Cookie": f"sessionid={SECRETS['cookie']}",
    "X-Request-Id": "77",
}

QUERY = f"page=2&api_key={SECRETS['api_key']}"


def assert_no_secret(report: Report) -> None:
    """See that no planted secret is anywhere in what was stored."""
    stored = json.dumps(report.raw)
    assert [secret for secret in SECRETS.values() if secret in stored or secret.removeprefix("Bearer ") in stored] == []
    assert SECRETS["card"].replace(" ", "") not in stored


def gunicorn(application: str, **environ: str) -> Any:
    """Serve a WSGI application, ``module:name``; see `served`."""
    words = ["-m", "gunicorn", "--worker-class", "gthread", "--threads", "2", "--bind", "127.0.0.1:0", application]
    return served(*words, **environ)


class Site(Shop):
    """A server while it runs.

    Attributes:
        process: It.
    """

    def __init__(self, url: str, rollbar: LocalRollbar, process: subprocess.Popen[str]) -> None:
        super().__init__(url, rollbar)
        self.process = process


def environ_of(rollbar: LocalRollbar, **environ: str) -> dict[str, str]:
    """The environment of a process that reports there, in the order in which things happen."""
    return {**os.environ, **rollbar.environ, **_OPTIONS, **environ}


@contextmanager
def served(*words: str, **environ: str) -> Iterator[Site]:
    """Run Python with these words until it says where it can be reached."""
    with (
        LocalRollbar() as rollbar,
        tempfile.NamedTemporaryFile("w+") as said,  # not a pipe, which nobody would empty
        subprocess.Popen(  # noqa: S603 - our own words
            [sys.executable, *words],
            env=environ_of(rollbar, **environ),
            cwd=TOP,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process,
    ):
        try:
            running = Site(_address(process, Path(said.name)), rollbar, process)
            running.session.headers["Connection"] = "close"  # a server may close one on which a request has failed
            with running.session:
                yield running
            if process.poll() is None:
                process.terminate()
                process.communicate(timeout=PATIENCE)
        finally:
            process.kill()


_OPTIONS = {
    "PYTHONPATH": str(TOP),
    "PYTHONUNBUFFERED": "1",
    "ROLLBAR_MAX_CONNECTIONS": "1",
    "ROLLBAR_STORM_LIMIT": "0",
    "ROLLBAR_CAPTURE_BUDGET": "10",
}


def _address(process: subprocess.Popen[str], file: Path) -> str:
    until = time.monotonic() + PATIENCE
    while (found := re.search(r"http://127\.0\.0\.1:\d+(?=\D)", said := file.read_text())) is None:
        assert process.poll() is None, said
        assert time.monotonic() < until, said
        time.sleep(0.02)
    return found[0]
