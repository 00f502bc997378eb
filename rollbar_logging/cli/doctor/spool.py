"""The doctor's look at the spool: the folder in which what cannot be sent is kept."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from rollbar_logging.cli.doctor.report import Finding
from rollbar_logging.delivery.spool_place import FILE_NAME
from rollbar_logging.settings import Settings

if TYPE_CHECKING:
    from rollbar_logging.delivery.spool import Contents

_LEAST_BYTES = 1024 * 1024
_LONG = 600.0
"""Seconds after which a report that waits, and is about to be sent by nobody, is a bad sign."""

_NEARLY_FULL = 0.9
_ASIDE = f"{FILE_NAME}.corrupt-*"
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_WRITABLE = stat.S_IWGRP | stat.S_IWOTH


def check_spool(settings: Settings) -> Iterator[Finding]:
    """Tell whether reports can be kept on disk. Nothing is created that stays."""
    if settings.spool_dir is None:
        yield _not_wanted(settings)
        return
    folder = Path(settings.spool_dir)
    if not folder.exists():
        yield from _to_be_created(folder)
        parent = _nearest(folder)
        if parent.is_dir():
            yield _free_space(parent, settings.spool_bytes)
        return
    if not folder.is_dir():
        yield Finding("problem", f"spool_dir {folder} is no folder", "set the option spool_dir to a folder")
        return
    yield _writable(folder)
    yield from _permissions(folder)
    yield _free_space(folder, settings.spool_bytes)
    if (folder / FILE_NAME).exists():
        yield from _waiting(settings, time.time())
    yield from _put_aside(folder)


def _not_wanted(settings: Settings) -> Finding:
    if settings.spool == "always":
        text = "spool is 'always', but spool_dir is not set: nothing is kept on disk"
        return Finding("warning", text, "set the option spool_dir to a folder, or remove the option spool")
    text = "spool_dir is not set: what cannot be sent before the process ends is lost"
    return Finding("note", text, "set the option spool_dir to a folder to keep it on disk")


def _to_be_created(folder: Path) -> Iterator[Finding]:
    parent = _nearest(folder)
    if not parent.is_dir():
        yield Finding("problem", f"{folder} cannot be created: {parent} is no folder", "set the option spool_dir anew")
    elif not os.access(parent, os.W_OK | os.X_OK):
        mend = f"create {folder} for the application's user, with the mode 700"
        yield Finding("problem", f"{folder} cannot be created: {parent} is not writable for this user", mend)
    else:
        yield Finding("ok", f"spool_dir {folder} is not there yet, and can be created")


def _nearest(folder: Path) -> Path:
    """Return what exists on the way to a folder, as far down as possible."""
    return next((parent for parent in folder.parents if parent.exists()), Path(folder.anchor))


def _writable(folder: Path) -> Finding:
    try:
        with tempfile.TemporaryFile(dir=folder) as file:  # what the system says of rights is not the whole truth
            file.write(b"0")
    except OSError as error:
        mend = "let the user that runs the application write there"
        return Finding("problem", f"spool_dir {folder} is not writable: {error.strerror or error}", mend)
    return Finding("ok", f"spool_dir {folder} is writable for this user")


def _permissions(folder: Path) -> Iterator[Finding]:
    if os.name != "posix":
        return
    state = folder.stat()
    mode = stat.S_IMODE(state.st_mode)
    if state.st_uid != os.geteuid():
        text = f"it belongs to the user {state.st_uid}, and this is the user {os.geteuid()}: the spool refuses that"
        yield Finding("problem", text, "run the doctor as the user that runs the application, or choose another folder")
    has_others = any(not path.name.startswith(FILE_NAME) for path in folder.iterdir())
    if not mode & _OTHERS:
        yield Finding("ok", f"only its owner may enter it (mode {mode:o})")
    elif mode & _WRITABLE and has_others:
        text = f"it holds other files, and others may write to it (mode {mode:o}): the spool refuses that"
        yield Finding("problem", text, "choose a folder for the spool alone")
    else:
        yield Finding("warning", f"others than its owner may enter it (mode {mode:o})", f"chmod 700 {folder}")


def _waiting(settings: Settings, now: float) -> Iterator[Finding]:
    """Count the reports that wait there, those of this access token and those of others; without one, all."""
    from rollbar_logging.delivery.spool import Spool, SpoolError  # noqa: PLC0415 - only who has a spool pays for it

    notices: list[str] = []
    folder = str(settings.spool_dir)
    try:
        with closing(Spool(folder, token=settings.access_token, on_notice=notices.append)) as spool:
            ours = spool.contents()
    except SpoolError as error:
        yield Finding("problem", f"the spool cannot be read: {error}")
        return
    for notice in notices:
        yield Finding("warning", notice)
    yield _backlog(ours, now)
    if ours.bytes > _NEARLY_FULL * settings.spool_bytes:
        text = f"they take {_mebibytes(ours.bytes)} of the {_mebibytes(settings.spool_bytes)} of spool_bytes"
        yield Finding(
            "warning", f"{text}: the least severe and oldest give way", "send them, or set spool_bytes higher"
        )
    if ours.others:
        mend = "a process with that token sends them, if there still is one"
        yield Finding("warning", f"of another access token {ours.others} more reports wait there", mend)


def _backlog(ours: Contents, now: float) -> Finding:
    """Tell how many wait, for how long, and whether anybody sees to them."""
    text = f"{'1 report waits' if ours.number == 1 else f'{ours.number} reports wait'} there"
    if ours.oldest is None:
        return Finding("ok", text)
    age = max(0.0, now - ours.oldest)
    text += f", the oldest for {_lasting(age)}"
    if ours.claimed:
        return Finding("ok", f"{text}; a process is about to send {ours.claimed} of them")
    if age < _LONG:
        return Finding("ok", text)
    mend = "see whether the application runs, and the way to the endpoint; 'rollbar-logging spool send' sends them now"
    return Finding("warning", f"{text}, and no process is about to send any; after a week they are given up", mend)


def _put_aside(folder: Path) -> Iterator[Finding]:
    """Tell of damaged files that were moved out of the way."""
    for path in sorted(folder.glob(_ASIDE)):
        if not path.name.endswith(("-wal", "-shm", "-journal")):
            mend = f"'sqlite3 {path} .recover' shows what can still be read; remove it when that is not needed"
            yield Finding(
                "note", f"a damaged spool was put aside as {path.name} ({_mebibytes(path.stat().st_size)})", mend
            )


def _lasting(seconds: float) -> str:
    """Return a duration in the unit that people would use."""
    for length, unit in ((86_400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= 2 * length:
            return f"{seconds // length:.0f} {unit}"
    return f"{seconds:.0f} s"


def _mebibytes(number: int) -> str:
    return f"{number / 1024**2:,.1f} MiB"


def _free_space(folder: Path, wanted: int) -> Finding:
    free = shutil.disk_usage(folder).free
    text = f"{free / 1024**2:,.0f} MiB are free there; the option spool_bytes allows {wanted / 1024**2:,.0f} MiB"
    if free < _LEAST_BYTES:
        return Finding("problem", text, "make room on that disk")
    if free < wanted:
        return Finding("warning", text, "make room on that disk, or set spool_bytes lower")
    return Finding("ok", text)
