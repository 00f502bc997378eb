"""The spool's folder and file as the file system sees them: whose they are, and who may read them."""

from __future__ import annotations

import contextlib
import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path

from rollbar_logging.errors import RollbarError

FILE_NAME = "spool.db"


class SpoolError(RollbarError):
    """The spool cannot be used at the moment; the message names the file, what happened and what mends it."""


def prepare_folder(folder: Path) -> None:
    """Make the folder, or make sure that it is a folder of ours; others must not read or replace what is in it."""
    try:
        found = folder.stat()
    except FileNotFoundError:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        found = folder.stat()
    if not stat.S_ISDIR(found.st_mode):
        raise NotADirectoryError(f"{folder} is not a directory")
    if not hasattr(os, "geteuid"):
        return  # permissions are another matter there
    if found.st_uid != os.geteuid():
        raise SpoolError(f"{folder} belongs to another user (uid {found.st_uid}): choose a folder of your own")
    if found.st_mode & 0o077 and all(path.name.startswith(FILE_NAME) for path in folder.iterdir()):
        folder.chmod(0o700)
    elif found.st_mode & 0o022:
        raise SpoolError(f"{folder} holds other files and others may write to it: choose a folder for the spool alone")


def prepare_file(path: Path) -> None:
    """Make the file, or make sure that it is a file of ours.

    A file that exists must not be opened here: closing it again would give up the locks that SQLite has on it.
    """
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        found = path.lstat()
        if stat.S_ISLNK(found.st_mode) or (hasattr(os, "geteuid") and found.st_uid != os.geteuid()):
            raise SpoolError(f"{path} is a link or belongs to another user: remove it") from None
        if not stat.S_ISREG(found.st_mode):
            raise ValueError("not a database, not even a file") from None
        if not found.st_mode & 0o077 and found.st_mode & 0o200:
            return
    path.chmod(0o600)


@contextlib.contextmanager
def alone(folder: Path, timeout: float) -> Iterator[None]:
    """Be the only process that opens or moves files in *folder*; raises an ``OSError`` when that takes too long."""
    try:
        import fcntl  # noqa: PLC0415 - not on every system
    except ImportError:
        yield
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        deadline = time.monotonic() + timeout
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    raise
                time.sleep(0.005)
            except OSError:
                break  # a file system without locks
        try:
            yield
        finally:
            # A child that was forked meanwhile has the descriptor too, so that closing it would not give up the lock.
            with contextlib.suppress(OSError):
                fcntl.flock(descriptor, fcntl.LOCK_UN)
    finally:
        os.close(descriptor)


def inode(path: Path) -> int:
    """Return what tells a file from a later one of the same name; 0 if there is none."""
    try:
        return os.lstat(path).st_ino
    except OSError:
        return 0
