"""What the tests of the handler and its delivery share: occurrences, transports, handlers in use, programs."""

from __future__ import annotations

import contextlib
import itertools
import logging
import os
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from time import time
from typing import Any, NamedTuple

from rollbar_logging.capture.occurrence import Occurrence
from rollbar_logging.delivery.answer import Answer
from rollbar_logging.delivery.stats import Stats
from rollbar_logging.handler import RollbarHandler
from tests.loopback import Loopback, Received

TOKEN = "0123456789abcdef0123456789abcdef"
UNHURRIED = {"shutdown_timeout": "60", "capture_budget": "10"}
"""Options with which a slow machine delivers and captures all that a fast one does."""
_numbers = itertools.count(1)


def occurrence(level: str = "error", size: int = 100, message: str = "boom") -> Occurrence:
    """A captured message of a level and a size."""
    number = next(_numbers)
    return Occurrence(f"uuid-{number}", time(), level, 40, "application", message, None, (None,) * 7, size=size)


def adds_up(stats: Stats) -> bool:
    """Whether every accepted report is counted in exactly one place."""
    return stats.accepted == stats.sent + sum(stats.dropped.values()) + stats.spooled + stats.queued


class Gate:
    """A transport whose every send waits until the gate opens, and then succeeds.

    Attributes:
        bodies: What was delivered.
        entered: Released once for each send that has begun.
        is_open: The gate.
    """

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.entered = threading.Semaphore(0)
        self.is_open = threading.Event()

    def send(self, body: bytes, timeout: float) -> Answer:
        """Wait for the gate."""
        self.entered.release()
        self.is_open.wait(60)
        self.bodies.append(body)
        return Answer(200)

    def close(self) -> None:
        """Let everybody go."""
        self.is_open.set()


class Scripted:
    """A transport that answers by calling functions, one per send, the last one again and again."""

    def __init__(self, *answers: Callable[[], Answer]) -> None:
        self.bodies: list[bytes] = []
        self._answers = list(answers)

    def send(self, body: bytes, timeout: float) -> Answer:
        """Give the next answer."""
        self.bodies.append(body)
        return (self._answers.pop(0) if len(self._answers) > 1 else self._answers[0])()

    def close(self) -> None:
        """Nothing to give back."""


def made(loopback: Loopback, **options: Any) -> RollbarHandler:
    """A handler that posts to the server without delay and without a limit for storms, unless told otherwise."""
    defaults = {"access_token": TOKEN, "endpoint": loopback.endpoint, "flush_interval": 0, "storm_limit": 0}
    return RollbarHandler(**{**defaults, **UNHURRIED, **options})


@contextlib.contextmanager
def attached(loopback: Loopback, **options: Any) -> Iterator[tuple[logging.Logger, RollbarHandler]]:
    """A logger of its own and a handler on it; in the end the handler is off, and closed."""
    logger = logging.getLogger(f"application.{next(_numbers)}")
    logger.setLevel(logging.DEBUG)
    handler = made(loopback, **options)
    logger.addHandler(handler)
    try:
        yield logger, handler
    finally:
        logger.removeHandler(handler)
        handler.close()


def texts(loopback: Loopback, status: int = 200) -> list[str]:
    """The messages of the items that were answered with *status*, in order of arrival."""
    bodies = [request.item["data"]["body"] for request in reports(loopback) if request.status == status]
    return [body["message"]["body"] if "message" in body else body["trace"]["exception"]["message"] for body in bodies]


def uuids(loopback: Loopback, status: int | None = None) -> list[str]:
    """The uuids of all items, or of those that were answered with *status*, in order of arrival."""
    requests = [request for request in reports(loopback) if status in {None, request.status}]
    return [request.item["data"]["uuid"] for request in requests]


def reports(loopback: Loopback) -> list[Received]:
    """What the server received but for the product's own words on what was dropped."""
    return [request for request in loopback.requests if request.item["data"].get("custom", {}).get("dropped") is None]


class Ended(NamedTuple):
    """How a program ended."""

    returncode: int
    stdout: str
    stderr: str


def run(
    loopback: Loopback,
    program: str | Path,
    *arguments: str,
    flags: Sequence[str] = (),
    variables: Mapping[str, str] | None = None,
    **options: str,
) -> Ended:
    """Run a program with an interpreter of its own; its handlers post to the server.

    Args:
        loopback: The server.
        program: Source, or the path of a file.
        arguments: For the program.
        flags: For the interpreter.
        variables: Further environment variables.
        options: Further options of the handler, as environment variables.
    """
    what = [str(program)] if isinstance(program, Path) else ["-c", textwrap.dedent(program)]
    given = {"access_token": TOKEN, "endpoint": loopback.endpoint, "storm_limit": "0", **UNHURRIED, **options}
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("ROLLBAR_", "COV_", "PYTHON"))},
        "PYTHONPATH": str(Path(__file__).parent.parent),
        **{f"ROLLBAR_{name.upper()}": value for name, value in given.items()},
        **(variables or {}),
    }
    with subprocess.Popen(  # noqa: S603 - our own interpreter, our own program
        [sys.executable, *flags, *what, *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            stdout, stderr = process.communicate(timeout=180)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)  # its children hang as well, and keep the pipes open
            raise
    return Ended(process.returncode, stdout, stderr)
