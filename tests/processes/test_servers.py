"""Web servers, each as it is started in production: what their workers log arrives, to the last record."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from pathlib import Path

import pytest

from tests.loopback import Loopback
from tests.pipelines import texts, uuids
from tests.processes.running import GRACE, ask_often, python, service

ADDRESS = r"http://127\.0\.0\.1:(\d+)"
REQUESTS = 12

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="these servers fork")


def workers(loopback: Loopback) -> set[int]:
    """The processes that reported a request."""
    items = [request.item["data"] for request in loopback.requests]
    return {item["server"]["pid"] for item in items if "asked for" in item["body"]["message"]["body"]}


GUNICORNS = {
    "threads": ["--worker-class", "gthread", "--threads", "4", "--workers", "2"],
    "preloaded threads": ["--worker-class", "gthread", "--threads", "4", "--workers", "2", "--preload"],
    "workers that live for a few requests": ["--workers", "2", "--max-requests", "3"],
}


@pytest.mark.parametrize("name", GUNICORNS)
def test_gunicorns_workers_report(loopback: Loopback, name: str) -> None:
    """Threads, forks and workers that end in between: each request's record arrives once."""
    pytest.importorskip("gunicorn")
    command = python("-m", "gunicorn", *GUNICORNS[name], *GRACE, "--bind", "127.0.0.1:0", "tests.programs.wsgi")
    with service(loopback, *command, shutdown_timeout=60) as server:
        expected = ask_often(int(server.wait_for(ADDRESS)[1]), REQUESTS, at_once=4)
        assert server.end() == 0

    assert sorted(text for text in texts(loopback) if text != "loaded") == sorted(expected)
    assert texts(loopback).count("loaded") >= 1
    assert len(uuids(loopback)) == len(set(uuids(loopback)))
    assert "Traceback" not in server.said
    assert "rollbar_logging:" not in server.said


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_uvicorns_workers_report(loopback: Loopback, number: int, how: int) -> None:
    """Requests and both ends of each worker's life: all of it arrives, as the application flushes at its end.

    Without that the last batch could be lost: once it is done uvicorn ends its workers by the signal that it got.
    """
    command = python("-m", "uvicorn", "--port", "0", "--workers", str(number), "tests.programs.asgi:application")
    with service(loopback, *command, shutdown_timeout=60, flush_interval=20) as server:
        port = int(server.wait_for(ADDRESS)[1])
        for _ in range(number):
            server.wait_for(rf"(?s)(Application startup complete.*){{{number}}}")
        expected = ask_often(port, REQUESTS)
        server.end(how)

    assert sorted(texts(loopback)) == sorted([*expected, *["begins", "ends"] * number])
    assert len(uuids(loopback)) == len(set(uuids(loopback)))


UWSGI = shutil.which("uwsgi", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")


@pytest.mark.skipif(UWSGI is None, reason="uWSGI is not installed")
@pytest.mark.parametrize("flag", ["--lazy-apps", "--py-call-uwsgi-fork-hooks", "--master"])
def test_uwsgis_workers_report(loopback: Loopback, flag: str) -> None:
    """Its workers deliver while they run, whether each loads the application or they are forked from one that has."""
    flags = ["--enable-threads", "--processes", "2", flag]
    where = ["--http-socket", "127.0.0.1:0", "--module", "tests.programs.wsgi", "--need-app", "--master"]
    with service(loopback, str(UWSGI), *where, *flags, "--die-on-term", shutdown_timeout=1) as server:
        port = int(server.wait_for(r"bound to TCP address 127\.0\.0\.1:(\d+)")[1])
        expected = ask_often(port, REQUESTS)
        loopback.wait_for(REQUESTS + (2 if flag == "--lazy-apps" else 1), 2)
        server.end()

    assert sorted(text for text in texts(loopback) if text != "loaded") == sorted(expected)
    assert len(uuids(loopback)) == len(set(uuids(loopback)))
