"""The spool's one file: opening it, one transaction at a time, and what to do when something is wrong with it.

SQLite in WAL mode: several processes read and write at once, and what was committed survives the end of the process,
SIGKILL included. ``synchronous=NORMAL`` waits for the disk only at checkpoints: a power cut may cost what was
committed since the last one, but does not damage the file.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from rollbar_logging.delivery.spool_owner import Owner
from rollbar_logging.delivery.spool_place import FILE_NAME, SpoolError, alone, inode, prepare_file, prepare_folder
from rollbar_logging.delivery.spool_schema import make_tables

if TYPE_CHECKING:
    import sqlite3

BUSY_TIMEOUT = 5.0
"""Seconds to wait for another thread, and then again for another process, before giving up.

SQLite keeps no line of those that wait: they ask again in steps of up to a tenth of a second. Among some twenty busy
processes of a loaded machine one may find the file taken each time for one or two seconds, without anything amiss.
"""

_PAUSE = 0.01
"""Seconds between two attempts where SQLite does not wait by itself."""

_INCREMENTAL = 2
"""How ``PRAGMA auto_vacuum`` tells it."""

_Result = TypeVar("_Result")
_SIDE_FILES = ("-wal", "-shm", "-journal")

_HELD = "another process holds it for too long: 'fuser -v' or 'lsof', with the file, tells which one"

_MENDS = (
    ("readonly", "the file or its folder may not be written to: give the process write access, or choose another"),
    ("full", "the disk is full: make room on it"),
    ("locked", _HELD),
    ("busy", _HELD),
    ("temporarily unavailable", "another process has been opening it for too long: see whether that one hangs"),
    ("unable to open", "the folder may not be written to, or the disk is full"),
    ("i/o", "the disk is full, over a quota, or failing"),
    ("no space", "the disk is full: make room on it"),
    ("read-only", "the file system may not be written to: choose another folder"),
    ("permission", "give the process access to the folder, or choose another"),
    ("not a directory", "choose a folder"),
    ("exists", "choose a folder"),
)
_BUSY = ("locked", "busy", "locking protocol")
_DAMAGE = ("malformed", "not a database", "encrypted", "no such table", "no such column", "unsupported file format")

_abandoned: list[object] = []
"""Connections inherited by a fork. They must not be closed, as that gives up the locks of the new ones."""


class SpoolFile:
    """An open spool file. Usable from several threads; `run` does one thing at a time.

    Args:
        folder: Where it is; made when needed.
        busy_timeout: Seconds, see `BUSY_TIMEOUT`.
        on_notice: Told in one line when a damaged file was put aside.

    Attributes:
        path: The file.
        recovered: What `on_notice` was told last, or ``None``.
    """

    def __init__(
        self, folder: str, *, busy_timeout: float = BUSY_TIMEOUT, on_notice: Callable[[str], None] | None = None
    ) -> None:
        self.path = Path(folder).absolute() / FILE_NAME
        self.recovered: str | None = None
        self._busy_timeout = self._patience = self._waits = busy_timeout
        self._on_notice = on_notice
        self._connection: sqlite3.Connection | None = None
        self._inode = 0
        self._is_news = self._is_over = False
        self.renew_lock()
        self._owner = Owner()

    @property
    def owner(self) -> Owner:
        """Who we are; another one after a fork."""
        if self._owner.pid != os.getpid():
            self.after_fork()
        return self._owner

    @property
    def is_open(self) -> bool:
        """Whether there is a connection of this process."""
        return self._connection is not None and self._owner.pid == os.getpid()

    def run(self, work: Callable[[sqlite3.Connection], _Result], *, writes: bool = True) -> _Result:
        """Do *work* in one transaction and return its result; if it raises, nothing has happened.

        Raises:
            SpoolError: It could not be done. A damaged file raises nothing: it is put aside, and a new one begun.
        """
        try:
            import sqlite3  # noqa: PLC0415 - only who uses a spool pays for it
        except ImportError as error:
            raise SpoolError(f"{self.path}: this Python was built without sqlite3: {error}") from error

        _ = self.owner  # notices a fork
        lock, patience = self._lock, self._patience
        if not lock.acquire(timeout=patience):
            raise SpoolError(f"{self.path}: another thread has been using it for {patience:g} s: try again")
        try:
            for is_last in (False, True):
                try:
                    return self._patiently(partial(self._attempt, work, "BEGIN IMMEDIATE" if writes else "BEGIN"))
                except (sqlite3.Error, OSError, ValueError, OverflowError) as error:  # noqa: PERF203 - of two turns
                    if is_last or not self._mend(error):
                        raise SpoolError(f"{self.path}: {_explained(error)}") from error
            raise AssertionError  # the last turn returns or raises
        finally:
            if self._is_over:
                self._disconnect()
            lock.release()
            self._tell()

    def hurry(self, seconds: float | None) -> None:
        """Wait for others no longer than so many seconds from now on, each time; ``None``: as at first."""
        self._patience = self._busy_timeout if seconds is None else min(max(seconds, 0.0), self._busy_timeout)

    def close(self, *, is_over: bool = False) -> None:
        """Close the file; it opens again by itself if it is used. Never raises.

        Args:
            is_over: Nobody closes it again: it is open then only while it is used.
        """
        lock, self._is_over = self._lock, is_over
        if self.is_open and lock.acquire(timeout=self._patience):
            try:
                self._disconnect()
            finally:
                lock.release()

    def after_fork(self) -> None:
        """Begin anew in a child: an inherited connection is neither used nor closed, and the owner is another."""
        connection, self._connection = self._connection, None
        if connection is not None:
            _abandon(connection)
        self._patience, self._is_over = self._busy_timeout, False
        self.renew_lock()
        self._owner = Owner()

    def renew_lock(self) -> None:
        """Take a lock of the present kind, after the library was patched."""
        self._lock = threading.Lock()

    def _tell(self) -> None:
        """Tell of a damaged file, without the lock: who is told may want to look into the spool."""
        if self._is_news:
            self._is_news = False
            if self._on_notice is not None and self.recovered is not None:
                with contextlib.suppress(Exception):  # the caller's business
                    self._on_notice(self.recovered)

    def _patiently(self, attempt: Callable[[], _Result]) -> _Result:
        """Try again where SQLite does not wait: as WAL mode is entered, and as the file's last user leaves."""
        import sqlite3  # noqa: PLC0415 - only who uses a spool pays for it

        deadline = time.monotonic() + self._patience
        while True:
            try:
                return attempt()
            except sqlite3.OperationalError as error:  # noqa: PERF203 - of few turns
                if not any(word in str(error) for word in _BUSY) or time.monotonic() >= deadline:
                    raise
                time.sleep(_PAUSE)

    def _attempt(self, work: Callable[[sqlite3.Connection], _Result], begin: str) -> _Result:
        connection = self._opened()
        if self._waits != self._patience:
            self._waits = self._patience
            connection.execute(f"PRAGMA busy_timeout={int(self._waits * 1000)}")
        connection.execute(begin)
        try:
            result = work(connection)
            connection.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(Exception):  # the first error is the one to tell
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
            raise
        return result

    def _opened(self) -> sqlite3.Connection:
        if self._connection is not None:
            if inode(self.path) == self._inode:
                return self._connection
            self._disconnect()  # the file was removed, or put aside by another process
        prepare_folder(self.path.parent)
        # One after the other: who enters WAL mode has to find all others away, and they would come again and again.
        with alone(self.path.parent, self._patience):
            self._connection = self._connect()
        return self._connection

    def _connect(self) -> sqlite3.Connection:
        import sqlite3  # noqa: PLC0415 - likewise

        patience = self._patience
        prepare_file(self.path)
        found = inode(self.path)
        # mode=rw: made by SQLite, the file would have whatever permissions the umask leaves.
        connection = sqlite3.connect(
            f"{self.path.as_uri()}?mode=rw",
            uri=True,
            timeout=patience,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            if connection.execute("PRAGMA auto_vacuum").fetchone()[0] != _INCREMENTAL:
                # Only then, since this waits for all who write, even where it changes nothing.
                connection.execute("PRAGMA auto_vacuum=INCREMENTAL")
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=NORMAL")
            connection.execute("PRAGMA journal_size_limit=1048576")
            make_tables(connection)
        except BaseException:
            connection.close()
            raise
        self._inode, self._waits = found, patience
        return connection

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(Exception):  # of a damaged or vanished file; there is nothing to save
                connection.close()

    def _mend(self, error: Exception) -> bool:
        """Do what makes another attempt worth while; ``False`` if nothing does."""
        had = self._inode if self._connection is not None else inode(self.path)
        if _is_damage(error):
            self._disconnect()
            return self._put_aside(had, str(error))
        if self._connection is not None and inode(self.path) != had:
            self._disconnect()  # it vanished under our hands
            return True
        return False

    def _put_aside(self, had: int, reason: str) -> bool:
        """Move the damaged file out of the way, unless another process was faster."""
        with contextlib.suppress(OSError), alone(self.path.parent, self._patience):
            if inode(self.path) != had:
                return True
            stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
            target = self.path.with_name(f"{FILE_NAME}.corrupt-{stamp}")
            for i in range(1, 100):
                if not os.path.lexists(target):
                    break
                target = target.with_name(f"{FILE_NAME}.corrupt-{stamp}-{i}")
            self.path.rename(target)
            for suffix in _SIDE_FILES:
                with contextlib.suppress(OSError):
                    Path(f"{self.path}{suffix}").rename(f"{target}{suffix}")
            self.recovered = f"{self.path} was damaged ({reason}): it is now {target.name}, and a new one was begun"
            self._is_news = True
            return True
        return False


def _is_damage(error: Exception) -> bool:
    return not isinstance(error, OSError) and any(word in str(error).lower() for word in _DAMAGE)


def _explained(error: Exception) -> str:
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    mend = next((mend for word, mend in _MENDS if word in text.lower()), "")
    return f"{text}{mend and ': '}{mend}"


def _abandon(connection: sqlite3.Connection) -> None:
    """See to it that the connection is not closed, not even at the interpreter's end."""
    _abandoned.append(connection)
    with contextlib.suppress(Exception):  # not every interpreter has it; then it is closed at the very end
        import ctypes  # noqa: PLC0415 - only a forked child needs it

        ctypes.pythonapi.Py_IncRef(ctypes.py_object(connection))
