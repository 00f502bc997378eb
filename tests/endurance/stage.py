"""What the endurance programs share: what has arrived at the server, child processes, and a verdict."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from rollbar_logging.delivery.spool import Spool
from tests.loopback import Loopback, Received
from tests.pipelines import TOKEN

ROOT = Path(__file__).parents[2]


class Arrival(NamedTuple):
    """One request, without its body.

    Attributes:
        moment: Monotonic seconds.
        number: What the program that logged has called the report; empty for the product's own words.
        uuid: The item's.
        status: What it was answered, or would have been but for a fault.
        window: What tells the window of the server's rate limit from others.
    """

    moment: float
    number: str
    uuid: str
    status: int
    window: float


class Arrivals(list[Received]):
    """In place of `Loopback.requests`: keeps little of each request, so that it may be asked for a long time.

    Attributes:
        all: What arrived, in order.
        delivered: By number, the uuids of what was answered with success.
        last_status: By uuid, what it was answered last.
    """

    def __init__(self) -> None:
        super().__init__()
        self.all: list[Arrival] = []
        self.delivered: dict[str, set[str]] = {}
        self.last_status: dict[str, int] = {}
        self._server: Loopback | None = None

    def serve(self, port: int = 0) -> Loopback:
        """Start a server whose requests are kept here, as those of the one before it."""
        server = Loopback(port=port)
        server.requests = self
        self._server = server
        return server

    def append(self, received: Received) -> None:
        """Keep what matters of a request; called by the server, one at a time."""
        if len(received.body) < int(received.headers["content-length"]):
            return  # its sender was killed in the middle of it
        data = received.item["data"]
        number, uuid = str(data.get("custom", {}).get("number", "")), data["uuid"]
        window = self._server._window.ends_at if self._server is not None else 0.0
        self.all.append(Arrival(time.monotonic(), number, uuid, received.status, window))
        self.last_status[uuid] = received.status
        if received.status == 200 and number:
            self.delivered.setdefault(number, set()).add(uuid)

    @property
    def repeated(self) -> int:
        """How many successes were for a report that had one already: its answer was lost."""
        successes = Counter(arrival.uuid for arrival in self.all if arrival.status == 200)
        return sum(number - 1 for number in successes.values())

    @property
    def twice(self) -> list[str]:
        """The numbers of what was delivered under several uuids."""
        return [number for number, uuids in self.delivered.items() if len(uuids) > 1]


class Verdict:
    """What a run says in the end: lines to read, and whether all that must hold did."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.failures: list[str] = []

    def say(self, line: str) -> None:
        """Tell a figure."""
        self.lines.append(line)

    def must(self, holds: bool, otherwise: str) -> None:
        """Ask for something that must hold."""
        if not holds:
            self.failures.append(otherwise)

    def end(self) -> int:
        """Print it all, and return the exit status."""
        marks = [f"FAILED: {failure}" for failure in self.failures] or ["all of it holds"]
        sys.stdout.write("\n".join([*self.lines, *marks, ""]))
        return 1 if self.failures else 0


def environment(endpoint: str, **options: object) -> dict[str, str]:
    """Make the environment of a child: this checkout, no options but these, no proxies."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("ROLLBAR_", "COV_", "PYTHON")) and not name.lower().endswith("_proxy")
    }
    given = {"access_token": TOKEN, "endpoint": endpoint, "storm_limit": 0, **options}
    return {
        **kept,
        "PYTHONPATH": str(ROOT),
        **{f"ROLLBAR_{name.upper()}": str(value) for name, value in given.items()},
    }


@contextlib.contextmanager
def child(program: str, environ: dict[str, str], *arguments: object) -> Iterator[subprocess.Popen[str]]:
    """Run a program of this package; when left, it has ended, whatever happened.

    Its error stream goes to ``stderr`` of the folder in the environment's ``ROLLBAR_SPOOL_DIR``'s parent.
    """
    errors = Path(environ["ROLLBAR_SPOOL_DIR"]).parent / "stderr"
    with (
        errors.open("a", encoding="utf-8") as stream,
        subprocess.Popen(  # noqa: S603 - our own interpreter, our own program
            [sys.executable, "-m", f"tests.endurance.{program}", *map(str, arguments)],
            env=environ,
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stream,
            text=True,
        ) as process,
    ):
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def last_word(process: subprocess.Popen[str], timeout: float) -> dict[str, Any]:
    """Wait for a child's end, and return what it said in its last line, as JSON; empty if it said nothing."""
    try:
        stdout, _ = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        return {}
    lines = stdout.splitlines()
    found: dict[str, Any] = json.loads(lines[-1]) if lines and process.returncode == 0 else {}
    return found


def spooled(folder: Path) -> dict[str, str]:
    """Return what is in the spool: by uuid, the number."""
    spool = Spool(str(folder), token=TOKEN)
    try:
        bodies = {kept.uuid: json.loads(kept.body) for kept in spool.entries()}
    finally:
        spool.close()
    return {uuid: str(body["data"].get("custom", {}).get("number", "")) for uuid, body in bodies.items()}


def told(folder: Path) -> Counter[str]:
    """Count what children wrote to their error streams, by the line."""
    with contextlib.suppress(FileNotFoundError):
        return Counter((folder / "stderr").read_text(encoding="utf-8").splitlines())
    return Counter()
