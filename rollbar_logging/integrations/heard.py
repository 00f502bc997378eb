"""Whether a log line reaches a handler of ours, so that nothing else has to report it."""

from __future__ import annotations

import logging

from rollbar_logging.handler import RollbarHandler


def is_heard(name: str, level: int) -> bool:
    """Return whether a record of that logger and level is given to a `RollbarHandler`.

    Args:
        name: Of the logger.
        level: Of `logging`.
    """
    logger: logging.Logger | None = logging.getLogger(name)
    if logger is None or not logger.isEnabledFor(level):
        return False
    while logger is not None:
        if any(isinstance(each, RollbarHandler) and int(each.level) <= level for each in logger.handlers):
            return True
        logger = logger.parent if logger.propagate else None
    return False
