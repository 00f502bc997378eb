"""Occurrences made by hand or captured, and the items and bodies that are made of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from rollbar_logging.capture.occurrence import PLACE, Code, Frame, Occurrence, Trace
from rollbar_logging.item.assembly import Assembly
from rollbar_logging.item.build import Origin, build
from rollbar_logging.item.scrub import Scrubber
from rollbar_logging.server.schema import complaints
from tests.capture.material import Capturing, logger_of, recorder

BARE = Occurrence("u-1", 1_700_000_000.75, "error", 40, "app", "it failed", None, (None,) * len(PLACE))
FRAME = Frame(Code("/srv/app/orders.py", "buy"), 5)
TRACE = Trace("ValueError", "builtins", "no such order", (FRAME,))
ORIGIN = Origin("production")


def no_lines(_filename: str, _lineno: int | None) -> None:
    """Know no source."""


def built(occurrence: Occurrence = BARE, origin: Origin = ORIGIN, lines: Any = no_lines, **parts: Any) -> Any:
    """Build an item of an occurrence with some parts, and see that the API takes it."""
    data = build(occurrence._replace(**parts), origin, lines)
    assert complaints({"data": data}) == []
    return data


LIMIT = 131_072
SECRET = "hunter2-3f9a-unguessable"
MESSAGE = Occurrence(
    "u-1", 1.0, "error", 40, "app", "order 5", "order %d", (None,) * len(PLACE), None, [5], extras={"order": 5}
)


def assembly(limit: int = LIMIT, **options: Any) -> Assembly:
    """An assembly with ordinary options."""
    return Assembly(Origin("production"), Scrubber(fields=["x_internal"]), limit, **options)


def data_of(body: bytes | None) -> Any:
    """Read a body as strictly as a server might."""
    assert body is not None
    payload = json.loads(body.decode("utf-8", "strict"), parse_constant=pytest.fail)
    assert complaints(payload) == []
    return payload["data"]


def body_of(occurrence: Occurrence = MESSAGE, **options: Any) -> Any:
    """Return the item that is made of an occurrence."""
    return data_of(assembly(**options).body(occurrence))


def reported(fail: Callable[[], Any], *args: Any, **options: Any) -> Occurrence:
    """Run what fails, log it, and return what was captured."""
    handler = Capturing(recorder())
    try:
        fail()
    except ValueError:
        logger_of(handler).exception(*(args or ("it failed",)), **options)
    (occurrence,) = handler.caught
    assert occurrence is not None
    return occurrence
