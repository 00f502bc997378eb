"""Which occurrences belong together: pure, without a server."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbar_logging.levels import LEVELS
from rollbar_logging.server.grouping import fingerprint_of, level_of_data, title_of, without_variables
from tests.server.conftest import error_item, frame, item


def message_fingerprint(text: str) -> str:
    """Return the fingerprint of a message."""
    return fingerprint_of(item(text)["data"])


def trace_data(path: str, method: str = "run", lineno: int = 1, **server: str) -> dict[str, Any]:
    """Return the ``data`` of an exception with one frame."""
    trace = {"frames": [frame(path, method, lineno)], "exception": {"class": "ValueError", "message": "m"}}
    return {"environment": "e", "server": server, "body": {"trace": trace}}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("order 1234 failed", "order 99 failed"),
        ("at 2024-01-02T03:04:05.678Z", "at 2025-11-30 10:00:00"),
        ("mail to ann@example.org bounced", "mail to b.c+d@mail.example.com bounced"),
        ("peer 10.0.0.1 gone", "peer 192.168.17.250 gone"),
        ("peer fe80::1:2:3 gone", "peer 2001:db8:0:0:1::9 gone"),
        ("took 1.25 s", "took 17.5 s"),
        ("object at 0x7f3a9c2b1d90", "object at 0x7ffe00112233"),
        ("error: 0x7f3a9c2b1d90 is gone", "error: 0x7ffe00112233 is gone"),
        ("job 7d444840-9dc0-11d1-b245-5ffdce74fad2", "job 6ba7b810-9dad-11d1-80b4-00c04fd430c8"),
    ],
)
def test_messages_that_differ_in_what_changes_are_one_item(one: str, other: str) -> None:
    """Numbers, dates, addresses and ids do not count."""
    assert message_fingerprint(one) == message_fingerprint(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("payment failed", "payment declined"),
        ("HTTP 404", "HTTP 500"),
        ("status code: 403", "status code: 502"),
        ("error 1045", "error 2002"),
        ("error code: 0x80004005", "error code: 0x80070002"),
        ("face", "cafe"),
    ],
)
def test_messages_that_say_something_else_are_two_items(one: str, other: str) -> None:
    """Words count, and so do status and error codes."""
    assert message_fingerprint(one) != message_fingerprint(other)


def test_lines_and_texts_of_exceptions_do_not_count() -> None:
    """The same exception from the same calls is the same item, whatever its message and lines."""
    one, other = error_item("a")["data"], error_item("b")["data"]
    other["body"]["trace_chain"][0]["frames"][0]["lineno"] = 999

    assert fingerprint_of(one) == fingerprint_of(other)


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        (trace_data("/a/x.py", root="/a"), trace_data("/b/c/x.py", root="/b/c/"), True),
        (trace_data("/srv/releases/20240101120000/x.py"), trace_data("/srv/releases/20250630235959/x.py"), True),
        (trace_data("/srv/1f3a9c2b1d/x.py"), trace_data("/srv/99aa88bb77/x.py"), True),
        (trace_data("/x.py", "step_12"), trace_data("/x.py", "step_345"), True),
        (trace_data("/x.py", "run"), trace_data("/x.py", "stop"), False),
        (trace_data("/x.py"), trace_data("/y.py"), False),
    ],
)
def test_where_code_lies_does_not_count(one: dict[str, Any], other: dict[str, Any], is_same: bool) -> None:
    """The server's root, dates and SHAs in paths and numbers in methods do not count; names do."""
    assert (fingerprint_of(one) == fingerprint_of(other)) is is_same


def test_a_cause_counts() -> None:
    """An exception with another cause is another item."""
    one, other = error_item()["data"], error_item()["data"]
    other["body"]["trace_chain"][1]["exception"]["class"] = "OSError"

    assert fingerprint_of(one) != fingerprint_of(other)


def test_the_clients_fingerprint_beats_the_default() -> None:
    """A fingerprint is taken as it is up to 40 characters; a longer one as its SHA-1."""
    assert fingerprint_of(item(fingerprint="mine")["data"]) == "mine"
    assert fingerprint_of(item(fingerprint="x" * 40)["data"]) == "x" * 40
    assert fingerprint_of(item(fingerprint="x" * 41)["data"]) == "9dc0da3613af850c5a018b0a88a5626fb8888e4e"


@pytest.mark.parametrize(
    ("data", "title"),
    [
        (error_item("boom")["data"], "ValueError: boom"),
        (error_item("")["data"], "ValueError"),
        (item("\n first line \nsecond")["data"], "first line"),
        (item(" ")["data"], "(no message)"),
        (item(title="mine")["data"], "mine"),
        (item(title=" ")["data"], "boom"),
        (item("x" * 300)["data"], "x" * 255),
        ({"body": {"crash_report": {"raw": "Crash\nof all"}}}, "Crash"),
    ],
)
def test_titles(data: dict[str, Any], title: str) -> None:
    """An item is called what the client calls it, else by its last exception, else by its text's first line."""
    assert title_of(data) == title


@pytest.mark.parametrize(
    ("data", "level"),
    [
        (item()["data"], "info"),
        (error_item()["data"], "error"),
        (item(level="critical")["data"], "critical"),
        (item(level="WARN")["data"], "warning"),
        (item(level="warni")["data"], "warning"),
        (item(level="crit")["data"], "critical"),
        (item(level="notice")["data"], "info"),
        (item(level="odd")["data"], "error"),
        (item(level="")["data"], "info"),
    ],
)
def test_levels(data: dict[str, Any], level: str) -> None:
    """A level that is none of the five is taken for the one it begins like; none given, for the body's default."""
    assert level_of_data(data) == level


@given(st.text())
def test_any_text_has_a_fingerprint(text: str) -> None:
    """Whatever is logged: 40 hex digits, one of five levels, and a title."""
    data = item(text, level=text)["data"]

    assert len(fingerprint_of(data)) == 40
    assert level_of_data(data) in LEVELS
    assert title_of(data)


def test_long_texts_are_searched_in_time() -> None:
    """A text of the sort that makes searches slow is cut before it is searched."""
    for text in ("a" * 1_000_000, "a." * 500_000, "0:" * 500_000, "1." * 500_000, "f" * 1_000_000):
        assert len(without_variables(text)) <= 4096
