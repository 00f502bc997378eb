"""What is read of a log record: its message, its level, its extras, and what it asks for."""

from __future__ import annotations

import asyncio
import enum
import itertools
import json
import logging
import logging.handlers
import pickle
import sys
import threading
import uuid
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

import pytest
import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rollbar_logging import RollbarHandler
from rollbar_logging.capture import record as module
from rollbar_logging.capture import values
from rollbar_logging.capture.context import context
from rollbar_logging.capture.occurrence import PLACE, Occurrence
from rollbar_logging.capture.record import uuid4
from rollbar_logging.capture.values import type_name
from tests.capture.material import (
    ERRORS,
    Capturing,
    Plan,
    anything_hostile,
    assert_plain,
    captured,
    carried_out,
    hostile,
    logged,
    logger_of,
    raising,
    recorder,
)
from tests.pipelines import Gate


def capture(record: logging.LogRecord, **options: Any) -> Occurrence:
    """Capture a record that was made by hand."""
    occurrence = recorder(**options).capture(record)
    assert occurrence is not None
    assert_plain(list(occurrence))
    return occurrence


def made(**facts: Any) -> logging.LogRecord:
    """Make a record by hand, as what comes from another process is made."""
    return logging.makeLogRecord({"levelno": logging.ERROR, "name": "app", **facts})


# The message


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


# Where, when and who


def test_the_place_is_that_of_the_log_call() -> None:
    """File, line, function, process and thread of the log call are kept, and its time."""
    occurrence = logged("message")
    place = dict(zip(PLACE, occurrence.place, strict=True))

    assert place["function"] == "logged"
    assert place["pathname"].endswith("material.py")
    assert place["thread_name"] == threading.current_thread().name
    assert occurrence.logger == "app.orders"
    assert occurrence.created > 1_700_000_000


ODD = Plan(object, SystemExit, is_meta_too=True)


@pytest.mark.parametrize("broken", ["created", "levelno", "name", "pathname", "lineno", "thread", "processName"])
@pytest.mark.parametrize("value", [None, "text", object(), float("nan"), [1], ODD])
def test_a_record_with_odd_facts_is_reported(broken: str, value: Any) -> None:
    """A record made by hand, or changed by a filter, may say anything of itself."""
    record = made(msg="message")
    record.__dict__[broken] = carried_out(value)

    assert capture(record).message == "message"
    assert capture(record, levels={"KeyError": "info"}).message == "message"


@pytest.mark.parametrize("missing", ["created", "levelno", "name", "thread", "funcName", "processName"])
def test_a_record_without_some_facts_is_reported(missing: str) -> None:
    """What a record from elsewhere does not tell is not needed."""
    record = made(msg="message")
    del record.__dict__[missing]
    occurrence = capture(record)

    assert occurrence.message == "message"
    assert occurrence.level == "error"
    assert occurrence.created > 0


def test_a_record_reported_before_keeps_its_uuid() -> None:
    """Two handlers, or two attempts, report under one uuid, so that the server takes it once."""
    given = uuid4()

    assert capture(made(rollbar_uuid=given)).uuid == given
    assert capture(made(rollbar_uuid=uuid.UUID(given))).uuid == given
    assert len(capture(made(rollbar_uuid="x" * 100)).uuid) == 36
    assert uuid.UUID(capture(made(rollbar_uuid="")).uuid).version == 4
    assert_plain(capture(made(rollbar_uuid=hostile(object, ValueError))).uuid)


def test_uuids_are_random_and_well_formed() -> None:
    """Each report has a UUID of version 4."""
    uuids = {uuid4() for _ in range(1000)}

    assert len(uuids) == 1000
    assert {(uuid.UUID(text).version, uuid.UUID(text).variant) for text in uuids} == {(4, uuid.RFC_4122)}
    assert {str(uuid.UUID(text)) for text in uuids} == uuids


def test_the_task_is_named() -> None:
    """In an asyncio task its name is kept; elsewhere there is none."""

    async def main() -> Occurrence:
        return await asyncio.create_task(log(), name="checkout")

    async def log() -> Occurrence:
        return logged("message")

    assert asyncio.run(main()).task_name == "checkout"
    assert logged("message").task_name is None
    assert capture(made(taskName="told")).task_name == "told"


# Extras


def test_extras_are_kept_in_their_order() -> None:
    """What `extra` adds is kept by name, in the order given, and nothing else is."""
    extra = {"order": {"id": 5}, "customer": "Ursula", "amount": 1.5, "z": None, "a": [1]}
    occurrence = logged("message", extra=extra)

    assert occurrence.extras == extra
    assert list(occurrence.extras) == list(extra)
    assert logged("message").extras == {}


def test_what_other_handlers_leave_on_a_record_is_no_extra() -> None:
    """Formatting a record adds attributes to it, which nobody asked to report."""
    record = made(msg="message %s", args=("x",), exc_info=(ValueError, ValueError(), None))
    logging.Formatter("%(asctime)s %(message)s").format(record)

    assert capture(record).extras == {}


def test_hundreds_of_extras_are_bounded() -> None:
    """A hundred extras stay, and a note of how many went."""
    occurrence = logged("message", extra={f"name_{number:03}": number for number in range(250)})

    assert len(occurrence.extras) == 101
    assert occurrence.extras["…"] == "[+150 variables]"
    assert occurrence.extras["name_099"] == 99


def test_a_stack_is_kept() -> None:
    """`stack_info` brings the stack of the log call as text."""
    occurrence = logged("message", stack_info=True)

    assert occurrence.stack is not None
    assert "test_a_stack_is_kept" in occurrence.stack
    assert logged("message").stack is None


def test_a_record_that_was_pickled_keeps_its_traceback_as_text() -> None:
    """What a `QueueHandler` or a socket prepared has no exception any more, but its text."""
    handler = logging.handlers.QueueHandler(None)  # type: ignore[arg-type]
    try:
        raise ValueError("inner")  # noqa: TRY301 - a record with an exception
    except ValueError:
        record = made(msg="order %s", args=("5",), exc_info=sys.exc_info())
    occurrence = capture(pickle.loads(pickle.dumps(handler.prepare(record))))  # noqa: S301 - our own

    assert occurrence.chain == ()
    assert "ValueError: inner" in occurrence.message + str(occurrence.stack)


def test_the_text_of_an_exception_is_not_sent_twice() -> None:
    """Where the exception is there, what a formatter cached of it is not needed."""
    record = made(msg="message", exc_info=(ValueError, ValueError("x"), None), exc_text="Traceback …")

    assert capture(record).stack is None


@pytest.mark.parametrize("exc_info", [True, False, None, (None, None, None), 5, "text", (1, 2, 3)])
def test_an_odd_exc_info_leaves_the_message(exc_info: Any) -> None:
    """A record is reported as a message if it has no exception, whatever it has instead."""
    occurrence = capture(made(msg="message", exc_info=exc_info))

    assert (occurrence.chain, occurrence.message) == ((), "message")


def test_an_exception_instead_of_a_triple_is_read() -> None:
    """A record made by hand may carry the exception itself, be it falsy or of an odd equality."""

    class FalsyError(Exception):
        def __bool__(self) -> bool:
            return False

    class EqualError(Exception):
        __hash__ = None  # type: ignore[assignment]

        def __eq__(self, other: object) -> bool:
            return True

    for error in (ValueError(), FalsyError(), EqualError()):
        assert capture(made(exc_info=error)).chain[0].class_name == type(error).__name__


# What a record asks for


def test_a_record_may_ask_for_its_grouping_title_and_context() -> None:
    """`rollbar_fingerprint`, `rollbar_title` and `rollbar_context` are understood, and no extras."""
    extra = {"rollbar_fingerprint": "orders", "rollbar_title": 5, "rollbar_context": None, "order": 7}
    occurrence = logged("message", extra=extra)

    assert occurrence.overrides == {"fingerprint": "orders", "title": "5"}
    assert occurrence.extras == {"order": 7}


def test_a_record_may_name_a_person() -> None:
    """`rollbar_person` comes before the person of the context; what is no mapping is not a person."""

    class Person(dict[str, Any]):
        items = keys = __iter__ = __len__ = __bool__ = raising(ValueError)

    with context(person={"id": 1}):
        assert logged("message").person == {"id": 1}
        assert logged("message", extra={"rollbar_person": {"id": 2}}).person == {"id": 2}
        assert logged("message", extra={"rollbar_person": Person(id=3)}).person == {"id": 3}
        assert logged("message", extra={"rollbar_person": "Ursula"}).person == {"id": 1}
    assert logged("message").person is None


def test_a_record_may_name_a_request() -> None:
    """`rollbar_request`, and pyrollbar's `request`, come before the request of the context."""
    with context(request={"url": "https://context"}):
        assert logged("message").request == {"url": "https://context"}
        assert logged("message", extra={"request": {"url": "https://a"}}).request == {"url": "https://a"}
        both = logged("message", extra={"request": {"url": "https://a"}, "rollbar_request": {"url": "https://b"}})
        assert both.request == {"url": "https://b"}
    assert logged("message").request is None


def test_what_pyrollbar_understands_is_understood() -> None:
    """`extra_data` joins the extras, `payload_data` the item."""
    extra = {"extra_data": {"order": 5}, "payload_data": {"context": "shop"}, "other": 1}
    occurrence = logged("message", extra=extra)

    assert occurrence.extras == {"other": 1, "order": 5}
    assert occurrence.payload == {"context": "shop"}
    assert logged("message", extra={"extra_data": "text"}).extras == {"extra_data": "text"}
    assert logged("message", extra={"payload_data": "text"}).payload == {}
    assert logged("message", extra={"extra_data": None}).extras == {}


# structlog


def structured(handler: logging.Handler, **options: Any) -> Any:
    """A structlog logger that hands its events to `logging` as `ProcessorFormatter` wants them."""
    return structlog.wrap_logger(
        logger_of(handler),
        wrapper_class=structlog.stdlib.BoundLogger,
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            *options.pop("processors", []),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        **options,
    )


@pytest.mark.parametrize("context_class", [dict, OrderedDict])
def test_an_event_of_structlog_is_message_and_extras(context_class: type) -> None:
    """The event is message and template, the rest are extras; the formatter's own names are neither."""
    handler = Capturing()
    structured(handler, context_class=context_class).bind(order=5).error("order failed", amount=1.5)
    (occurrence,) = handler.caught
    assert occurrence is not None

    assert (occurrence.message, occurrence.template) == ("order failed", "order failed")
    assert occurrence.extras == {"order": 5, "amount": 1.5, "level": "error", "logger": "app.orders"}
    assert occurrence.args is None


def test_an_event_dict_is_left_as_it_was() -> None:
    """Other handlers format the same event afterwards."""
    event = {"event": "failed", "exc_info": ValueError(), "order": 5}
    copy = dict(event)

    capture(made(msg=event))

    assert event == copy


def test_an_exception_in_an_event_is_read() -> None:
    """`exc_info` within the event dict counts as the record's own: `True`, an instance or a triple."""
    handler = Capturing()
    logger = structured(handler)
    error = ValueError("inner")
    try:
        raise error
    except ValueError:
        logger.exception("order failed")
        logger.exception("order failed", exc_info=error)
        logger.exception("order failed", exc_info=(ValueError, error, error.__traceback__))
    logger.error("order failed", exc_info=None)

    classes = [[trace.class_name for trace in occurrence.chain] for occurrence in handler.caught if occurrence]
    assert classes == [["ValueError"]] * 3 + [[]]
    assert all("exc_info" not in occurrence.extras for occurrence in handler.caught if occurrence)


def test_an_exception_in_an_event_decides_over_the_level() -> None:
    """`exception_levels` hold for structlog's events too."""
    record = made(msg={"event": "failed", "exc_info": KeyError()})

    assert capture(record, levels={"KeyError": "info"}).level == "info"
    assert recorder(levels={"KeyError": "ignored"}).capture(record) is None


def test_bound_context_variables_are_extras() -> None:
    """Variables bound by structlog are extras of every record; the record's own come first."""
    with structlog.contextvars.bound_contextvars(order=5, customer="Ursula"):
        occurrence = logged("message", extra={"order": 7})

    assert occurrence.extras == {"order": 7, "customer": "Ursula"}


def test_an_event_may_be_anything() -> None:
    """An event that is no text, and names that are none, are reported."""
    event = {"event": ["a", "b"], 5: "five", hostile(object, ValueError, is_key=True): 1}
    occurrence = capture(made(msg=event))

    assert occurrence.message == "<list of 2>"
    assert occurrence.extras["5"] == "five"
    assert len(occurrence.extras) == 2


def test_a_dict_that_is_no_event_is_a_message() -> None:
    """Only structlog's dicts have an event."""
    assert capture(made(msg={"order": 5})).message == "{'order': 5}"


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
