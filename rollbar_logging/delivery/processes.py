"""What a process does to all pipelines at once: it forks, it has its threads replaced by greenlets, and it ends.

This is the one piece of module-level state: the interpreter calls functions, not objects, after a fork and
at the end, so they need to find what is alive.
"""

from __future__ import annotations

import atexit
import importlib
import os
import sys
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from time import monotonic
from typing import Protocol


class _Lives(Protocol):
    """What wants to know of forks and of the end."""

    def after_fork(self) -> None:
        """Begin anew in a child process."""

    def flush(self, timeout: float) -> bool:
        """Deliver now; with a *timeout* of 0 only begin with it."""

    def at_exit(self, used: float) -> None:
        """Deliver what is left; the interpreter is about to end, which has taken *used* seconds already."""

    def close(self) -> None:
        """Tell what was not delivered."""


class Role:
    """What this thread does at the moment; this greenlet, where `threading` was patched to start such.

    Attributes:
        is_emitting: It captures a record; a record made meanwhile is one that the capture itself caused.
        is_sending: It delivers; a record made meanwhile is the product's own or that of a library it uses.
        is_reentered: Whether a record came in while it was emitting, which is to be counted.
        has_silenced: It has `_voice`, to fork.
    """

    is_emitting = False
    is_sending = False
    is_reentered = False
    has_silenced = False

    def reenter(self) -> None:
        """Note a record that came in while this thread was emitting."""
        self.is_reentered = True
        self.__dict__.setdefault("reentries", []).append(None)

    def take_reentry(self) -> bool:
        """Take one of those, each once: a signal handler that logs may take them at the same time."""
        self.is_reentered = False
        try:
            self.__dict__["reentries"].pop()
        except (KeyError, IndexError):
            return False
        return True


def _new_role() -> Role:
    kind: type[Role] = type("_RoleHere", (Role, threading.local), {})
    return kind()


role = _new_role()
pid = os.getpid()
"""Of the process that this module's state belongs to."""

joining = object()
"""Another one each time that somebody has joined: who keeps what `alive` has returned, sees that there is more."""

_noticing = threading.Lock()
_alive: weakref.WeakSet[_Lives] = weakref.WeakSet()
_voice = threading.Lock()
_lock_type: object = threading.Lock


@contextmanager
def sending() -> Iterator[None]:
    """Let what is logged on this thread count as made by delivering, as on a sender's own."""
    here = role
    before, here.is_sending = here.is_sending, True
    try:
        yield
    finally:
        here.is_sending = before


def register(lives: _Lives) -> None:
    """Tell *lives* of forks and of the process's end, for as long as it lives."""
    global joining  # noqa: PLW0603 - the state that this module is for
    notice_patch()
    _alive.add(lives)
    joining = object()


def alive() -> list[_Lives]:
    """Return all that live."""
    return list(_alive)


def notice_patch() -> bool:
    """Renew what was made before the library was patched, as by gevent; returns whether it was, since the last call.

    A greenlet that waited for a lock of the old kind would stop all others, and they would share one role.
    """
    global _lock_type, _noticing, _voice, role
    if threading.Lock is _lock_type:
        return False
    _lock_type, _noticing, _voice, role = threading.Lock, threading.Lock(), threading.Lock(), _new_role()
    return True


@contextmanager
def speaking() -> Iterator[None]:
    """Write to a log or a stream without being cut short by a fork.

    The buffer of a stream has a lock, and a child in which nobody is left to give it back hangs as soon as it writes,
    or ends. A fork waits for who speaks, and who speaks for a fork: both with an end, so that neither can hang.
    """
    voice = _voice
    has_voice = voice.acquire(timeout=0.05)
    try:
        yield
    finally:
        if has_voice:
            voice.release()


def _before_fork() -> None:
    role.has_silenced = _voice.acquire(timeout=1)


def _after_fork_in_parent() -> None:
    if role.has_silenced:
        role.has_silenced = False
        _voice.release()


def _after_fork() -> None:
    global _voice, pid
    _voice, pid = threading.Lock(), os.getpid()
    role.__dict__.clear()
    for lives in list(_alive):
        lives.after_fork()
    _watch_multiprocessing()
    _watch_celery()


def notice_fork() -> None:
    """Begin anew if this is a child of whose fork the interpreter was not told, as by a server written in C."""
    if os.getpid() != pid and _noticing.acquire(timeout=1):
        try:
            if os.getpid() != pid:
                _after_fork()
        finally:
            _noticing.release()


def sign_off(thread: threading.Thread) -> None:
    """Let `threading` strike this thread off its list, where it looks by identity, although patching changed that."""
    active: dict[int | None, threading.Thread] = threading._active  # type: ignore[attr-defined]  # noqa: SLF001 - no other way
    if active.get(threading.get_ident()) is not thread:
        active.pop(thread.ident, None)
        active[threading.get_ident()] = thread


def lacks_threads() -> bool:
    """Whether this process runs no threads beside the one that serves: old versions of uWSGI, unless they are told."""
    uwsgi = sys.modules.get("uwsgi")
    if uwsgi is None or getattr(uwsgi, "has_threads", False):
        return False
    options = getattr(uwsgi, "opt", {})
    return not any(options.get(name) for name in ("enable-threads", b"enable-threads", "threads", b"threads"))


@cache
def is_guest() -> bool:
    """Whether this interpreter is not the process's first, but one within it, as mod_wsgi has one per application."""
    for name in ("_interpreters", "_xxsubinterpreters"):  # Python 3.13 and newer, and those before
        with suppress(Exception):  # not every Python has one
            module = importlib.import_module(name)
            return bool(module.get_current() != module.get_main())
    return False


def _at_exit() -> None:
    """Deliver what is left, in all pipelines side by side: together they have the time of one."""
    began = monotonic()
    for lives in list(_alive):
        lives.flush(0)
    for lives in list(_alive):
        lives.at_exit(monotonic() - began)


def _watch_multiprocessing() -> None:
    """See to it that children of `multiprocessing` deliver at their end too: they leave without exit functions.

    A child forgets what was to be done at the end when it begins to run; hence also what is to be done then.
    """
    util = sys.modules.get("multiprocessing.util")
    process = sys.modules.get("multiprocessing.process")
    if util is not None and process is not None:
        util.register_after_fork(_at_child_exit, _at_child_begin)
        if process.parent_process() is not None:
            _at_child_begin()


def _watch_celery() -> None:
    """See to it that a process of Celery's pool delivers when its last task is done: then it is killed."""
    signals = sys.modules.get("celery.signals")
    if signals is not None:
        signals.worker_process_shutdown.connect(_at_pool_exit, weak=False, dispatch_uid="rollbar_logging")


def _at_pool_exit(**_: object) -> None:
    _at_child_exit()


def _at_child_begin(_: object = None) -> None:
    sys.modules["multiprocessing.util"].Finalize(None, _at_child_exit, exitpriority=0)


def _at_child_exit() -> None:
    _at_exit()
    for lives in list(_alive):
        lives.close()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=_after_fork_in_parent, after_in_child=_after_fork)
atexit.register(_at_exit)
_watch_multiprocessing()
