"""A server with four days of history, whose clock stands still when nobody sets it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rollbar_logging.server import LocalServer
from tests.server.conftest import Caller, error_item, item

MIDNIGHT = 1_700_006_400
"""Of 2023-11-15, UTC; the history's last day, a Wednesday."""

HOUR = 3600
DAY = 86400
NOW = MIDNIGHT + 12 * HOUR + 20 * 60


class SetClock:
    """Unix seconds that are what they were set to."""

    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        """Return the seconds."""
        return self.now


class History:
    """The server's clock and caller, and what was told to it.

    Item 1: a ``ValueError`` in production; 1.0 twice, resolved after a day, again in 1.1 five times.
    Item 2: an ``info`` in staging, once, in 1.0.
    Item 3: a ``critical`` of the framework django in production, once, in 1.1.
    """

    def __init__(self, caller: Caller, clock: SetClock) -> None:
        self.caller = caller
        self.clock = clock

    def tell(self) -> None:
        """Let it all happen; on return it is `NOW`."""
        for at in (-3 * DAY + 10 * HOUR, -3 * DAY + 10 * HOUR + 59.5):
            self.post(at, error_item("boom", code_version="1.0", environment="production"))
        self.post(-2 * DAY + 9.5 * HOUR, item("hello", level="info", code_version="1.0", environment="staging"))
        self.clock.now = MIDNIGHT - 2 * DAY + 10 * HOUR
        self.resolve(1, "1.1")
        self.post(-DAY + 8.25 * HOUR, error_item("boom", code_version="1.1", environment="production"))
        for person in ("ann", "bob", "bob"):
            payload = error_item("boom", code_version="1.1", environment="production", person={"id": person})
            self.post(11 * HOUR + 600, payload)
        critical = item("down", level="critical", code_version="1.1", environment="production", framework="django")
        self.post(11 * HOUR + 3000, critical)
        self.post(12 * HOUR + 300.75, error_item("boom", code_version="1.1", environment="production"))
        self.clock.now = NOW

    def post(self, at: float, payload: Any) -> None:
        """Post an item so many seconds after the last day's midnight."""
        self.clock.now = MIDNIGHT + at
        assert self.caller.post(payload).status_code == 200

    def resolve(self, item_id: int, version: str) -> None:
        """Resolve an item in a version."""
        change = {"status": "resolved", "resolved_in_version": version}
        assert self.caller.call("PATCH", f"item/{item_id}", "write", json=change).status_code == 200

    def get(self, path: str) -> Any:
        """Return the result of a path that may be read."""
        return self._result(self.caller.call("GET", path))

    def ask(self, path: str, question: Any) -> Any:
        """Return the result of a question that is posted."""
        return self._result(self.caller.call("POST", path, json=question))

    def refusal(self, path: str, question: Any = None) -> tuple[int, str]:
        """Return status and message of a call that is refused."""
        answer = self.caller.call("GET" if question is None else "POST", path, json=question)
        assert answer.json()["err"] == 1
        return answer.status_code, answer.json()["message"]

    def _result(self, answer: Any) -> Any:
        assert (answer.status_code, answer.json()["err"]) == (200, 0), answer.text
        return answer.json()["result"]


@contextmanager
def told(database: str | Path | None) -> Iterator[History]:
    """Run a server on *database* to which the history has been told."""
    clock = SetClock(MIDNIGHT)
    with LocalServer(database=database, unix_clock=clock) as server:
        caller = Caller(server)
        with caller.session:
            history = History(caller, clock)
            history.tell()
            yield history
