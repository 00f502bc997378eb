"""What the assertions take, and to the letter what they say when they fail."""

from __future__ import annotations

import contextlib
import copy
import datetime as dt
import decimal
import logging
import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rollbar_logging import RollbarHandler
from rollbar_logging.testing import (
    RaisedException,
    Report,
    Reports,
    assert_nothing_reported,
    assert_reported,
    capture_reports,
)
from rollbar_logging.testing.present import TooLow


class SoldOutError(LookupError):
    """The shop's own."""


class BrokenRepr:
    """Cannot be shown."""

    def __repr__(self) -> str:
        """Raise."""
        raise OSError("no")


def message(text: str, level: str = "error", **custom: Any) -> Report:
    """A report of a message."""
    record = {"logger": "shop", "pathname": "/srv/shop/cart.py", "lineno": 12, "function": "buy"}
    data = {"uuid": text, "level": level, "body": {"message": {"body": text}}, "custom": {**custom, "record": record}}
    return Report(data, 100)


def failure(class_name: str, text: str, module: str | None = None, logged: str | None = None) -> Report:
    """A report of an exception."""
    frames = [
        {"filename": "shop/web.py", "lineno": 3, "method": "view"},
        {"filename": "C:\\shop\\cart.py", "lineno": 40, "method": "pay", "code": "raise it", "locals": {"x": 1}},
    ]
    said = {"class": class_name, "message": text, **({"description": logged} if logged else {})}
    trace = {"frames": frames, "exception": said, **({"extra": {"module": module}} if module else {})}
    return Report({"uuid": text, "level": "error", "body": {"trace": trace}}, 100)


def said(reports: Any, **wanted: Any) -> str:
    """What a failing `assert_reported` says."""
    with pytest.raises(AssertionError) as caught:
        assert_reported(reports, **wanted)
    return str(caught.value)


def test_nothing_was_reported() -> None:
    """Without any report the message has what was expected."""
    assert said([]) == "nothing was reported, 1 expected"
    assert said([], count=3) == "nothing was reported, 3 expected"
    assert said([], level="error", exception=KeyError, order=re.compile("^A"), total=len) == (
        "nothing was reported, 1 expected matching level='error', exception=KeyError, order=/^A/, total=len"
    )


def test_the_nearest_report_is_explained() -> None:
    """Of several reports the one with the fewest differences is told of, field by field; the others by a line."""
    reports = [message("low stock", "warning"), message("sold out", order=12, by="Ann"), failure("KeyError", "'x'")]

    assert said(reports, level="error", message="sold out", order=13, exception=ValueError, when=1) == (
        "no report matching level='error', message='sold out', order=13, exception=ValueError, when=1\n"
        "nearest of 3 is #1 error 'sold out' (cart.py:12 in buy):\n"
        "  level: matches\n"
        "  message: matches\n"
        "  order: 12 is not 13\n"
        "  exception: there is none: a message was logged\n"
        "  when: missing: custom has 'order', 'by'\n"
        "also reported:\n"
        "  #0 warning 'low stock' (cart.py:12 in buy)\n"
        "  #2 error \"KeyError: 'x'\" (cart.py:40 in pay)"
    )


def test_the_nearest_of_equals_is_the_most_alike() -> None:
    """Where as many names differ, the texts decide."""
    reports = [message("the database is gone"), message("order 17 failed"), message("hello")]

    assert said(reports, message="order 71 failed").splitlines()[1:3] == [
        "nearest of 3 is #1 error 'order 17 failed' (cart.py:12 in buy):",
        "  message: 'order 17 failed' is not 'order 71 failed'",
    ]


def test_a_wrong_number_lists_what_matches() -> None:
    """Too many, or too few, are listed; of very many not all."""
    reports = [message("sold out"), message("paid twice")]

    assert said(reports, count=1) == (
        "2 reports, 1 expected:\n  #0 error 'sold out' (cart.py:12 in buy)\n  #1 error 'paid twice' (cart.py:12 in buy)"
    )
    assert said(reports, count=2, message="sold out") == (
        "1 report matching message='sold out', 2 expected:\n  #0 error 'sold out' (cart.py:12 in buy)"
    )
    assert said(reports * 6, count=1).splitlines()[-1] == "  … and 2 more"


def test_nothing_reported() -> None:
    """What must not be there is listed."""
    reports = [message("sold out"), failure("KeyError", "'x'")]
    assert_nothing_reported([])
    assert_nothing_reported(reports, level="critical")

    with pytest.raises(AssertionError) as caught:
        assert_nothing_reported(reports, exception=KeyError)
    assert str(caught.value) == (
        "1 report matching exception=KeyError, none expected:\n  #0 error \"KeyError: 'x'\" (cart.py:40 in pay)"
    )
    with pytest.raises(AssertionError, match=r"^2 reports, none expected:\n  #0 error 'sold out'"):
        assert_nothing_reported(reports)


def test_what_was_dropped_is_told() -> None:
    """If `before_send` dropped what is missed, the message says so."""
    with capture_reports(before_send=lambda _: None) as reports:
        logging.getLogger("shop").error("boom")

        assert said(reports) == "nothing was reported, 1 expected\ndropped: 1 report (before_send)"


def test_what_was_below_the_level_is_told() -> None:
    """What is missed was often logged, only too low: by the level of the handler, or by the usual one without any."""
    shop = logging.getLogger("shop")
    with capture_reports() as reports:
        shop.warning("%d left", 2)
        expected = "nothing was reported, 1 expected\nlogged below the level ERROR: WARNING '2 left'"
        assert said(reports) == expected
        with pytest.raises(AssertionError) as caught:
            reports.wait_for(timeout=0)
        assert str(caught.value) == f"after 0 s, {expected}"
        shop.error("boom")
        for number in range(9):
            shop.warning("more %d", number)
        assert said(reports, title="2 left").endswith(
            "\nlogged below the level ERROR: WARNING '2 left', WARNING 'more 0', WARNING 'more 1', …"
        )
    with contextlib.closing(RollbarHandler(level="CRITICAL", enabled=False)) as handler, capture_reports() as reports:
        shop.addHandler(handler)
        shop.error("boom")
        shop.removeHandler(handler)
        assert said(reports) == "nothing was reported, 1 expected\nlogged below the level CRITICAL: ERROR 'boom'"
    with capture_reports(level="WARNING") as reports:
        shop.warning("low")
        assert said(reports, level="error").endswith("'warning' is not 'error'")


def test_a_record_that_cannot_be_written_is_told_as_it_is() -> None:
    """Arguments that do not fit its text must not fail the program that is tested."""
    too_low = TooLow()
    too_low.note(logging.makeLogRecord({"msg": "%d left", "args": ("x",), "levelname": "INFO"}), logging.ERROR)

    assert too_low.told() == "\nlogged below the level ERROR: INFO '%d left'"


def test_what_is_said_of_the_reports_themselves_is_not_told() -> None:
    """It may come at any time, and no test looks for it."""
    too_low = TooLow()
    record = {"name": "rollbar_logging", "msg": "1 report was dropped: before_send", "levelname": "WARNING"}
    too_low.note(logging.makeLogRecord(record), logging.ERROR)
    assert not too_low.told()


def test_a_name_that_was_mistyped_is_guessed() -> None:
    """It would otherwise pass for a key of `custom`, which merely is not there."""
    reports = [message("sold out", order=4)]

    assert said(reports, msg="sold out").endswith("msg: missing: custom has 'order'; did you mean 'message'?")
    assert said(reports, ordr=4).endswith("ordr: missing: custom has 'order'; did you mean 'order'?")
    assert said(reports, zzz=4).endswith("zzz: missing: custom has 'order'")


def test_what_is_not_there_says_so() -> None:
    """An index beyond the reports, and an attribute that is a key of `custom`."""
    reports = Reports(lambda: [message("sold out", order=4)], dict)

    assert reports[-1].message == "sold out"
    with pytest.raises(IndexError, match=r"^1 report only, no \[1\]$"):
        reports[1]
    with pytest.raises(IndexError, match=r"^nothing was reported\ndropped: 2 reports \(storm\)$"):
        Reports(list, lambda: {"storm": 2})[0]
    with pytest.raises(AttributeError, match=r"report\.custom\['order'\]"):
        _ = reports[0].order
    assert not hasattr(reports[0], "nothing")
    assert copy.deepcopy(reports[0]) == reports[0]


def test_what_did_not_come_in_time() -> None:
    """Waiting in vain tells what is there instead."""
    reports = Reports(lambda: [message("sold out")], dict)

    with pytest.raises(AssertionError) as caught:
        reports.wait_for(timeout=0.02, level="critical")
    assert str(caught.value) == (
        "after 0.02 s, no report matching level='critical'\n"
        "nearest is #0 error 'sold out' (cart.py:12 in buy):\n"
        "  level: 'error' is not 'critical'"
    )
    with pytest.raises(AssertionError, match=r"^after 0 s, 1 report, 2 expected:\n  #0 error 'sold out'"):
        reports.wait_for(2, timeout=0)


SENT = {"a": 1, "b": [1, 2, {"c": "text"}]}


def odd(number: int) -> bool:
    """A judge."""
    return number % 2 == 1


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (12, 12),
        ("text", re.compile("ex")),
        (12, int),
        (13, odd),
        (SENT, {"b": [int, 2, {"c": re.compile("t")}]}),
        ([1, 2], (1, 2)),
        ("2026-11-27", dt.date(2026, 11, 27)),
        ("1.50", decimal.Decimal("1.50")),
        (None, None),
        ({"1": 2}, {1: 2}),
        (0.1 + 0.2, pytest.approx(0.3)),
    ],
)
def test_what_matches(value: Any, expected: Any) -> None:
    """A value and all that it may be expected to be."""
    reports = [message("boom", value=value)]

    assert assert_reported(reports, value=expected) is reports[0]
    assert_reported(reports, custom={"value": expected})


@pytest.mark.parametrize(
    ("value", "expected", "why"),
    [
        (12, 13, "12 is not 13"),
        ("text", re.compile("^ext"), "'text' does not match /^ext/"),
        (12, re.compile("12"), "12 does not match /12/"),
        ("text", re.compile(b"t"), "'text' does not match /b't'/"),
        ("12", int, "'12' is no int"),
        (12, odd, "odd(12) is false"),
        ("x", odd, "odd('x') raised TypeError: not all arguments converted during string formatting"),
        (SENT, {"a": 2, "d": 1}, "['a'] 1 is not 2; ['d'] missing: it has 'a', 'b'"),
        (SENT, {"b": [1, 3, {"c": "no"}]}, "['b'] [1] 2 is not 3; [2] ['c'] 'text' is not 'no'"),
        ([1, 2], [1], "[1, 2] is not [1]"),
        (1, {"a": 1}, "1 is not {'a': 1}"),
        (1, BrokenRepr(), "1 is not <BrokenRepr: its repr raised OSError>"),
        ({}, {"a": 1}, "['a'] missing: it has nothing"),
        ("x" * 300, 1, f"'{'x' * 158}… is not 1"),
        (
            "a" * 70 + "b" * 40,
            "a" * 70 + "c",
            f"…'{'a' * 20}{'b' * 30}' is not …'{'a' * 20}c': they differ from character 70 on",
        ),
        ("a" * 70, "a" * 71, f"…'{'a' * 20}' is not …'{'a' * 21}': they differ from character 70 on"),
    ],
)
def test_why_it_does_not_match(value: Any, expected: Any, why: str) -> None:
    """Each kind of expectation says what is wrong."""
    assert said([message("boom", value=value)], value=expected).splitlines()[2] == f"  value: {why}"


@pytest.mark.parametrize(
    "expected",
    [
        SoldOutError,
        LookupError,
        Exception,
        SoldOutError("none left"),
        LookupError("none left"),
        "SoldOutError",
        f"{__name__}.SoldOutError",
        re.compile("^SoldOutError: none"),
        lambda raised: raised.notes == (),
    ],
)
def test_an_exception_matches(expected: Any) -> None:
    """By class, base class, instance, name, text, and what a function says of it."""
    assert_reported([failure("SoldOutError", "none left", __name__)], exception=expected)


@pytest.mark.parametrize(
    ("expected", "why"),
    [
        (KeyError, "'SoldOutError: none left' is no KeyError"),
        (
            type("SoldOutError", (Exception,), {"__module__": "elsewhere"}),
            "'SoldOutError: none left' is no SoldOutError",
        ),
        (SoldOutError("none"), "its message: 'none left' is not 'none'"),
        (KeyError("none left"), "'SoldOutError: none left' is no KeyError"),
        ("elsewhere.SoldOutError", "'SoldOutError: none left' is no elsewhere.SoldOutError"),
        (re.compile("^none"), "'SoldOutError: none left' does not match /^none/"),
        (None, "'SoldOutError: none left' was raised, none expected"),
    ],
)
def test_an_exception_does_not_match(expected: Any, why: str) -> None:
    """A failing expectation of an exception says which one there is."""
    text = said([failure("SoldOutError", "none left", __name__)], exception=expected)

    assert text.splitlines()[2] == f"  exception: {why}"


def test_a_builtin_exception_by_its_names() -> None:
    """The module of a built-in exception is not sent, and may be named."""
    for expected in ("KeyError", "builtins.KeyError", KeyError, LookupError):
        assert_reported([failure("KeyError", "'x'")], exception=expected)


@pytest.mark.parametrize("level", ["error", "ERROR", logging.ERROR, re.compile("err")])
def test_a_level_may_be_logging_s(level: Any) -> None:
    """Rollbar's names, `logging`'s names and numbers."""
    assert_reported([message("boom")], level=level)
    assert "level: 'info' is not 'error'" in said([message("boom", "info")], level=logging.ERROR)


def test_a_report_is_easy_to_read() -> None:
    """A real report's parts by name."""
    with capture_reports(level="INFO") as reports:
        try:
            try:
                _ = {}["amount"]  # type: ignore[var-annotated]
            except KeyError as error:
                amount = 12
                raise SoldOutError("none left") from error
        except SoldOutError:
            extra = {"rollbar_person": {"id": "7"}, "rollbar_context": "cart", "record": "the application's"}
            logging.getLogger("shop").exception("order %d failed", 4, extra=extra)

    (report,) = reports
    assert isinstance(report.exception, RaisedException)
    assert (report.level, report.message, report.title) == ("error", "order 4 failed", "SoldOutError: none left")
    assert [str(raised) for raised in report.exceptions] == ["SoldOutError: none left", "KeyError: 'amount'"]
    assert (report.exception.module, report.exceptions[1].module) == (__name__, None)
    assert (report.locals["amount"], report.frames[-1].method) == (amount, "test_a_report_is_easy_to_read")
    assert (report.frames[-1].code or "").strip() == 'raise SoldOutError("none left") from error'
    assert (report.person, report.context, report.request, report.fingerprint) == ({"id": "7"}, "cart", None, None)
    assert (report.custom, report.logger) == ({"record": "the application's"}, "shop")
    assert report.record["template"] == "order %d failed"
    assert (report.environment, report.code_version, report.framework) == ("production", None, None)
    assert (report.raw["uuid"], report.size > 500) == (report.uuid, True)
    line = report.frames[-1].lineno
    where = f"test_assertions.py:{line} in test_a_report_is_easy_to_read"
    assert repr(report) == f"<Report error 'SoldOutError: none left' ({where})>"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
NAMES = [
    "body",
    "message",
    "trace",
    "trace_chain",
    "exception",
    "frames",
    "class",
    "extra",
    "notes",
    "custom",
    "record",
]
DATA = st.recursive(
    JSON,
    lambda inner: st.dictionaries(st.sampled_from(NAMES), inner, max_size=5) | st.lists(inner, max_size=3),
    max_leaves=20,
)


@settings(max_examples=50, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.dictionaries(st.sampled_from([*NAMES, "title", "level", "person", "uuid"]), DATA))
def test_any_client_s_report_can_be_read(data: dict[str, Any]) -> None:
    """What is not as expected in the data is left out, and never raises."""
    report = Report(data, 0)

    for name in dir(Report):
        if not name.startswith("_") and name not in {"count", "index"}:
            getattr(report, name)
    assert repr(report).startswith("<Report ")
    assert said([report], order=1, message=re.compile("x$^"), exception=KeyError("?")).startswith("no report matching")


@pytest.mark.parametrize("is_ours", [True, False])
def test_a_builtin_exception_is_no_other_of_its_name(is_ours: bool) -> None:
    """The handler names the module of every class that is not built in; other clients name none."""
    report = failure("ConnectionError", "refused")
    report.raw["notifier"] = {"name": "rollbar-logging" if is_ours else "pyrollbar"}
    expected = type("ConnectionError", (OSError,), {"__module__": "shop.http"})

    assert_reported([report], exception=ConnectionError)
    if is_ours:
        assert "'ConnectionError: refused' is no ConnectionError" in said([report], exception=expected)
    else:
        assert_reported([report], exception=expected)


def test_none_is_no_count() -> None:
    """The other assertion is for that."""
    with capture_reports() as reports, pytest.raises(ValueError, match="got 0; use assert_nothing_reported"):
        assert_reported(reports, count=0)
