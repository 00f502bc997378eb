"""A server, and the command line pointed at it by the environment."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import pytest

from rollbar_logging.cli import main
from rollbar_logging.server import LocalServer


class Done(NamedTuple):
    """What a command left."""

    status: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        """The lines of standard output."""
        return self.out.splitlines()

    @property
    def objects(self) -> list[dict[str, Any]]:
        """Standard output as JSON lines."""
        return [json.loads(line) for line in self.lines]


Command = Callable[..., Done]


@contextmanager
def once_answered(words: str, action: Callable[[], object]) -> Iterator[None]:
    """Do something as soon as a call with those words in its line has been answered, before the caller goes on."""

    class Watcher(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if words in record.getMessage():
                logger.removeHandler(self)
                action()

    logger = logging.getLogger("urllib3.connectionpool")
    level, watcher = logger.level, Watcher()
    logger.addHandler(watcher)
    logger.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        logger.removeHandler(watcher)
        logger.setLevel(level)


@pytest.fixture
def server() -> Iterator[LocalServer]:
    """A server that nobody has called yet."""
    with LocalServer(rate_limit=None) as up:
        yield up


@pytest.fixture
def command(server: LocalServer, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    """Run a command with the token of that name in the environment."""
    monkeypatch.setenv("ROLLBAR_ENDPOINT", server.endpoint)

    def run(*words: str, token: str = "read") -> Done:  # noqa: S107 - a token's name
        variable = "ROLLBAR_ACCOUNT_TOKEN" if token.startswith("account") else "ROLLBAR_ACCESS_TOKEN"
        monkeypatch.setenv(variable, server.tokens[token])
        capsys.readouterr()
        status = main(list(words))
        captured = capsys.readouterr()
        return Done(status, captured.out, captured.err)

    return run
