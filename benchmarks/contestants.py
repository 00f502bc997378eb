"""The contestants, each set up as its own documentation says, with a sink as its server.

What is not an option of the scene is left at its default. ``roomy`` widens queues so that nothing is dropped.
"""

from __future__ import annotations

import logging
from importlib.util import find_spec
from typing import Any

TOKEN = "0123456789abcdef0123456789abcdef"  # noqa: S105 - unlocks nothing

STORM_LIMIT, STORM_WINDOW = 60, 60.0
"""The options' defaults."""

MODULES = {
    "ours": "rollbar_logging",
    "queue": "logging.handlers",
    "pyrollbar": "rollbar",
    "sentry": "sentry_sdk",
    "requests": "requests",
}
"""What each contestant needs. ``queue`` and ``requests`` deliver nothing and report nothing: they are yardsticks."""

TITLES = {
    "ours": "rollbar_logging",
    "queue": "QueueHandler",
    "pyrollbar": "pyrollbar",
    "sentry": "sentry-sdk",
    "requests": "requests.Session",
}


def is_here(name: str) -> bool:
    """Whether the contestant's package is installed."""
    return find_spec(MODULES[name].partition(".")[0]) is not None


class Contestant:
    """One way to report, behind a logger."""

    def __init__(self, base: str, *, is_roomy: bool) -> None:
        self.logger = logging.getLogger("application")
        self.logger.propagate = False
        self.set_up(base, is_roomy=is_roomy)

    def set_up(self, base: str, *, is_roomy: bool) -> None:
        """Attach to the logger."""
        raise NotImplementedError

    def settle(self, timeout: float) -> bool:
        """Wait until all that was reported is delivered; whether it was, as far as can be told."""
        raise NotImplementedError

    def stats(self) -> dict[str, Any]:
        """Return the contestant's own counts, if it has any."""
        return {}


class Ours(Contestant):
    """`rollbar_logging.RollbarHandler`."""

    storm_limit = 0
    """No limit, for scenes in which every report is to be delivered and all are alike."""

    def set_up(self, base: str, *, is_roomy: bool) -> None:  # noqa: D102 - see Contestant
        from rollbar_logging import RollbarHandler  # noqa: PLC0415 - each process loads its own contestant

        options: dict[str, Any] = {"queue_size": 100_000, "queue_bytes": 1 << 30} if is_roomy else {}
        options |= {"storm_limit": self.storm_limit, "storm_window": STORM_WINDOW}
        self._handler = RollbarHandler(access_token=TOKEN, endpoint=f"{base}/ours/api/1/", **options)
        self.logger.addHandler(self._handler)

    def settle(self, timeout: float) -> bool:  # noqa: D102
        return self._handler.flush(timeout)

    def stats(self) -> dict[str, Any]:  # noqa: D102
        stats = self._handler.stats()._asdict()
        left = stats["sent"] + sum(stats["dropped"].values()) + stats["spooled"] + stats["queued"]
        return {**stats, "dropped": dict(stats["dropped"]), "adds_up": stats["accepted"] == left}


class Pyrollbar(Contestant):
    """``rollbar.logger.RollbarHandler``: a thread for each item."""

    def set_up(self, base: str, *, is_roomy: bool) -> None:  # noqa: ARG002, D102
        import rollbar  # noqa: PLC0415
        from rollbar.logger import RollbarHandler  # noqa: PLC0415

        rollbar.init(TOKEN, "production", endpoint=f"{base}/pyrollbar/api/1/", allow_logging_basic_config=False)
        self._wait = rollbar.wait
        self.logger.addHandler(RollbarHandler(level=logging.ERROR))

    def settle(self, timeout: float) -> bool:  # noqa: ARG002, D102 - it knows no bound, but its requests do
        self._wait()
        return True


class Sentry(Contestant):
    """sentry-sdk with its logging integration, which patches `logging.Logger`."""

    def set_up(self, base: str, *, is_roomy: bool) -> None:  # noqa: D102
        import sentry_sdk  # noqa: PLC0415

        options: dict[str, Any] = {"transport_queue_size": 100_000} if is_roomy else {}
        self._flush = sentry_sdk.flush
        sentry_sdk.init(dsn=f"{base.replace('//', f'//{TOKEN}@')}/sentry/1", **options)
        self.logger.addHandler(logging.NullHandler())

    def settle(self, timeout: float) -> bool:  # noqa: D102
        self._flush(timeout=timeout)
        return True


class Queue(Contestant):
    """The standard library's `QueueHandler`: prepares records for another thread, and delivers nothing."""

    def set_up(self, base: str, *, is_roomy: bool) -> None:  # noqa: ARG002, D102
        from logging.handlers import QueueHandler  # noqa: PLC0415
        from queue import Queue  # noqa: PLC0415

        self._queue: Any = Queue(-1)
        self.logger.addHandler(QueueHandler(self._queue))

    def settle(self, timeout: float) -> bool:  # noqa: ARG002, D102
        while not self._queue.empty():
            self._queue.get()
        return True


class Requests(Contestant):
    """A loop over ``requests.Session.post``: one connection, bodies ready before the start."""

    def set_up(self, base: str, *, is_roomy: bool) -> None:  # noqa: ARG002, D102
        import requests  # noqa: PLC0415

        self._session = requests.Session()
        self._url = f"{base}/requests/api/1/item/"
        self._headers = {"X-Rollbar-Access-Token": TOKEN, "Content-Type": "application/json"}

    def post(self, body: bytes) -> None:
        """Send one body."""
        self._session.post(self._url, data=body, headers=self._headers, timeout=10).raise_for_status()

    def settle(self, timeout: float) -> bool:  # noqa: ARG002, D102
        return True


CLASSES: dict[str, type[Contestant]] = {
    "ours": Ours,
    "queue": Queue,
    "pyrollbar": Pyrollbar,
    "sentry": Sentry,
    "requests": Requests,
}
