"""The doctor's look at what runs the application: Python, libraries, and servers that treat threads in their own way.

Facts on uWSGI: its documentation, "Things to know": without ``enable-threads`` (or ``threads``) Python's threads do
not run, unless it is so new that they always do, which ``uwsgi.has_threads`` tells; and without
``py-call-uwsgi-fork-hooks`` or ``lazy-apps`` its workers are forked without Python's own hooks.
"""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from rollbar_logging.cli.doctor.report import Finding
from rollbar_logging.version import NOTIFIER, VERSION

_LIBRARIES = ("requests", "urllib3", "structlog", "cachetools", "orjson")
_FALSE = {"", "0", "false", "no", "off", "none"}


def check_runtime(modules: Mapping[str, Any], environ: Mapping[str, str]) -> Iterator[Finding]:
    """Tell what runs here.

    Args:
        modules: Those that are loaded, by name.
        environ: The environment variables.
    """
    yield Finding("ok", f"{NOTIFIER} {VERSION}, Python {platform.python_version()} at {sys.executable}")
    yield Finding("ok", platform.platform())
    yield Finding("ok", ", ".join(f"{name} {_version(name)}" for name in _LIBRARIES))
    if "uwsgi" in modules:
        yield from _uwsgi(modules["uwsgi"])
    if "gevent.monkey" in modules:
        yield _gevent(modules["gevent.monkey"])
    if "--preload" in environ.get("GUNICORN_CMD_ARGS", ""):
        yield Finding(
            "note",
            "gunicorn loads the application before it forks (--preload)",
            "each worker reports by itself; what was logged before the fork is reported once, by the parent",
        )


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "(not installed)"


def _uwsgi(uwsgi: Any) -> Iterator[Finding]:
    options: Mapping[Any, Any] = getattr(uwsgi, "opt", {})
    has_threads = getattr(uwsgi, "has_threads", False)
    if not has_threads and not _is_on(options, "enable-threads") and not _is_on(options, "threads"):
        text = "uWSGI runs without --enable-threads: the thread that sends reports never runs"
        yield Finding("problem", text, "start uWSGI with --enable-threads")
    else:
        yield Finding("ok", "uWSGI runs Python's threads")
    hooks = ("py-call-uwsgi-fork-hooks", "lazy-apps", "lazy")
    if not any(_is_on(options, name) for name in hooks):
        text = "uWSGI forks its workers without Python's hooks: each one notices it at its first record"
        yield Finding("note", text, "with --lazy-apps or --py-call-uwsgi-fork-hooks it is told at once")


def _is_on(options: Mapping[Any, Any], name: str) -> bool:
    value = options.get(name, options.get(name.encode(), False))
    text = value.decode("latin-1") if isinstance(value, bytes) else str(value)
    return text.strip().lower() not in _FALSE


def _gevent(monkey: Any) -> Finding:
    patched = {name for name in ("threading", "socket", "ssl") if monkey.is_module_patched(name)}
    if not patched:
        return Finding("ok", "gevent is loaded, and has patched nothing")
    if "threading" in patched and "socket" not in patched:
        text = "gevent has patched threads but not sockets: while a report is sent, everything waits"
        return Finding("warning", text, "call gevent.monkey.patch_all() first of all")
    return Finding("note", f"gevent has patched {', '.join(sorted(patched))}: reports are sent by a greenlet")
