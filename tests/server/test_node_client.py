"""Rollbar's own client for node, as npm gives it, against the local server."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from rollbar_logging.server import LocalServer

PROGRAM = Path(__file__).parent.parent / "programs" / "node_client.cjs"


class Ran(NamedTuple):
    """What the program printed: the outcome of each of its three reports by name, and its log."""

    errors: dict[str, str | None]
    uuids: dict[str, str | None]
    log: str


def run(server: LocalServer, modules: Path, token: str | None = None, size: int = 0, **options: Any) -> Ran:
    """Run the program."""
    arguments = [
        server.endpoint + "item/",
        token or server.tokens["post_server_item"],
        json.dumps(options),
        str(size),
    ]
    done = subprocess.run(  # noqa: S603 - our own program
        [str(shutil.which("node")), str(PROGRAM), *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        env={**os.environ, "NODE_PATH": str(modules)},
    )
    told = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    return Ran(
        {each["name"]: each["error"] for each in told},
        {each["name"]: (each["answer"] or {}).get("uuid") for each in told},
        done.stdout + done.stderr,
    )


def test_its_reports_arrive(node_modules: Path) -> None:
    """Exceptions with their causes, messages, unhandled rejections and uncaught exceptions are stored."""
    with LocalServer() as server:
        ran = run(server, node_modules)
        arrived = {each.title: each for each in server.occurrences()}
        assert server.stats().refused == {}

    assert ran.errors == {"error": None, "message": None, "critical": None}
    assert list(arrived) == ["Error: outer", "a message", "third", "TypeError: rejected", "SyntaxError: uncaught"]
    error, message = arrived["Error: outer"], arrived["a message"]
    assert [each.uuid for each in list(arrived.values())[:3]] == list(ran.uuids.values())
    assert [each.level for each in (error, message, arrived["third"])] == ["error", "warning", "critical"]
    chain = error.data["body"]["trace_chain"]
    assert [trace["exception"]["class"] for trace in chain] == ["Error", "RangeError"]
    assert chain[0]["frames"][-1]["filename"] == str(PROGRAM)
    assert (error.data["framework"], error.data["language"], error.data["code_version"]) == (
        "node-js",
        "javascript",
        "1.2.3",
    )
    assert error.data["notifier"]["name"] == "node_rollbar"
    assert (error.data["person"], error.environment) == ({"id": 7, "username": "ann"}, "node-test")
    assert message.data["body"]["message"]["body"].strip() == "a message"


@pytest.mark.parametrize(
    ("server_options", "options", "token", "message"),
    [
        ({}, {}, "unknown-token", "access token not found: unknown-token"),
        (
            {},
            {},
            "read",
            "insufficient privileges: post_server_item scope is required but the access token only has read.",
        ),
        (
            {},
            {"payload": {"person": {"name": "ann"}}},
            None,
            "Invalid format. data.person.id is missing and it is required.",
        ),
        ({"max_body": 600}, {}, None, "request entity too large"),
    ],
)
def test_its_branch_for_errors_is_taken(
    node_modules: Path, server_options: dict[str, Any], options: dict[str, Any], token: str | None, message: str
) -> None:
    """It reads the JSON of every refusal, hands the message to the caller and logs it."""
    with LocalServer(**server_options) as server:
        ran = run(server, node_modules, server.tokens.get(token or "", token), **options)
        assert server.occurrences() == []

    assert set(ran.errors.values()) == {f"Api error: {message}"}
    assert f"Received error: {message}" in ran.log


def test_only_what_is_too_large_is_refused(node_modules: Path) -> None:
    """A message over the limit is refused, and its neighbours arrive."""
    with LocalServer(max_body=32_768) as server:
        ran = run(server, node_modules, size=50_000)
        titles = [each.title for each in server.occurrences()]

    assert ran.errors == {"error": None, "message": "Api error: request entity too large", "critical": None}
    assert titles[:2] == ["Error: outer", "third"]


def test_it_pauses_at_the_rate_limit(node_modules: Path) -> None:
    """It reads from the 429's headers that nothing is left, and holds back what follows by itself."""
    with LocalServer(rate_limit=(1, 3600.0)) as server:
        token = server.tokens["post_server_item"]
        ran = run(server, node_modules)

        assert server.stats().tokens["post_server_item"] == (2, 1)
        assert [each.title for each in server.occurrences()] == ["Error: outer"]
    assert ran.errors == {
        "error": None,
        "message": f"Api error: Over rate limit. Access token: {token}",
        "critical": "Exceeded rate limit",
    }
