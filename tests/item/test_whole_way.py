"""The whole way from a log call to a body: always valid, never too large, and without secrets."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rollbar_logging.capture.occurrence import Occurrence
from rollbar_logging.item.assembly import Assembly
from tests.capture.material import Capturing, anything_hostile, carried_out, logger_of, recorder
from tests.item.occurrences import LIMIT, SECRET, assembly, body_of, data_of, reported


def test_a_record_goes_the_whole_way_with_its_level() -> None:
    """An exception's level, the record's own wish, its person and its request arrive in the body."""
    handler = Capturing(recorder(levels={"ValueError": "warning"}))
    logger = logger_of(handler)
    extra = {"rollbar_person": {"id": 5}, "request": {"url": "https://shop", "query_string": "a=1"}}
    logger.error("one", exc_info=ValueError())
    logger.error("two", exc_info=ValueError(), extra={"rollbar_level": "critical", **extra})
    one, two = (body_of(occurrence) for occurrence in handler.caught if occurrence)

    assert (one["level"], two["level"]) == ("warning", "critical")
    assert two["person"] == {"id": "5"}
    assert two["request"]["GET"] == {"a": "1"}


def posted(message: Any, args: Any, extra: dict[str, Any], value: Any, making: Assembly) -> bytes:
    """Make a record in a function that fails and has a variable, and return its body."""

    def fail(_argument: Any) -> None:
        raise ValueError(_argument)

    try:
        fail(value)
    except ValueError as error:
        record = logging.LogRecord("app", 40, __file__, 1, message, None, (ValueError, error, error.__traceback__))
    record.args = tuple(args)  # `logging` itself would ask a single one for its class
    record.__dict__.update(extra)
    occurrence = recorder(capture_budget=0.05).capture(record)
    assert occurrence is not None
    body = making.body(occurrence)
    assert body is not None
    return body


_extras = st.dictionaries(
    st.sampled_from(["rollbar_person", "rollbar_request", "rollbar_title", "payload_data", "extra_data", "one", "two"]),
    anything_hostile | st.dictionaries(st.sampled_from(["id", "headers", "url", "custom", "level"]), anything_hostile),
    max_size=4,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    message=st.text() | anything_hostile,
    args=st.lists(anything_hostile, max_size=2),
    extra=_extras,
    value=anything_hostile,
    limit=st.sampled_from([4096, LIMIT]),
)
def test_no_value_spoils_a_body(message: Any, args: Any, extra: Any, value: Any, limit: int) -> None:
    """Whatever is logged, the body is strict JSON that the API takes, within the limit."""
    body = posted(carried_out(message), carried_out(args), carried_out(extra), carried_out(value), assembly(limit))

    assert len(body) <= limit
    data_of(body)


class Login(NamedTuple):
    """A named tuple with a secret."""

    user: Any
    password: Any


@dataclass
class Session:
    """A dataclass with a secret."""

    user: Any
    session_id: Any


class Plain:
    """An object with secrets among its attributes."""

    def __init__(self, value: Any) -> None:
        self.api_key = value
        self.order = 5


SECRET_NAMES = [
    *("password", "passwd", "db_password", "DB_PASSWORD", "userPassword", "secret", "client_secret", "api_key"),
    *("apiKey", "X-Api-Key", "token", "access_token", "Authorization", "cookie", "csrfmiddlewaretoken"),
    *("private_key", "x_internal", "xInternal", "session_id", "credit_card"),
]
"""A few of many, and one of the application's own in two styles."""

_ordinary = st.none() | st.integers() | st.text(max_size=20)
_secrets = st.sampled_from([SECRET, SECRET.encode(), [SECRET], {"value": SECRET}, (SECRET, SECRET), f"Bearer {SECRET}"])
_kept: Any = (
    st.dictionaries(st.sampled_from(SECRET_NAMES), _secrets, min_size=1, max_size=3)
    | st.builds(Login, _ordinary, _secrets)
    | st.builds(Session, _ordinary, st.just(SECRET))
    | st.builds(Plain, st.just(SECRET))
)
_hiding = st.recursive(
    _kept,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=6,
)


def fail_with(variable: Any, **attributes: Any) -> None:
    """Fail with a variable, and with an exception that has attributes."""
    error = ValueError(variable is None)
    vars(error).update(attributes)
    raise error


PLACES: dict[str, Callable[[Any], Occurrence]] = {
    "extra": lambda value: reported(lambda: fail_with(1), extra={"one": value}),
    "variable": lambda value: reported(lambda: fail_with(value)),
    "attribute": lambda value: reported(lambda: fail_with(1, held=value)),
    "argument": lambda value: reported(lambda: fail_with(1), "it failed: %s", value),
    "request": lambda value: reported(lambda: fail_with(1), extra={"request": {"POST": value, "headers": value}}),
    "payload": lambda value: reported(lambda: fail_with(1), extra={"payload_data": {"custom": {"one": value}}}),
    "person": lambda value: reported(lambda: fail_with(1), extra={"rollbar_person": {"username": value}}),
}


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(value=_hiding, place=st.sampled_from(sorted(PLACES)))
def test_no_secret_gets_into_a_body(value: Any, place: str) -> None:
    """Wherever a value with a secret's name stands, and however deep, it is not in the body."""
    body = assembly().body(PLACES[place](value))
    assert body is not None

    assert SECRET not in body.decode()
