"""Servers that run as they do in production: started by a command, asked over HTTP, ended by a signal."""

from __future__ import annotations

import contextlib
import http.client
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.loopback import Loopback
from tests.pipelines import TOKEN

ROOT = Path(__file__).parent.parent.parent
PATIENCE = 60

GRACE = ["--graceful-timeout", "8"]
"""For gunicorn: a worker that is only starting misses the signal to end, and is killed after so many seconds."""


def environment(loopback: Loopback, **options: object) -> dict[str, str]:
    """Variables for a process that reports to the server, and nothing else that could change what it does."""
    given = {"access_token": TOKEN, "endpoint": loopback.endpoint, "storm_limit": 0, **options}
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ROLLBAR_", "COV_", "PYTHON"))}
    options_there = {f"ROLLBAR_{name.upper()}": str(value) for name, value in given.items()}
    return {**kept, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", **options_there}


class Service:
    """A process in a session of its own, whose output is kept.

    Attributes:
        process: It.
        lines: What it and its children have said so far, on both streams.
    """

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.lines: list[str] = []
        self._changed = threading.Condition()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._changed:
                self.lines.append(line)
                self._changed.notify_all()
        with self._changed:
            self.lines.append("")  # the end
            self._changed.notify_all()

    @property
    def said(self) -> str:
        """All of its output."""
        return "".join(self.lines)

    def wait_for(self, pattern: str) -> re.Match[str]:
        """Wait until the process has said so."""

        def is_said() -> bool:
            return re.search(pattern, self.said) is not None or "" in self.lines

        with self._changed:
            self._changed.wait_for(is_said, PATIENCE)
        found = re.search(pattern, self.said)
        assert found, self.said
        return found

    def end(self, number: int = signal.SIGTERM) -> int:
        """Send a signal, wait until the process and its children are gone, and return the exit status."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.wait()

    def wait(self) -> int:
        """Wait until the process and its children are gone; those that stay are killed."""
        try:
            return self.process.wait(PATIENCE)
        finally:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self._reader.join()


@contextlib.contextmanager
def service(loopback: Loopback, *command: str, cwd: Path = ROOT, **options: object) -> Iterator[Service]:
    """Run a command; in the end it is gone, whatever happened."""
    with subprocess.Popen(  # noqa: S603 - our own commands
        command,
        env=environment(loopback, **options),
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        running = Service(process)
        try:
            yield running
        finally:
            running.end(signal.SIGKILL)


def python(*arguments: str) -> list[str]:
    """A command that runs this very interpreter."""
    return [sys.executable, *arguments]


def ask(port: int, path: str) -> bytes:
    """Ask a server, on a connection of its own."""
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        client.request("GET", path)
        return client.getresponse().read()
    finally:
        client.close()


def ask_often(port: int, count: int, at_once: int = 1) -> list[str]:
    """Ask for as many paths, so many at the same time, and return what the application logs of it."""
    paths = [f"/{i}" for i in range(count)]
    with ThreadPoolExecutor(at_once) as pool:
        assert set(pool.map(lambda path: ask(port, path), paths)) == {b"ok"}
    return [f"asked for {path}" for path in paths]
