"""The trail of earlier records that travels along with a report."""

from __future__ import annotations

import asyncio
import contextvars
import json
import logging
import logging.config
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbar_logging.capture import seen
from rollbar_logging.capture.report_level import ReportLevel
from rollbar_logging.delivery.answer import Answer
from rollbar_logging.handler import RollbarHandler
from tests.pipelines import TOKEN, Scripted


class Application:
    """A logger with a handler that keeps a trail, and what was sent."""

    def __init__(self, **options: Any) -> None:
        self._transport = Scripted(lambda: Answer(200))
        given: dict[str, Any] = {"telemetry_size": 3, "storm_limit": 0, **options}
        self.handler = RollbarHandler(access_token=TOKEN, transport=self._transport, **given)
        self.logger = logging.Logger("app", logging.DEBUG)  # noqa: LOG001 - in no tree
        self.logger.addHandler(self.handler)

    def trails(self) -> list[list[dict[str, Any]]]:
        """The telemetry of each report."""
        assert self.handler.flush(60)
        return [json.loads(body)["data"]["body"].get("telemetry", []) for body in self._transport.bodies]

    def messages(self) -> list[list[str]]:
        """The messages of the telemetry of each report."""
        return [[event["body"]["message"] for event in trail] for trail in self.trails()]


@pytest.fixture
def app() -> Iterator[Application]:
    """An application whose trail keeps three events."""
    made = Application()
    yield made
    made.handler.close()


def test_earlier_records_travel_along(app: Application) -> None:
    """The last three of at least INFO, the oldest first, with level, logger and time."""
    for number in range(5):
        app.logger.info("step %d", number)
    app.logger.debug("not of interest")
    app.logger.error("boom")
    (trail,) = app.trails()

    assert [event["body"]["message"] for event in trail] == ["step 2", "step 3", "step 4"]
    assert {event["body"]["logger"] for event in trail} == {"app"}
    assert {(event["level"], event["type"], event["source"]) for event in trail} == {("info", "log", "server")}
    assert all(event["timestamp_ms"] > 1_600_000_000_000 for event in trail)
    assert app.handler.stats().accepted == 1


def test_a_report_is_in_the_trail_of_the_next(app: Application) -> None:
    """With what was raised; not in its own."""
    try:
        _ = 1 / 0
    except ZeroDivisionError:
        app.logger.exception("first")
    app.logger.error("second")

    assert app.messages() == [[], ["first"]]
    assert app.trails()[1][0]["body"]["exception"] == "ZeroDivisionError: division by zero"


def test_without_the_option_there_is_no_trail() -> None:
    """And records below the level cost nothing."""
    app = Application(telemetry_size=0)
    app.logger.info("step")
    app.logger.error("boom")

    assert app.messages() == [[]]
    assert type(app.handler.level) is int
    app.handler.close()


def test_the_level_is_what_was_asked_for(app: Application) -> None:
    """As everybody reads it, set by the constructor, by `setLevel` and by configuration."""
    assert (app.handler.level, str(app.handler.level), hash(app.handler.level)) == (40, "40", hash(40))
    assert "(production, ERROR)" in repr(app.handler)
    app.handler.setLevel("CRITICAL")
    assert app.handler.level == logging.CRITICAL
    app.logger.error("now only of interest")
    app.logger.critical("boom")
    assert app.messages() == [["now only of interest"]]
    with pytest.raises(ValueError, match="Unknown level"):
        app.handler.setLevel("NONSENSE")


@given(st.integers(0, 60), st.integers(0, 60), st.integers(-5, 70))
def test_a_level_lets_its_own_and_the_trails_through(level: int, lowest: int, levelno: int) -> None:
    """``record.levelno >= handler.level`` is so from the lower of the two on; all else is as of a number."""
    made = ReportLevel.of(level, lowest)

    assert (levelno >= made) is (levelno >= min(level, lowest))
    assert (levelno == made) is (levelno == level)
    assert (levelno < made) is (levelno < level)


def test_threads_have_trails_of_their_own(app: Application) -> None:
    """What one logs is not in the reports of another."""
    app.logger.info("main")

    def work(name: str) -> None:
        app.logger.info("of %s", name)
        app.logger.error("boom of %s", name)

    for name in ("a", "b"):
        thread = threading.Thread(target=work, args=(name,))
        thread.start()
        thread.join()

    assert app.messages() == [["of a"], ["of b"]]


def test_tasks_have_trails_of_their_own_and_know_their_makers(app: Application) -> None:
    """Tasks that run at once do not mix; each begins with what its maker had seen."""

    async def work(name: str) -> None:
        app.logger.info("begin %s", name)
        await asyncio.sleep(0)
        app.logger.error("boom %s", name)

    async def both() -> None:
        app.logger.info("maker")
        await asyncio.gather(work("a"), work("b"))

    asyncio.run(both())
    assert app.messages() == [["maker", "begin a"], ["maker", "begin b"]]


def test_a_request_begins_with_nothing(app: Application) -> None:
    """A thread that serves one request after another keeps the trail of the one at hand."""

    def serve() -> None:
        for number in range(2):
            seen.begin()
            app.logger.info("request %d", number)
            app.logger.error("boom %d", number)

    contextvars.Context().run(serve)
    assert app.messages() == [["request 0"], ["request 1"]]


def test_secrets_in_the_trail_are_scrubbed(app: Application) -> None:
    """As everywhere else."""
    app.logger.info("login with password=%s and https://me:hunter2@example.org/", "hunter3")
    app.logger.error("boom")

    assert "hunter" not in json.dumps(app.trails())


def test_what_is_logged_is_kept_as_it_was(app: Application) -> None:
    """A later change of an argument does not change the trail, and a raising one does no harm."""

    class Raising:
        def __str__(self) -> str:
            raise RuntimeError

    values = [1]
    app.logger.info("values %s", values)
    values.append(2)
    app.logger.info("%s", Raising())
    app.logger.info("x" * 5000)
    app.logger.error("boom")
    (messages,) = app.messages()

    assert messages[0] == "values [1]"
    assert "raised RuntimeError" in messages[1]
    assert len(messages[2]) < 3000


def test_one_entry_in_the_configuration_is_enough() -> None:
    """`dictConfig` with strings, as a configuration has them."""
    transport = Scripted(lambda: Answer(200))
    handler = {
        "class": "rollbar_logging.RollbarHandler",
        "level": "ERROR",
        "access_token": TOKEN,
        "telemetry_size": "2",
        "telemetry_level": "DEBUG",
        "transport": transport,
    }
    loggers = {"configured": {"handlers": ["rollbar"], "level": "DEBUG", "propagate": False}}
    logging.config.dictConfig(
        {"version": 1, "disable_existing_loggers": False, "handlers": {"rollbar": handler}, "loggers": loggers}
    )
    logger = logging.getLogger("configured")
    logger.debug("step")
    logger.error("boom")
    (rollbar,) = logger.handlers
    assert isinstance(rollbar, RollbarHandler)
    assert rollbar.flush(60)
    (body,) = transport.bodies
    assert [event["body"]["message"] for event in json.loads(body)["data"]["body"]["telemetry"]] == ["step"]
    logger.removeHandler(rollbar)
    rollbar.close()


def test_a_trail_does_not_outlive_its_bound(app: Application) -> None:
    """However much is logged, three events are kept."""
    app.logger.info("begin")
    events = app.handler._telemetry
    assert events is not None
    for number in range(1000):
        app.logger.info("%d", number)

    assert len(events.events()) == 3
    assert sys.getsizeof(events.events()) < 200


def test_an_event_costs_few_calls(app: Application) -> None:
    """There are many for each report: what is to be kept is not copied, and a common level is not looked for."""
    trail = app.handler.telemetry
    assert trail is not None
    body: dict[str, Any] = {"message": "step"}
    calls: list[str] = []
    trail.add(logging.INFO, "log", 1000.5, body)
    sys.setprofile(lambda frame, event, _: calls.append(frame.f_code.co_name) if event == "call" else None)
    try:
        trail.add(logging.INFO, "log", 1000.5, body)
    finally:
        sys.setprofile(None)

    assert len(calls) <= 4, calls
    assert [event["body"] is body for event in trail.events()] == [True, True]


def test_what_two_handlers_keep_is_not_changed_by_one_of_them() -> None:
    """The same event is in both trails; each handler scrubs what it sends."""
    first, second = Application(scrub_fields=("colour",)), Application()
    body: dict[str, Any] = {"message": "step", "colour": "red"}
    for app in (first, second):
        assert app.handler.telemetry is not None
        app.handler.telemetry.add(logging.INFO, "log", 1000.5, body)
    sent = []
    for app in (first, second):
        app.logger.error("boom")
        sent += [trail[0]["body"]["colour"] for trail in app.trails()]
        app.handler.close()

    assert sent == ["[scrubbed]", "red"]
    assert body == {"message": "step", "colour": "red"}


def test_a_level_between_two_is_told_by_the_nearest(app: Application) -> None:
    """As in a report."""
    app.logger.log(25, "noticed")
    app.logger.error("boom")

    assert [event["level"] for trail in app.trails() for event in trail] == ["info"]
