"""The application under uvicorn: a socket, a thread or the calling one, and an end that leaves nothing."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

import uvicorn
from uvicorn.protocols.http.auto import AutoHTTPProtocol

from rollbar_logging.errors import RollbarError
from rollbar_logging.server.access_log import App
from rollbar_logging.server.background import Background
from rollbar_logging.server.connections import Guards

_log = logging.getLogger(__name__)

_GRACE = 3
"""Seconds that calls may take to finish after the end was asked for."""
_PIECE_BYTES = 512 * 1024
"""More than a connection is read at once: by so much may headers be too large before the guard sees it."""
_STREAM_GRACE = 0.5
"""Seconds after which answers that have begun and do not end, as streams of events, are cut off."""


_GC_THRESHOLDS = (20_000, 10, 20)
"""An item makes some 200 containers that are no garbage to be found: they go when their last user does."""


class Running:
    """A listening server; nothing is taken before `start` or `run`."""

    def __init__(self, app: App, listener: socket.socket, url: str, guards: Guards, background: Background) -> None:
        """Put the parts together.

        Args:
            app: Answers calls.
            listener: A listening socket, which is closed with this.
            url: Its address.
            guards: Of the connections.
            background: Runs while calls are taken.
        """
        self._socket = listener
        self._server = _Server(
            uvicorn.Config(
                guards.app(app),
                interface="asgi3",
                http=_guarded(guards),
                h11_max_incomplete_event_size=guards.limits.header_bytes + _PIECE_BYTES,
                lifespan="off",
                ws="none",
                log_config=None,
                server_header=False,
                proxy_headers=False,
                timeout_keep_alive=guards.limits.idle_seconds,
                timeout_graceful_shutdown=_GRACE,
            ),
            guards,
            background,
        )
        self._thread = threading.Thread(target=self._run, name="rollbar-local-server", daemon=True)
        self._failure: BaseException | None = None
        self.url = url

    def start(self) -> None:
        """Run in a thread; on return calls are taken."""
        self._thread.start()
        self._server.is_up.wait()
        if self._failure is not None:
            raise RollbarError(f"the local server could not be started: {self._failure}") from self._failure

    def run(self, on_ready: Callable[[], None]) -> None:
        """Run on the calling thread until a signal, in a process that does nothing else."""

        def ready() -> None:
            # What is there now stays. Looking through it again and again for garbage took half of the time of
            # a server under load, whose JSON makes the collector run often.
            gc.collect()
            gc.freeze()
            gc.set_threshold(*_GC_THRESHOLDS)
            on_ready()

        self._server.on_ready = ready
        with _own_log():
            self._server.run(sockets=[self._socket])

    def stop(self) -> None:
        """End, and wait for it."""
        self._server.should_exit = True
        if self._thread.ident is not None:
            self._thread.join()
        self._socket.close()

    def _run(self) -> None:
        try:
            with _own_log():
                self._server.run(sockets=[self._socket])
        except BaseException as error:  # noqa: BLE001 - it belongs to the thread that called start()
            self._failure = error
        finally:
            self._server.is_up.set()


class _Server(uvicorn.Server):
    """uvicorn's server, which says when it is up, and ends at a signal without dying of it."""

    def __init__(self, config: uvicorn.Config, guards: Guards, background: Background) -> None:
        super().__init__(config)
        self.is_up = threading.Event()
        self.on_ready: Callable[[], None] = _nothing
        self._guards = guards
        self._background = background

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        # In a loop of its own making: older versions of uvicorn give uvloop's to the whole process.
        loop = _new_loop()
        loop.set_debug(False)  # what it says of slow calls has no place in the server's log
        try:
            loop.run_until_complete(self.serve(sockets))
        finally:
            _end(loop)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._background.start()
        self.is_up.set()
        self.on_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await self._background.stop()
        self._guards.end_lingering()
        streams = asyncio.get_running_loop().call_later(_STREAM_GRACE, self._guards.end_answers)
        try:
            await super().shutdown(sockets)
        finally:
            streams.cancel()
            self._guards.end_all()
            await asyncio.sleep(0)  # they note their end

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self._exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _exit(self, _number: int, _frame: FrameType | None) -> None:
        self.force_exit = self.should_exit  # at the second signal
        self.should_exit = True


def _new_loop() -> asyncio.AbstractEventLoop:
    try:
        import uvloop  # noqa: PLC0415 - not on every system
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


def _end(loop: asyncio.AbstractEventLoop) -> None:
    """Cancel what is left in a loop, and close it, as `asyncio.run` does."""
    try:
        if left := asyncio.all_tasks(loop):
            for task in left:
                task.cancel()
            loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.run_until_complete(loop.shutdown_default_executor())
    finally:
        loop.close()


def _guarded(guards: Guards) -> Any:
    return guards.protocol(AutoHTTPProtocol)


def _nothing() -> None:
    pass


@contextlib.contextmanager
def _own_log() -> Iterator[None]:
    """While this thread serves, let uvicorn speak under our name, and only of what went wrong.

    The process may run another uvicorn, whose logs are none of our business; and it may report its own
    logs to this very server, where our name keeps a report from causing the next.
    """
    thread = threading.get_ident()

    def divert(record: logging.LogRecord) -> bool:
        if threading.get_ident() != thread:
            return True
        if record.levelno >= logging.WARNING:
            _log.log(record.levelno, "%s", record.getMessage(), exc_info=record.exc_info)
        return False

    loggers = [logging.getLogger("uvicorn.error"), logging.getLogger("uvicorn.access")]
    for logger in loggers:
        logger.addFilter(divert)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeFilter(divert)
