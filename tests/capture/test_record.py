"""What is read of a log record: its message, its level, and all of it together."""

from __future__ import annotations

import enum
import itertools
import json
import logging
import logging.handlers
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rollbar_logging import RollbarHandler
from rollbar_logging.capture import record as module
from rollbar_logging.capture import values
from rollbar_logging.capture.type_names import type_name
from tests.capture.material import (
    ERRORS,
    Capturing,
    Plan,
    anything_hostile,
    assert_plain,
    captured,
    carried_out,
    logged,
    logger_of,
    raising,
    recorder,
)
from tests.capture.records import capture, made
from tests.pipelines import Gate


def test_a_message_is_formatted_and_its_template_kept() -> None:
    """The text is what other handlers show; template and arguments come along for grouping and search."""
    occurrence = logged("order %d of %s", 5, "Ursula")

    assert occurrence.message == "order 5 of Ursula"
    assert (occurrence.template, occurrence.args) == ("order %d of %s", [5, "Ursula"])


def test_a_message_without_arguments_has_no_template() -> None:
    """What was not formatted is not taken for a template."""
    occurrence = logged("100 % sure")

    assert (occurrence.message, occurrence.template, occurrence.args) == ("100 % sure", None, None)


def test_arguments_may_be_a_mapping() -> None:
    """Templates with names take one mapping, of any kind."""

    class Facts(Mapping[str, Any]):
        def __getitem__(self, name: str) -> Any:
            return {"number": 5}[name]

        def __iter__(self) -> Any:
            return iter(["number"])

        def __len__(self) -> int:
            return 1

    plain, other = logged("order %(number)d", {"number": 5}), logged("order %(number)d", Facts())

    assert (plain.message, plain.args) == ("order 5", {"number": 5})
    assert other.message == "order 5"
    assert "Facts" in other.args[0]


@pytest.mark.parametrize(
    ("message", "args", "error"),
    [
        ("order %d", ("five",), "TypeError"),
        ("order %d %d", (5,), "TypeError"),
        ("order %(x)s", ({"y": 1},), "KeyError"),
    ],
)
def test_wrong_arguments_are_reported(message: str, args: tuple[Any, ...], error: str) -> None:
    """A message that cannot be formatted is reported as it stands, with its arguments."""
    occurrence = logged(message, *args)

    assert occurrence.message == f"{message} [formatting it raised {error}]"
    assert occurrence.template == message
    assert occurrence.args is not None


def test_a_surplus_argument_is_reported() -> None:
    """An argument without a place in the message is an error for `%`, and reported."""
    assert logged("no place", 5).message == "no place [formatting it raised TypeError]"


@pytest.mark.parametrize("error", ERRORS)
def test_texts_that_raise_are_reported(error: type[BaseException]) -> None:
    """Whatever an argument's or a message's text raises, the record is reported."""

    class Broken:
        __str__ = __repr__ = raising(error)

    argument, message = logged("order %s", Broken()), logged(Broken())

    assert argument.message == f"order %s [formatting it raised {type_name(error)}]"
    assert argument.args == [f"<{type_name(Broken)}: repr raised {type_name(error)}>"]
    assert message.message.endswith(f"[formatting it raised {type_name(error)}]")
    assert type_name(Broken) in message.message


def test_a_keyboard_interrupt_while_formatting_is_for_the_application() -> None:
    """The user's Ctrl-C gets through."""

    class Interrupted:
        __str__ = raising(KeyboardInterrupt)

    with pytest.raises(KeyboardInterrupt):
        logged("order %s", Interrupted())


def test_a_message_need_not_be_a_text() -> None:
    """Any object may be logged; its text is the message."""
    assert logged(ValueError("no such order")).message == "no such order"
    assert logged({"a": 1}).message == "{'a': 1}"
    assert logged(None).message == "None"
    assert logged(5).message == "5"


def test_a_text_that_changes_its_mind_is_reported() -> None:
    """An object whose text fails only the second time is reported too."""
    calls = itertools.count()

    class Moody:
        def __str__(self) -> str:
            if next(calls):
                raise ValueError
            return "order %d"

        def __repr__(self) -> str:
            return "<moody>"

    assert logged(Moody(), 5).message == "<moody> [formatting it raised ValueError]"


def test_a_text_of_a_subclass_becomes_a_plain_text() -> None:
    """No instance of an application's class gets into a report, a message neither."""

    class Text(str):
        __slots__ = ()

        def __str__(self) -> str:
            return self

    class Record(logging.LogRecord):
        def getMessage(self) -> str:  # noqa: N802 - logging's name
            return Text("order")

    occurrence = capture(Record("app", 40, "file", 1, Text("order"), (), None))

    assert (type(occurrence.message), occurrence.message) == (str, "order")


def test_a_long_message_keeps_sixteen_times_a_text() -> None:
    """A message and its template may be longer than other texts, and are cut beyond."""
    handler = Capturing(recorder(max_string=16))
    logger_of(handler).error("x" * 300 + "%s", "y")
    (occurrence,) = handler.caught
    assert occurrence is not None

    assert occurrence.message == "x" * 256 + "… [+45 chars]"
    assert occurrence.template == "x" * 256 + "… [+46 chars]"


# The level


@pytest.mark.parametrize(
    ("levelno", "level"),
    [
        (10, "debug"),
        (20, "info"),
        (25, "info"),
        (30, "warning"),
        (40, "error"),
        (45, "error"),
        (50, "critical"),
        (99, "critical"),
    ],
)
def test_the_level_is_the_nearest(levelno: int, level: str) -> None:
    """Levels of one's own become the nearest of Rollbar's; the number stays."""
    occurrence = logged("message", level=levelno)

    assert (occurrence.level, occurrence.levelno) == (level, levelno)


class Severity(enum.IntEnum):
    """Levels as an enumeration."""

    BAD = 40


@pytest.mark.parametrize(
    ("asked", "level"),
    [
        ("info", "info"),
        ("WARN", "warning"),
        (50, "critical"),
        (Severity.BAD, "error"),
        ("nonsense", "debug"),
        (None, "debug"),
        (True, "debug"),
        (Plan(object, ValueError), "debug"),
        (Plan(str, ValueError), "debug"),
    ],
)
def test_a_record_may_ask_for_a_level(asked: Any, level: str) -> None:
    """`rollbar_level` decides where it is a level."""
    assert logged("message", level=logging.DEBUG, extra={"rollbar_level": carried_out(asked)}).level == level


# The whole


def test_nothing_starves_when_the_time_is_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A report whose variables use up the time still has its person, its request and its extras."""
    now = [0.0]
    monkeypatch.setattr(values, "perf_counter", lambda: now[0])

    class Slow:
        def __repr__(self) -> str:
            now[0] += 1.0
            return "<slow>"

    def fail(slow: Slow) -> None:
        raise ValueError(slow is None)

    handler = Capturing(recorder(capture_budget=0.01))
    person, request = {"id": 5, "username": "Ursula"}, {"url": "https://shop", "POST": {"order": 5}}
    try:
        fail(Slow())
    except ValueError:
        extra = {"rollbar_person": person, "request": request, "order": 5}
        logger_of(handler).exception("order %s", 5, extra=extra)
    (occurrence,) = handler.caught
    assert occurrence is not None

    assert (occurrence.person, occurrence.request, occurrence.extras) == (person, request, {"order": 5})
    assert occurrence.chain[0].frames[-1].locals == {"slow": "<slow>"}


def test_the_size_grows_with_what_was_captured() -> None:
    """The estimate of a report's size follows its extras."""
    small, large = logged("message"), logged("message", extra={"text": ["x" * 1000] * 30})

    assert 1000 < small.size < 5000
    assert large.size > 30_000


def test_a_bare_report_tells_what_went_wrong() -> None:
    """When a record cannot be captured, its place, its template and the failure still can."""

    class WordlessError(Exception):
        __str__ = __repr__ = raising(ValueError)

    bare = recorder(max_string=16).capture_bare(made(msg="x" * 50, pathname="shop.py"), WordlessError("why"))
    other = recorder().capture_bare(made(msg=object(), levelno=None), ValueError("why"))

    assert_plain([list(bare), list(other)])
    assert bare.message.startswith("x" * 16 + "… [+34 chars] [capturing it raised ")
    assert bare.place[0] == "shop.py"
    assert (other.level, other.template) == ("error", "object")
    assert other.message == "object [capturing it raised ValueError('why')]"


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    message=anything_hostile,
    args=anything_hostile | st.lists(anything_hostile, max_size=3).map(tuple),
    extra=st.dictionaries(
        st.sampled_from(sorted(module._UNDERSTOOD | module._STANDARD - {"msg", "args"})) | st.text(),
        anything_hostile,
        max_size=6,
    ),
)
def test_whatever_is_logged_is_captured(message: Any, args: Any, extra: dict[str, Any]) -> None:
    """No message, argument or extra stops a report, and what was captured is plain and encodes as JSON."""
    record = logging.LogRecord("app", 40, __file__, 1, carried_out(message), None, None)
    record.args = carried_out(args)
    record.__dict__.update(carried_out(extra))

    json.dumps(capture(record), allow_nan=False)


def test_a_repr_that_logs_to_the_same_handler_is_counted() -> None:
    """A value that logs while it is described neither recurses nor gets lost without trace."""
    gate = Gate()
    gate.is_open.set()
    handler = RollbarHandler(transport=gate)
    logger = logger_of(handler)

    class Chatty:
        def __repr__(self) -> str:
            logger.error("from within")
            return "<chatty>"

    logger.error("outside", extra={"value": Chatty()})
    assert handler.flush(30)
    handler.close()

    stats = handler.stats()
    assert (stats.sent, dict(stats.dropped)) == (1, {"reentrant": 1})
    assert json.loads(gate.bodies[0])["data"]["custom"]["value"] == "<chatty>"


def test_an_exception_is_captured_with_its_record() -> None:
    """The exception's chain stands beside the record's message."""
    occurrence = captured(ValueError("inner"))

    assert (occurrence.message, occurrence.chain[0].message) == ("it failed", "inner")
