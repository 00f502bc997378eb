"""`LocalRollbar`: a server of a test's own, for what other processes report, or for the whole way over HTTP."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any

from rollbar_logging.handler import RollbarHandler
from rollbar_logging.testing.capture import UNHURRIED
from rollbar_logging.testing.report import Report
from rollbar_logging.testing.reports import wait_for

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from rollbar_logging.server import LocalServer, StoredItem
    from rollbar_logging.settings import Options


class LocalRollbar:
    """A server that speaks the Rollbar API, in a thread, on a free port of this machine, in memory.

    For use with ``with``. It needs the extra ``server``. Its own rate limit is off unless asked for::

        with LocalRollbar() as rollbar:
            subprocess.run(["shop"], env={**os.environ, **rollbar.environ}, check=True)
            assert_reported(rollbar.wait_for(), message="sold out")

    Args:
        access_token: The token with the scope ``post_server_item``; by default a new one.
        rate_limit: Calls and seconds of each token's window, or ``None`` for no limit.

    Attributes:
        server: The `LocalServer` below, for whatever else is wanted of it.
    """

    def __init__(self, *, access_token: str | None = None, rate_limit: tuple[int, float] | None = None) -> None:
        # Imported here: pytest imports this module in every suite.
        from rollbar_logging.server import LocalServer  # noqa: PLC0415

        self.server: LocalServer = LocalServer(access_token=access_token, rate_limit=rate_limit)
        self._handlers: list[RollbarHandler] = []
        self._cleared = 0

    @property
    def endpoint(self) -> str:
        """The handler's option ``endpoint``, with a final slash."""
        return self.server.endpoint

    @property
    def access_token(self) -> str:
        """The handler's option ``access_token``."""
        return self.server.tokens["post_server_item"]

    @property
    def url(self) -> str:
        """Address of the page that shows what came."""
        return self.server.url

    @property
    def environ(self) -> dict[str, str]:
        """Environment variables that have another process report here, past any proxy."""
        passed = {name: os.environ.get(name) or os.environ.get(name.swapcase()) for name in ("NO_PROXY", "no_proxy")}
        return {
            "ROLLBAR_ACCESS_TOKEN": self.access_token,
            "ROLLBAR_ENDPOINT": self.endpoint,
            "ROLLBAR_ENABLED": "true",
            **{name: ",".join(filter(None, (hosts, "127.0.0.1"))) for name, hosts in passed.items()},
        }

    @property
    def reports(self) -> list[Report]:
        """What has arrived, in the order of arrival; all that was logged to `handler` before."""
        self._deliver()
        arrived = self.server.occurrences()
        return [Report(one.data, one.body_bytes) for one in arrived if one.id > self._cleared]

    def __iter__(self) -> Iterator[Report]:
        """Go through `reports`, so that an assertion takes the server itself."""
        return iter(self.reports)

    @property
    def items(self) -> list[StoredItem]:
        """What has arrived, grouped as Rollbar does it; the last active item first."""
        self._deliver()
        return self.server.items()

    def handler(self, **options: Unpack[Options]) -> RollbarHandler:
        """Return a handler that reports here; it is closed with the server.

        Args:
            options: Its options. By default it reports at once, on one connection, however often.
        """
        given: dict[str, Any] = {
            **UNHURRIED,
            "max_connections": 1,
            "access_token": self.access_token,
            "endpoint": self.endpoint,
            **options,
        }
        handler = RollbarHandler(**given)
        self._handlers.append(handler)
        return handler

    def wait_for(self, count: int = 1, *, timeout: float = 10.0, **wanted: Any) -> list[Report]:
        """Wait for reports of another thread or process.

        Args:
            count: How many must match.
            timeout: Seconds.
            wanted: What they must be; see `assert_reported`. Without it, every report counts.

        Returns:
            Those that match.

        Raises:
            AssertionError: Fewer came in time.
        """
        __tracebackhide__ = True
        return wait_for(lambda: self.reports, count, timeout, wanted)

    def clear(self) -> None:
        """Leave what has arrived so far out of `reports`."""
        self._deliver()
        self._cleared = max((one.id for one in self.server.occurrences()), default=self._cleared)

    def _deliver(self) -> None:
        for handler in self._handlers:
            queued = sys.maxsize
            # A slow machine is no reason to miss reports: they are waited for as long as they become fewer.
            while not handler.flush() and (left := handler.stats().queued) < queued:
                queued = left

    def start(self) -> None:
        """Take calls from now on.

        Raises:
            RollbarError: The extra ``server`` is not installed.
        """
        self.server.start()

    def stop(self) -> None:
        """Close the handlers that were made, and end."""
        for handler in self._handlers:
            handler.close()
        self.server.stop()

    def __enter__(self) -> LocalRollbar:  # noqa: PYI034 - typing.Self came with Python 3.11
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()
