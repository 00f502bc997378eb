"""A WSGI application that fails in every place where one can; its server's own logger reaches the handler too."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from rollbar_logging import RollbarHandler
from rollbar_logging.integrations.wsgi import RollbarMiddleware

logging.getLogger().addHandler(RollbarHandler())
logging.getLogger("gunicorn.error").propagate = True
logger = logging.getLogger("shop")


class Closing:
    """An answer whose ``close`` fails."""

    def __iter__(self) -> Iterator[bytes]:
        yield b"well"

    def close(self) -> None:
        """Fail."""
        raise LookupError("in close")


def in_pieces() -> Iterator[bytes]:
    """Fail in the midst of it."""
    card = "4111 1111 1111 1111"
    yield b"well"
    logger.error("half of it")
    raise LookupError(f"in the iterator, {card}")


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Fail as the path says."""
    path = environ["PATH_INFO"]
    if path == "/call":
        card = "4111 1111 1111 1111"
        environ["rollbar_person"] = {"id": 17}
        raise LookupError(f"in the call, {len(card)}")
    if path == "/logged":
        try:
            raise LookupError("logged")  # noqa: TRY301 - to have been raised
        except LookupError:
            logger.exception("seen")
            raise
    if path.startswith("/told/"):
        logger.error("only 99 left")
    if path == "/exit":
        raise SystemExit(0)
    start_response("200 OK", [("Content-Type", "text/plain")])
    if path == "/file":
        return environ["wsgi.file_wrapper"](Path(__file__).open("rb"))  # type: ignore[no-any-return]
    return {"/pieces": in_pieces, "/close": Closing}.get(path, lambda: [b"well"])()


application = RollbarMiddleware(RollbarMiddleware(application))  # type: ignore[assignment]
