"""Rollbar's own client for Python, as it is, against the local server."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec

import pytest

from rollbar_logging.server import LocalServer

pytestmark = pytest.mark.skipif(find_spec("rollbar") is None, reason="needs the package rollbar")

PROGRAM = """
import sys, logging
import rollbar
endpoint, token, size = sys.argv[1], sys.argv[2], int(sys.argv[3])
logging.basicConfig(level="WARNING", stream=sys.stdout)
rollbar.init(token, "pyrollbar-test", endpoint=endpoint, handler="blocking", capture_ip=True)

def fail(value):
    raise ZeroDivisionError("no " + value)

try:
    try:
        fail("luck")
    except ZeroDivisionError as error:
        raise LookupError("outer") from error
except LookupError:
    print(rollbar.report_exc_info(extra_data={"order": 5}))
print(rollbar.report_message("a message " + "x" * size, "warning", extra_data={"k": "v"}))
"""


def run(server: LocalServer, token: str, size: int = 0) -> str:
    """Run the program; return what it printed."""
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", PROGRAM, server.endpoint, token, str(size)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
    )
    return done.stdout


def test_its_exceptions_and_messages_arrive() -> None:
    """A chain of exceptions and a message are stored under the uuids that it returned."""
    with LocalServer() as server:
        uuids = run(server, server.tokens["post_server_item"]).split()
        error, message = server.occurrences()

    assert uuids == [error.uuid, message.uuid]
    chain = error.data["body"]["trace_chain"]
    assert [trace["exception"]["class"] for trace in chain] == ["LookupError", "ZeroDivisionError"]
    assert chain[1]["frames"][-1]["locals"]["value"].strip("'") == "luck"
    assert error.data["custom"]["order"] == 5
    assert (error.title, error.level, error.environment) == ("LookupError: outer", "error", "pyrollbar-test")
    assert (message.title.strip(), message.level) == ("a message", "warning")
    assert error.data["notifier"]["name"] == "pyrollbar"


def test_its_wrong_token_is_refused_in_words_it_logs() -> None:
    """With an unknown token nothing arrives, and its log says why in the server's words."""
    with LocalServer() as server:
        printed = run(server, "unknown-token")

        assert server.occurrences() == []
        assert server.stats().refused == {403: 2}
    assert "access token not found: unknown-token" in printed


def test_its_branch_for_bodies_that_are_too_large_is_taken() -> None:
    """A 413 makes it send its stand-in, which arrives and names the uuid of what was too large."""
    with LocalServer(max_body=32_768) as server:
        uuids = [
            line for line in run(server, server.tokens["post_server_item"], 50_000).splitlines() if len(line) == 36
        ]
        error, stand_in = server.occurrences()

        assert server.stats().refused == {413: 1}
    assert error.uuid == uuids[0]
    assert stand_in.data["failsafe"] is True
    assert stand_in.data["custom"]["orig_uuid"] == uuids[1]


def test_its_branch_for_the_rate_limit_is_taken() -> None:
    """A 429 makes it drop the item with a warning."""
    with LocalServer(rate_limit=(1, 3600.0)) as server:
        printed = run(server, server.tokens["post_server_item"])

        assert len(server.occurrences()) == 1
        assert server.stats().tokens["post_server_item"] == (2, 1)
    assert "rate limit" in printed.lower()
