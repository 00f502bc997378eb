"""Jobs for RQ, which fail in all the ways in which jobs fail."""

from __future__ import annotations

import logging
import os
import signal

from rollbar_logging.capture.context import set_person

logger = logging.getLogger("shop")


def fail(order: int, password: str = "", basket: object = None) -> None:
    """Fail, with a card number and a person at hand."""
    set_person(17)
    card = "4111 1111 1111 1111"
    raise ValueError(f"order {order}", len(card))


def log_and_fail() -> None:
    """Report it where it happens, and let it go on."""
    try:
        _ = {}["nothing"]
    except KeyError:
        logger.exception("told already")
        raise


def die() -> None:
    """End the process that does it."""
    os.kill(os.getpid(), signal.SIGKILL)


def last() -> None:
    """Only log."""
    logger.error("the last job")
