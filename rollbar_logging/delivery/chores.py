"""What a sending thread does between two reports, and how long it may rest until then."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

from rollbar_logging.delivery.notices import Notices
from rollbar_logging.errors import in_words

Chore = Callable[[float], "float | None"]
"""Does what is to be done at a moment; returns when to do it next, if at all. Both are monotonic seconds."""


def do(chore: Chore | None, notices: Notices) -> float | None:
    """Do it, if there is one, and return when to do it next (monotonic seconds). Never raises."""
    try:
        return None if chore is None else chore(monotonic())
    except Exception as error:  # noqa: BLE001 - a dead thread would lose every later report
        notices.happened("internal_error", f"something went wrong between two reports: {in_words(error)}")
        return None


def sooner(wait: float | None, moment: float | None) -> float | None:
    """Return the seconds to wait when something is to be done at *moment* (monotonic seconds), if not before."""
    if moment is None:
        return wait
    left = max(moment - monotonic(), 0.0)
    return left if wait is None else min(wait, left)
