"""Processes that answer lines of JSON: the sink and one worker for each contestant. The side that asks.

Each has a process of its own, since pyrollbar and sentry-sdk change what they share with others. None can outlive the
run: their standard input ends with it, and each asks for an end of its own after `LONGEST` seconds.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
LONGEST = 300
"""Seconds after which a process ends, whatever it is at."""


class Trouble(Exception):  # noqa: N818 - not only errors: a slow peer is a result too
    """A process ended, or did not answer in time; says why."""


class Helper:
    """A process that answers questions.

    Args:
        script: File beside this one.
        arguments: Its command line.
        environ: Its environment.
    """

    def __init__(self, script: str, *arguments: str, environ: Mapping[str, str]) -> None:
        self.name = arguments[0] if arguments else script
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed in `end`
        self._process = subprocess.Popen(  # noqa: S603 - our own script
            [sys.executable, str(HERE / script), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=dict(environ),
            bufsize=0,
        )
        self._buffer = b""
        self.hello = self._read(30)

    def ask(self, question: dict[str, Any], timeout: float = 60.0) -> dict[str, Any]:
        """Ask and wait for the answer.

        Raises:
            Trouble: There was none within *timeout* seconds. The process is ended then.
        """
        with contextlib.suppress(BrokenPipeError):
            self._stdin.write(json.dumps(question).encode() + b"\n")
        return self._read(timeout)

    def wait(self, timeout: float) -> dict[str, Any] | None:
        """Wait for the process to end by itself; returns the last line that it wrote, if any."""
        try:
            self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.end()
            raise Trouble(f"{self.name}: did not end within {timeout:g} s") from None
        with contextlib.suppress(Trouble):
            return self._read(1)
        return None

    def end(self) -> None:
        """End the process; may be called again."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._errors):
            if stream is not None:
                stream.close()

    @property
    def _stdin(self) -> Any:
        return self._process.stdin

    def _read(self, timeout: float) -> dict[str, Any]:
        stdout: Any = self._process.stdout
        deadline = time.monotonic() + timeout
        while b"\n" not in self._buffer:
            ready, _, _ = select.select([stdout], [], [], max(0.0, deadline - time.monotonic()))
            part = os.read(stdout.fileno(), 1 << 20) if ready else b""
            if not part:
                why = self._last_words() if ready else f"no answer within {timeout:g} s"
                self.end()
                raise Trouble(f"{self.name}: {why}")
            self._buffer += part
        line, _, self._buffer = self._buffer.partition(b"\n")
        answer: dict[str, Any] = json.loads(line)
        if "trouble" in answer:
            raise Trouble(f"{self.name}: {answer['trouble']}")
        return answer

    def _last_words(self) -> str:
        self._errors.seek(max(0, self._errors.seek(0, os.SEEK_END) - 2000))
        words = self._errors.read().decode(errors="replace").strip()
        return f"ended: {words[-600:] or 'without a word'}"


class Field:
    """Where the contest takes place: the sink, and how contestants get there.

    Args:
        contestants: Names of those who take part.
        environ: Environment of every process.
        is_quick: Whether to measure less.
    """

    def __init__(self, contestants: tuple[str, ...], environ: Mapping[str, str], *, is_quick: bool) -> None:
        self.contestants = contestants
        self.environ = environ
        self.is_quick = is_quick
        self._sink = Helper("sink.py", environ=environ)
        self.base = f"http://127.0.0.1:{self._sink.hello['port']}"

    def become(self, **behaviour: Any) -> None:
        """Set the sink's behaviour and start its counts anew."""
        self._sink.ask({"set": behaviour})

    def counts(self, name: str) -> dict[str, Any]:
        """Return what the sink got from *name*, and the number of windows."""
        found = self._sink.ask({"counts": True})
        nothing = {"requests": 0, "accepted": 0, "refused": 0, "bytes": 0, "uuids": 0}
        return {**found["senders"].get(name, nothing), "windows": found["windows"]}

    @contextlib.contextmanager
    def workers(self, names: tuple[str, ...], *flags: str, base: str | None = None) -> Iterator[dict[str, Helper]]:
        """Start a worker for each name that takes part, and end them all."""
        workers: dict[str, Helper] = {}
        try:
            for name in names:
                if name in self.contestants:
                    workers[name] = Helper("worker.py", name, base or self.base, *flags, environ=self.environ)
            yield workers
        finally:
            for worker in workers.values():
                worker.end()

    def end(self) -> None:
        """End the sink."""
        self._sink.end()
