"""What the senders' libraries ask of `logging`, asked beforehand."""

from __future__ import annotations

import logging

_LOGGERS = (
    (logging.getLogger("urllib3.connectionpool"), logging.DEBUG),
    (logging.getLogger("urllib3.connectionpool"), logging.WARNING),
    (logging.getLogger("urllib3.connection"), logging.WARNING),
    (logging.getLogger("urllib3.util.retry"), logging.DEBUG),
    (logging.getLogger("rollbar_logging"), logging.WARNING),
)
"""What is asked on a sender's thread: may a record of this level be made?"""


def warm_loggers() -> bool:
    """Let the senders' libraries find out now whether they log, and return whether they know; never waits.

    `logging.config` closes handlers while it holds `logging`'s lock. A library that asked for its level only then
    would wait for that lock, and the closing thread for the library; an answer already known needs no lock.
    """
    if all(logger.disabled or level in logger._cache for logger, level in _LOGGERS):  # type: ignore[attr-defined]  # noqa: SLF001 - the lock
        return True
    if not logging._lock.acquire(blocking=False):  # type: ignore[attr-defined]  # noqa: SLF001 - is not to be waited for
        return False
    try:
        for logger, level in _LOGGERS:
            logger.isEnabledFor(level)
    finally:
        logging._lock.release()  # type: ignore[attr-defined]  # noqa: SLF001 - likewise
    return True
