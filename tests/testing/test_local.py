"""`LocalRollbar`: what other processes report, and the whole way over HTTP."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from rollbar_logging import RollbarError
from rollbar_logging.testing import LocalRollbar, assert_reported, capture_reports


@pytest.fixture(scope="module")
def server() -> Iterator[LocalRollbar]:
    """One server for all tests that need no fresh one."""
    with LocalRollbar() as running:
        yield running


@pytest.fixture
def rollbar(server: LocalRollbar) -> LocalRollbar:
    """That server, with nothing of earlier tests in it."""
    server.clear()
    assert server.reports == []
    return server


def start(rollbar: LocalRollbar, program: str) -> subprocess.Popen[bytes]:
    """Start a program that reports to the server."""
    preamble = "import logging, os, rollbar_logging\nlogging.getLogger().addHandler(rollbar_logging.RollbarHandler())\n"
    environ = {**os.environ, **rollbar.environ}
    return subprocess.Popen([sys.executable, "-c", preamble + textwrap.dedent(program)], env=environ)  # noqa: S603


def test_a_program_and_its_forked_child_report(rollbar: LocalRollbar) -> None:
    """A subprocess and its fork report each what it logs; whoever waits gets what matches."""
    program = """
        logging.error("of the parent", extra={"order": 1})
        child = os.fork()
        logging.error("of the child" if not child else "of the parent again")
        if child:
            os.waitpid(child, 0)
    """
    with start(rollbar, program) as process:
        (report,) = rollbar.wait_for(1, timeout=60, message="of the child")
        assert process.wait(60) == 0

    assert report.logger == "root"
    assert_reported(rollbar.wait_for(3, timeout=60), order=1, count=1)
    assert {item.title for item in rollbar.items} >= {"of the parent", "of the child", "of the parent again"}


def test_the_processs_event_loops_stay_as_they_are(rollbar: LocalRollbar) -> None:
    """The server has a loop of its own, and does not change which kind the tests and their application get."""
    with contextlib.closing(asyncio.new_event_loop()) as loop:
        assert isinstance(loop, asyncio.SelectorEventLoop)
    assert rollbar.reports == []  # it runs


def test_the_environment_wins(rollbar: LocalRollbar, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a proxy nor a switch of the surroundings keeps a program from reporting."""
    for name in ("HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "example.com")
    monkeypatch.setenv("ROLLBAR_ENABLED", "false")

    assert {rollbar.environ[name] for name in ("NO_PROXY", "no_proxy")} == {"example.com,127.0.0.1"}
    with start(rollbar, "logging.error('here')") as process:
        assert process.wait(60) == 0
    assert_reported(rollbar.wait_for(timeout=60), message="here")


def test_its_handler_reports_at_once(rollbar: LocalRollbar, logger: logging.Logger) -> None:
    """What was logged to a handler of the server's is there at the next look, as often as it was logged."""
    logger.addHandler(rollbar.handler(environment="test"))
    for number in range(100):
        logger.error("same", extra={"number": number})

    assert [report.custom["number"] for report in rollbar.reports] == list(range(100))
    assert_reported(rollbar, environment="test", count=100)


def test_many_are_waited_for(rollbar: LocalRollbar, logger: logging.Logger) -> None:
    """Longer than one flush may take, as long as more of them arrive."""

    def slowly(data: dict[str, Any]) -> dict[str, Any]:
        time.sleep(0.02)
        return data

    logger.addHandler(rollbar.handler(before_send=slowly, shutdown_timeout=2))
    for _ in range(120):
        logger.error("one of many")

    assert len(rollbar.reports) == 120


def test_it_tells_what_did_not_come(rollbar: LocalRollbar, logger: logging.Logger) -> None:
    """Waiting in vain ends with what is there instead; what was cleared is not."""
    logger.addHandler(rollbar.handler())
    logger.error("cleared")
    rollbar.clear()
    logger.error("sold out")

    with pytest.raises(AssertionError) as caught:
        rollbar.wait_for(timeout=0.05, message="paid twice")
    assert str(caught.value).startswith(
        "after 0.05 s, no report matching message='paid twice'\nnearest is #0 error 'sold out'"
    )


def test_another_thread_is_waited_for(rollbar: LocalRollbar, logger: logging.Logger) -> None:
    """A report that comes while a test waits ends the waiting."""
    logger.addHandler(rollbar.handler())
    timer = threading.Timer(0.1, logger.error, ["later"])
    timer.start()

    assert [report.message for report in rollbar.wait_for(timeout=60)] == ["later"]
    timer.join()


def test_the_end(logger: logging.Logger) -> None:
    """With the server its handlers are closed, and what was not started says so."""
    unstarted = LocalRollbar(access_token="0123456789abcdef0123456789abcdef")
    with pytest.raises(RollbarError, match="has not been started"):
        _ = unstarted.endpoint
    with unstarted as rollbar:
        assert rollbar.access_token == "0123456789abcdef0123456789abcdef"
        assert rollbar.endpoint == f"{rollbar.url}api/1/"
        handler = rollbar.handler()
        logger.addHandler(handler)
        logger.error("before")
    logger.error("after")

    assert (handler.stats().sent, handler.stats().accepted) == (1, 1)


def test_beside_a_capture(rollbar: LocalRollbar, logger: logging.Logger) -> None:
    """A capture that leaves the server alone does not see what goes there."""
    with capture_reports(leave=[rollbar.endpoint]) as reports:
        logger.addHandler(rollbar.handler())
        logger.error("over HTTP")
        logger.removeHandler(logger.handlers[0])
        logger.error("in memory")

    assert_reported(rollbar.reports, message="over HTTP", count=1)
    assert_reported(reports, message="in memory", count=1)
    assert len(reports) == 1
