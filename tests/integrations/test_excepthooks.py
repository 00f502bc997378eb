"""Failures that nobody catches, in programs of their own against the local server."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator

import pytest

from rollbar_logging.server import LocalServer, ReceivedOccurrence

BEGIN = """
import logging, sys, threading, warnings
from rollbar_logging import RollbarHandler
from rollbar_logging.integrations import excepthooks
logging.getLogger().addHandler(RollbarHandler())
"""


@pytest.fixture
def server() -> Iterator[LocalServer]:
    """A server that nobody has called yet."""
    with LocalServer() as up:
        yield up


def run(server: LocalServer, program: str, **environ: str) -> tuple[int, str, list[ReceivedOccurrence]]:
    """Run a program to its end; its status, what it wrote to standard error, and what arrived."""
    done = subprocess.run(  # noqa: S603 - our own words
        [sys.executable, "-c", BEGIN + textwrap.dedent(program)],
        env={
            **os.environ,
            "ROLLBAR_ENDPOINT": server.endpoint,
            "ROLLBAR_ACCESS_TOKEN": server.tokens["post_server_item"],
            "ROLLBAR_SHUTDOWN_TIMEOUT": "30",
            **environ,
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return done.returncode, done.stderr, server.occurrences()


def test_what_ends_the_program_is_reported(server: LocalServer) -> None:
    """Once, as critical; Python's own message and status are as ever."""
    status, told, arrived = run(
        server,
        """
        excepthooks.install()
        def work(secret="4111 1111 1111 1111"):
            raise ValueError("boom")
        work()
        """,
    )
    (occurrence,) = arrived

    assert status == 1
    assert told.rstrip().endswith("ValueError: boom")
    assert (occurrence.level, occurrence.title) == ("critical", "ValueError: boom")
    assert [frame["method"] for frame in occurrence.data["body"]["trace"]["frames"]] == ["<module>", "work"]
    assert "4111" not in str(occurrence.data)


def test_what_was_logged_before_is_not_reported_again(server: LocalServer) -> None:
    """Log and raise: one report."""
    _, told, arrived = run(
        server,
        """
        excepthooks.install()
        try:
            1 / 0
        except ZeroDivisionError:
            logging.exception("logged")
            raise
        """,
    )

    assert "ZeroDivisionError" in told
    assert [occurrence.data["body"]["trace"]["exception"].get("description") for occurrence in arrived] == ["logged"]


@pytest.mark.parametrize("ending", ["sys.exit(3)", "raise KeyboardInterrupt"])
def test_an_end_that_is_no_failure_is_not_reported(server: LocalServer, ending: str) -> None:
    """Neither an exit nor Ctrl+C."""
    status, _, arrived = run(server, f"excepthooks.install()\n{ending}")

    assert status != 0
    assert arrived == []


def test_threads_and_finalizers(server: LocalServer) -> None:
    """What ends a thread is reported with its name, what cannot be raised as an error; the program goes on."""
    status, told, arrived = run(
        server,
        """
        excepthooks.install()
        def work():
            raise ValueError("in a thread")
        thread = threading.Thread(target=work, name="worker-7")
        thread.start()
        thread.join()
        class Odd:
            def __del__(self):
                raise KeyError("in a finalizer")
        Odd()
        """,
    )

    assert status == 0
    assert [(each.title, each.level) for each in arrived] == [
        ("ValueError: in a thread", "critical"),
        ("KeyError: 'in a finalizer'", "error"),
    ]
    assert arrived[0].data["body"]["trace"]["exception"]["description"] == "the thread worker-7 ended"
    assert "in a thread" in told
    assert "in a finalizer" in told


def test_warnings_by_choice(server: LocalServer) -> None:
    """As warnings with their place, where the handler takes such; they are shown as ever."""
    _, told, arrived = run(
        server,
        """
        excepthooks.install(with_warnings=True)
        warnings.warn("old")
        """,
        ROLLBAR_LEVEL="WARNING",
    )

    assert "UserWarning: old" in told
    assert [(each.title, each.level) for each in arrived] == [("UserWarning: old", "warning")]


def test_a_second_call_takes_the_place_of_the_first(server: LocalServer) -> None:
    """A warning is one report, and undone is undone; a hook that only looks like one of ours is called."""
    _, told, arrived = run(
        server,
        """
        import functools
        before = warnings.showwarning
        excepthooks.install(with_warnings=True)
        excepthooks.install(with_warnings=True).uninstall()
        assert warnings.showwarning is before
        excepthooks.install(with_warnings=True)
        hooks = excepthooks.install(with_warnings=True)
        warnings.warn("old")
        hooks.uninstall()
        excepthooks.install()
        @functools.wraps(sys.excepthook)
        def mine(*args):
            sys.stderr.write("mine\\n")
        sys.excepthook = mine
        excepthooks.install()
        raise ValueError("boom")
        """,
        ROLLBAR_LEVEL="WARNING",
    )

    assert told.endswith("mine\n")
    assert sorted(each.title for each in arrived) == ["UserWarning: old", "ValueError: boom"]


def test_what_stood_there_before_is_called_and_comes_back(server: LocalServer) -> None:
    """Another hook is called, and is there again afterwards; one that came later is left alone."""
    status, told, arrived = run(
        server,
        """
        def mine(*args):
            sys.stderr.write("mine\\n")
        sys.excepthook = mine
        hooks = excepthooks.install()
        assert sys.excepthook is not mine
        threading.excepthook = mine
        hooks.uninstall()
        assert sys.excepthook is mine and threading.excepthook is mine
        excepthooks.install()
        raise ValueError("boom")
        """,
    )

    assert (status, told) == (1, "mine\n")
    assert len(arrived) == 1


def test_a_handler_that_fails_does_not_hide_the_failure(server: LocalServer) -> None:
    """The program's own end is as it would be."""
    status, told, arrived = run(
        server,
        """
        excepthooks.install()
        logging.getLogger().handlers[0].addFilter(lambda record: 1 / 0)
        raise ValueError("boom")
        """,
    )

    assert status == 1
    assert told.rstrip().endswith("ValueError: boom")
    assert arrived == []
