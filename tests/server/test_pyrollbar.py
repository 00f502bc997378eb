"""Rollbar's own client for Python, as it is, against the local server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec

import pytest

from rollbar_logging.server import LocalServer
from tests.server.conftest import Caller, item

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


LOGGING_PROGRAM = """
import logging, sys
import rollbar
from rollbar.logger import RollbarHandler
rollbar.init(sys.argv[2], "pyrollbar-test", endpoint=sys.argv[1], handler="blocking", root="/srv/app")
handler = RollbarHandler(history_size=3)
handler.setLevel("DEBUG")
logger = logging.getLogger("shop")
logger.setLevel("DEBUG")
logger.addHandler(handler)
logger.debug("quiet")
logger.info("paid %s", 5, extra={"order": "A-1"})
logger.warning("slow", extra={"extra_data": {"seconds": 2.5}})
try:
    {}["id"]
except KeyError:
    logger.exception("no %s", "luck")
logger.critical("down")
print("done")
"""

SEARCHING_PROGRAM = """
import json, sys
import rollbar
rollbar.init(sys.argv[2], "pyrollbar-test", endpoint=sys.argv[1], handler="blocking")
found = rollbar.search_items("boom", return_fields=["counter", "title"], level="error")
pages = [found, found.next_page(), found.prev_page()]
print(json.dumps([[type(page).__name__, page.page, page.data["items"]] for page in pages]))
try:
    rollbar.search_items("boom", access_token="wrong")
except rollbar.ApiError as error:
    print(json.dumps(str(error)))
"""


def python(program: str, *arguments: str, stdin: str = "") -> str:
    """Run a program with the client; return what it printed."""
    done = subprocess.run(  # noqa: S603 - our own programs
        [sys.executable, "-W", "ignore", "-c", program, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        input=stdin,
    )
    return done.stdout


def test_the_reports_of_its_logging_handler_arrive() -> None:
    """Records of every level, with their arguments and extras, and an exception with its text beside it."""
    with LocalServer() as server:
        python(LOGGING_PROGRAM, server.endpoint, server.tokens["post_server_item"])
        quiet, paid, slow, error, down = server.occurrences()
        items = server.items()

    assert [each.level for each in (quiet, paid, slow, error, down)] == [
        "debug",
        "info",
        "warning",
        "error",
        "critical",
    ]
    assert [each.title for each in (quiet, paid, slow, error, down)] == [
        "quiet",
        "paid 5",
        "slow",
        "KeyError: 'id'",
        "down",
    ]
    assert paid.data["custom"]["order"].strip("'") == "A-1"
    assert paid.data["custom"]["record"]["name"] == "shop"
    assert slow.data["custom"]["seconds"] == 2.5
    assert error.data["body"]["trace"]["exception"]["description"] == "no luck"
    assert error.data["server"]["root"] == "/srv/app"
    assert [step["format"] for step in down.data["server"]["history"]] == ["paid %s", "slow", "no %s"]
    assert len(items) == 5


def test_its_search_finds_items_page_by_page() -> None:
    """``search_items`` finds by title and level, answers the fields it asked for, and turns pages."""
    with LocalServer() as server, Caller(server).session as session:
        headers = {"X-Rollbar-Access-Token": server.tokens["post_server_item"]}
        for payload in (item("boom one", level="error"), item("boom two", level="info"), item("other", level="error")):
            session.post(server.endpoint + "item/", json=payload, headers=headers)
        pages, wrong = python(SEARCHING_PROGRAM, server.endpoint, server.tokens["read"]).splitlines()

    found = [{"counter": 1, "title": "boom one"}]
    assert json.loads(pages) == [["PagedResult", 1, found], ["PagedResult", 2, []], ["PagedResult", 1, found]]
    assert json.loads(wrong) == "access token not found: wrong"


def test_its_command_reports_lines() -> None:
    """The client's command line sends what it is given, as an argument or on standard input."""
    with LocalServer() as server:
        options = ["-t", server.tokens["post_server_item"], "-e", "shell", "-u", server.endpoint]
        program = "import sys; from rollbar.cli import main; main()"
        python(program, *options, "warning", "disk", "full")
        python(program, *options, stdin="error one\ncritical two\n")
        arrived = server.occurrences()

    assert [(each.level, each.title) for each in arrived] == [
        ("warning", "disk full"),
        ("error", "one"),
        ("critical", "two"),
    ]
    assert {each.environment for each in arrived} == {"shell"}


def test_its_branch_for_rejected_items_is_taken() -> None:
    """A 422 is logged in the server's words; what was rejected shows in the project as an API error."""
    program = PROGRAM.replace('extra_data={"k": "v"}', 'payload_data={"level": 7}')
    with LocalServer() as server:
        printed = python(program, server.endpoint, server.tokens["post_server_item"], "0")
        (told,) = server.occurrences(kind="api_error")

        assert len(server.occurrences()) == 1
    message = "Invalid format. data.level should be string."
    assert message in printed
    assert told.title == f"API error: {message}"
