"""An end for every step of the doctor."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

MARGIN = 0.5
"""Seconds beyond a timeout, in which a step that knows one of its own can say itself that it is over."""


def within(seconds: float, step: Callable[[], T]) -> T:
    """Return what *step* returns, or raise what it raises; after so many seconds, ``TimeoutError``.

    For what knows no end of its own, as the system's resolver does not. The thread stays behind until it ends.
    """
    results: list[T] = []
    errors: list[Exception] = []

    def run() -> None:
        try:
            results.append(step())
        except Exception as error:  # noqa: BLE001 - raised by the one who waits
            errors.append(error)

    thread = threading.Thread(target=run, name="rollbar-doctor", daemon=True)
    thread.start()
    thread.join(seconds)
    for error in errors:
        raise error
    if not results:
        raise TimeoutError(f"no end within {seconds:g} s")
    return results[0]
