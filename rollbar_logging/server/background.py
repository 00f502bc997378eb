"""What a server does now and then, beside answering: tasks that live as long as its event loop."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

from rollbar_logging.errors import RollbarError

_log = logging.getLogger(__name__)

Job = Callable[[], Awaitable[None]]


class Background:
    """Some jobs. For the event loop's thread."""

    def __init__(self, jobs: Sequence[Job]) -> None:
        """Keep the jobs; each runs until it is cancelled."""
        self._jobs = jobs
        self._tasks: list[asyncio.Future[None]] = []

    def start(self) -> None:
        """Begin all jobs."""
        self._tasks = [asyncio.ensure_future(job()) for job in self._jobs]

    async def stop(self) -> None:
        """End them, and wait for that."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def every(seconds: float, name: str, job: Job) -> None:
    """Do *job* now and again after each *seconds*, until cancelled.

    One that fails is told of in the log, once until it has worked again, and tried again.
    """
    is_well = True
    while True:
        try:
            await job()
            is_well = True
        except RollbarError:  # the server has been stopped
            return
        except Exception:  # noqa: BLE001 - a full disk, say: it may pass
            if is_well:
                _log.warning("%s failed, and is tried again", name, exc_info=True)
            is_well = False
        await asyncio.sleep(seconds)
