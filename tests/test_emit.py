"""`emit` and any record at all: it raises nothing, loses nothing, and what it makes of it can be sent."""

from __future__ import annotations

import contextlib
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from rollbar_logging import RollbarHandler
from rollbar_logging.delivery.answer import Answer
from tests.pipelines import Scripted, adds_up


class Hostile:
    """An object on which everything fails, in one way."""

    def __init__(self, error: type[BaseException]) -> None:
        object.__setattr__(self, "error", error)

    def _fail(self, *_: object) -> Any:
        raise object.__getattribute__(self, "error")

    __repr__ = __str__ = __format__ = __len__ = __iter__ = __getitem__ = __eq__ = __hash__ = __bool__ = _fail
    __getattr__ = __mod__ = __int__ = __contains__ = __call__ = keys = items = __next__ = _fail


class HostileError(Exception):
    """An exception on which everything fails."""

    def __str__(self) -> str:
        raise RecursionError

    __repr__ = __str__
    __hash__ = None  # type: ignore[assignment]

    @property
    def __notes__(self) -> list[str]:
        raise SystemExit


def _raised(error: BaseException) -> BaseException:
    with contextlib.suppress(BaseException):
        raise error
    return error


def _circle() -> BaseException:
    first, second = _raised(ValueError("first")), _raised(HostileError("second"))
    first.__cause__, second.__context__ = second, first
    return first


ERRORS = st.sampled_from([ValueError, SystemExit, GeneratorExit, RecursionError, MemoryError, AttributeError])
HOSTILE = st.builds(Hostile, ERRORS)
PLAIN = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.binary(max_size=20)
    | st.sampled_from(["%s %d", "%(name)s", "%", "\ud800", "x" * 100_000])
)
VALUES = st.recursive(
    PLAIN | HOSTILE | st.builds(_circle) | st.builds(lambda error: _raised(error()), ERRORS),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=5) | st.integers(), inner, max_size=4)
        | st.lists(inner, max_size=3).map(tuple)
    ),
    max_leaves=8,
)
EXCEPTIONS = st.builds(_circle) | st.builds(lambda error: _raised(error()), ERRORS) | st.just(HostileError())
EXC_INFO = (
    VALUES
    | EXCEPTIONS.map(lambda error: (type(error), error, error.__traceback__))
    | EXCEPTIONS.map(lambda error: (type(error), error, None))
    | st.tuples(VALUES, VALUES, VALUES)
    | st.just(True)  # noqa: FBT003 - as in logger.error(..., exc_info=True)
)
ATTRIBUTES = sorted(vars(logging.makeLogRecord({})))
UNDERSTOOD = [
    "rollbar_person",
    "rollbar_request",
    "request",
    "extra_data",
    "payload_data",
    "rollbar_level",
    "rollbar_uuid",
]
NAMES = st.sampled_from([*ATTRIBUTES, *UNDERSTOOD, "exc_info"]) | st.text(max_size=8)
transport = Scripted(lambda: Answer(200))


@pytest.fixture(scope="module")
def handler() -> Iterator[RollbarHandler]:
    """One handler for all records; what it sends is kept in `transport`."""
    made = RollbarHandler(transport=transport, flush_interval=0, shutdown_timeout=30, storm_limit=0)
    yield made
    made.close()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    msg=VALUES,
    args=VALUES,
    exc_info=EXC_INFO,
    level=st.sampled_from([10, 30, 40, 50]),
    changed=st.dictionaries(NAMES, VALUES, max_size=4),
    missing=st.sets(st.sampled_from(ATTRIBUTES), max_size=3),
)
@example(msg="boom", args=(), exc_info=None, level=40, changed={"name": None}, missing=set())
@example(msg="boom", args=(), exc_info=None, level=40, changed={}, missing={"name", "created"})
@example(msg="boom", args=(), exc_info=None, level=40, changed={"levelno": None}, missing={"levelname"})
@example(msg="boom", args=(), exc_info=None, level=40, changed={"created": 0}, missing=set())
@example(msg="boom", args=5, exc_info="rubbish", level=40, changed={"created": "noon"}, missing={"threadName"})
def test_no_record_harms_who_logs_it(
    handler: RollbarHandler,
    msg: Any,
    args: Any,
    exc_info: Any,
    level: int,
    changed: dict[str, Any],
    missing: set[str],
) -> None:
    """Whatever is in a record, and whatever is not: `emit` returns, it is counted once, and a body is valid JSON."""
    record = logging.LogRecord("application", level, __file__, 1, "", (), None)
    record.msg, record.args, record.exc_info = msg, args, exc_info
    record.__dict__.update(changed)
    for name in missing:
        record.__dict__.pop(name, None)
    transport.bodies.clear()
    before = handler.stats()

    handler.emit(record)

    assert handler.flush()
    after = handler.stats()
    assert adds_up(after)
    assert after.accepted == before.accepted + 1
    assert after.sent == before.sent + len(transport.bodies) == before.sent + 1
    for body in transport.bodies:
        assert json.loads(body)["data"]["body"]
