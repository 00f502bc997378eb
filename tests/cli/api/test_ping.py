"""Whether the API is there, and whether a report arrives."""

from __future__ import annotations

import re

from rollbar_logging.server import LocalServer
from tests.cli.api.conftest import Command


def test_ping(server: LocalServer, command: Command) -> None:
    """Pong with the time it took; 5 when nobody is there."""
    assert re.fullmatch(rf"pong from {re.escape(server.endpoint)} in \d+ ms\n", command("ping").out)
    (told,) = command("ping", "--json").objects
    assert (told["answer"], told["endpoint"], told["seconds"] > 0) == ("pong", server.endpoint, True)
    server.stop()
    for words in (["ping"], ["ping", "--json"]):
        gone = command(*words, "--endpoint", server.endpoint)
        assert (gone.status, gone.out) == (5, "")


def test_a_test_report_arrives(server: LocalServer, command: Command) -> None:
    """By the handler, with the options of the environment; its uuid is printed."""
    done = command("test", "hello", "--level", "warning", token="post_server_item")

    assert done.status == 0, done.err
    (arrived,) = server.occurrences()
    assert (arrived.uuid, arrived.title, arrived.level) == (done.out.strip(), "hello", "warning")
    (told,) = command("test", "hello", "--json", token="post_server_item").objects
    assert told == {"uuid": server.occurrences()[-1].uuid, "level": "error", "message": "hello"}
    assert told["uuid"] != arrived.uuid


def test_a_test_report_that_does_not_arrive_says_so(command: Command) -> None:
    """With a token that may not post, the reason is told."""
    done = command("test", token="read")

    assert done.status == 1
    assert "has not arrived (" in done.err
