"""A WSGI application that is loaded before its server forks, and logs before and after."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Any

from rollbar_logging import RollbarHandler

logger = logging.getLogger("application")
logger.addHandler(RollbarHandler())
logger.error("loaded")


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Log which path was asked for."""
    logger.error("asked for %s", environ["PATH_INFO"])
    start_response("200 OK", [("Content-Length", "2")])
    return [b"ok"]
