"""A record's extras, what it asks for by them, and structlog's events."""

from __future__ import annotations

import logging
import logging.handlers
import pickle
import sys
from collections import OrderedDict
from typing import Any

import pytest
import structlog

from rollbar_logging.capture.context import context
from tests.capture.material import Capturing, hostile, logged, logger_of, raising, recorder
from tests.capture.records import capture, made


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


def test_the_exception_of_an_event_counts_when_the_record_has_an_empty_one() -> None:
    """Structlog's asynchronous methods log outside of the ``except`` block: the record's own is three times nothing."""
    record = made(msg={"event": "failed", "exc_info": KeyError("lost")}, exc_info=(None, None, None))

    assert [trace.class_name for trace in capture(record).chain] == ["KeyError"]


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
