"""What the application's log, or else the standard error stream, hears of reports, and how often."""

from __future__ import annotations

import contextlib
import io
import logging
import sys
from collections import Counter
from collections.abc import Iterator

import pytest

from rollbar_logging.delivery.notices import ADVICE, INTERVAL, Notices, tell
from tests.loopback import Loopback
from tests.pipelines import made

OWN = logging.getLogger("rollbar_logging")


@pytest.fixture
def heard() -> Iterator[list[str]]:
    """What a handler of the application's on the product's logger hears."""

    class Ear(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            messages.append(f"{record.levelname} {record.getMessage()}")

    messages: list[str] = []
    ear = Ear()
    OWN.addHandler(ear)
    yield messages
    OWN.removeHandler(ear)


@contextlib.contextmanager
def cut_off(*handlers: logging.Handler) -> Iterator[None]:
    """Nobody but these hears the product's logger: the handlers that pytest has put on the root do not."""
    OWN.propagate, OWN.handlers = False, list(handlers)
    try:
        yield
    finally:
        OWN.propagate, OWN.handlers = True, []


def test_drops_are_told_once_per_reason_and_minute_and_none_is_left_out(heard: list[str]) -> None:
    """The first at once, the next with their number when the minute is over, each reason by itself."""
    now, counts = 1000.0, Counter({"queue_full": 1})
    notices = Notices(lambda: now)
    notices.dropped(counts)
    notices.dropped(counts)
    counts["queue_full"] += 2
    counts["expired"] += 1
    notices.dropped(counts)
    now += INTERVAL - 1
    counts["queue_full"] += 3
    notices.dropped(counts)
    now += 1
    notices.dropped(counts)
    notices.dropped(counts)

    assert heard == [
        f"WARNING 1 report was dropped: queue_full ({ADVICE['queue_full']})",
        f"WARNING 1 report was dropped: expired ({ADVICE['expired']})",
        f"WARNING 5 reports were dropped: queue_full ({ADVICE['queue_full']})",
    ]


def test_the_end_tells_all_that_was_not_told_yet(heard: list[str]) -> None:
    """At the end nobody waits for the minute to be over."""
    counts = Counter({"shutdown": 2})
    notices = Notices()
    notices.dropped(counts)
    counts["shutdown"] += 1
    notices.dropped(counts, is_last=True)
    notices.dropped(counts, is_last=True)

    why = "the process ended first; shutdown_timeout gives more time, and spool_dir keeps them on disk"
    assert heard == [
        f"WARNING 2 reports were dropped: shutdown ({why})",
        f"WARNING 1 report was dropped: shutdown ({why})",
    ]


def test_a_drop_is_told_with_the_latest_explanation(heard: list[str]) -> None:
    """Rollbar's own words say why."""
    notices = Notices()
    notices.explain("rejected_422", "Rollbar answered 422: Invalid format")
    notices.explain("rejected_422", "")
    notices.explain("shutdown", "the disk is full")
    notices.dropped(Counter({"rejected_422": 1, "shutdown": 1, "before_send": 1}))

    assert heard == [
        "WARNING 1 report was dropped: rejected_422 (Rollbar answered 422: Invalid format)",
        "WARNING 1 report was dropped: shutdown (the disk is full)",
        "WARNING 1 report was dropped: before_send",
    ]


def test_what_cost_no_report_is_told_once_a_minute_too(heard: list[str]) -> None:
    """A rate limit that lasts is told again after a minute."""
    now = 1000.0
    notices = Notices(lambda: now)
    for seconds in (0, 1, INTERVAL):
        now += seconds
        notices.happened("rate_limited", f"held at {now:.0f}")

    assert heard == ["WARNING held at 1000", "WARNING held at 1061"]


def test_nothing_is_told_while_it_must_be_silent(heard: list[str]) -> None:
    """What was not told then is told afterwards."""
    notices, counts = Notices(), Counter({"queue_full": 1})
    notices.is_silent = True
    notices.dropped(counts)
    notices.happened("rate_limited", "held")
    notices.is_silent = False
    notices.dropped(counts)
    notices.happened("rate_limited", "held")

    assert heard == [f"WARNING 1 report was dropped: queue_full ({ADVICE['queue_full']})", "WARNING held"]


def test_with_no_ears_but_our_own_the_error_stream_hears(
    loopback: Loopback, capsys: pytest.CaptureFixture[str]
) -> None:
    """A logger with nothing but a `RollbarHandler` would swallow every notice."""
    handler = made(loopback)
    with cut_off(handler):
        tell("held")
    handler.close()

    assert capsys.readouterr().err == "rollbar_logging: held\n"


def test_with_no_ears_at_all_the_error_stream_hears(capsys: pytest.CaptureFixture[str]) -> None:
    """Without any configuration, too, it is told whose message it is."""
    with cut_off():
        tell("held")

    assert capsys.readouterr().err == "rollbar_logging: held\n"


def test_without_a_last_resort_there_is_silence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Who has switched off logging's last resort wants nothing on the error stream."""
    monkeypatch.setattr(logging, "lastResort", None)
    monkeypatch.setattr(logging, "raiseExceptions", False)
    with cut_off():
        tell("held")

    assert capsys.readouterr().err == ""


def test_a_configuration_that_disables_loggers_has_not_meant_this_one(heard: list[str]) -> None:
    """`logging.config` does so by default with all that it does not name; the application would never hear a drop."""
    OWN.disabled = True
    try:
        tell("held")
    finally:
        OWN.disabled = False

    assert heard == ["WARNING held"]


def test_who_wants_silence_gets_it(heard: list[str]) -> None:
    """The logger's level is the application's."""
    OWN.setLevel(logging.CRITICAL)
    try:
        tell("held")
    finally:
        OWN.setLevel(logging.NOTSET)

    assert heard == []


def test_an_ear_that_fails_harms_nobody() -> None:
    """A handler that raises does not end the thread that told of something."""

    class Broken(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            calls.append(record)
            raise ValueError("broken")

    calls: list[logging.LogRecord] = []
    with cut_off(Broken()):
        tell("held")

    assert len(calls) == 1


@pytest.mark.parametrize("is_missing", [True, False])
def test_a_missing_error_stream_is_no_error(
    loopback: Loopback, monkeypatch: pytest.MonkeyPatch, *, is_missing: bool
) -> None:
    """Programs without a console have none, and some close theirs."""
    closed = io.StringIO()
    closed.close()
    handler = made(loopback)
    with cut_off(handler), monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", None if is_missing else closed)
        tell("held")
    handler.close()
