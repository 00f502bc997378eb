"""The application under uvicorn: a socket, a thread or the calling one, and an end that leaves nothing."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from types import FrameType

import uvicorn

from rollbar_logging.errors import RollbarError
from rollbar_logging.server.app import LocalApp
from rollbar_logging.server.parts import Parts

_log = logging.getLogger(__name__)

_BACKLOG = 1024
_KEEP_ALIVE = 75
"""Seconds that an idle connection stays open: longer than clients keep theirs, so that they close first."""
_GRACE = 3
"""Seconds that calls may take to finish after the end was asked for."""


class Running:
    """A listening server; nothing is taken before `start` or `run`."""

    def __init__(self, parts: Parts, host: str, port: int) -> None:
        """Listen.

        Raises:
            RollbarError: The address is taken, or is none of this machine's.
        """
        self._socket = _listen(host, port)
        self._server = _Server(
            uvicorn.Config(
                LocalApp(parts),
                lifespan="off",
                ws="none",
                log_config=None,
                server_header=False,
                timeout_keep_alive=_KEEP_ALIVE,
                timeout_graceful_shutdown=_GRACE,
            )
        )
        self._thread = threading.Thread(target=self._run, name="rollbar-local-server", daemon=True)
        self._failure: BaseException | None = None
        self.url = _url(host, self._socket.getsockname()[1])

    def start(self) -> None:
        """Run in a thread; on return calls are taken."""
        self._thread.start()
        self._server.is_up.wait()
        if self._failure is not None:
            raise RollbarError(f"the local server could not be started: {self._failure}") from self._failure

    def run(self, on_ready: Callable[[], None]) -> None:
        """Run on the calling thread until a signal."""
        self._server.on_ready = on_ready
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

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.is_up = threading.Event()
        self.on_ready: Callable[[], None] = _nothing

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.is_up.set()
        self.on_ready()

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


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise RollbarError(f"cannot listen on {host}: {error.strerror or error}") from error
    try:
        if os.name == "posix":
            # Start again at once after a stop; connections of before may still be winding down.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise RollbarError(f"port {port} of {host} is taken: choose another one") from error
        raise RollbarError(f"cannot listen on {host}, port {port}: {error.strerror}") from error
    except BaseException:
        listener.close()
        raise
    return listener


def _url(host: str, port: int) -> str:
    shown = {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - to be shown only
    return f"http://[{shown}]:{port}/" if ":" in shown else f"http://{shown}:{port}/"
