"""What an event loop gets to know of and nobody awaits."""

from __future__ import annotations

import asyncio
import functools
import gc
import json
import logging
import traceback
from typing import Any

import pytest

from rollbar_logging.integrations import asyncio as rollbar_asyncio
from rollbar_logging.testing import Reports


async def fail(text: str) -> None:
    """Raise."""
    raise ValueError(text)


def test_a_task_that_nobody_awaits_is_reported_once(reports: Reports) -> None:
    """With the task in custom; asyncio's own log line about it is no second report."""

    async def main() -> None:
        rollbar_asyncio.install()
        task = asyncio.create_task(fail("forgotten"), name="the-task")
        await asyncio.sleep(0)
        del task
        gc.collect()

    asyncio.run(main())
    (report,) = reports

    assert report.exception is not None
    assert report.exception.message == "forgotten"
    assert "the-task" in report.custom["asyncio"]["future"]


def test_a_callback_that_fails_is_reported(reports: Reports) -> None:
    """As what the loop says of it."""

    async def main() -> None:
        rollbar_asyncio.install()
        asyncio.get_running_loop().call_soon([].pop)
        await asyncio.sleep(0)

    asyncio.run(main())
    assert [report.exception and report.exception.class_name for report in reports] == ["IndexError"]


class Unspeakable(asyncio.Protocol):
    """Has no words for itself."""

    def __repr__(self) -> str:
        raise RuntimeError


def test_what_failed_is_named_without_its_values(reports: Reports) -> None:
    """Neither the arguments of a callback, which may be secret, nor whatever its ``repr`` would do."""
    secret = f"hunter{1 + 1}"

    def enter(name: str, password: str) -> None:
        raise KeyError(len(name) + len(password))

    async def main() -> None:
        rollbar_asyncio.install()
        loop = asyncio.get_running_loop()
        loop.call_soon(enter, "ursula", secret)
        loop.call_soon(functools.partial(enter, "ursula"), secret)
        await asyncio.sleep(0)

    asyncio.run(main())
    first, second = (report.custom["asyncio"]["handle"] for report in reports)

    assert first.startswith("<asyncio.events.Handle> ")
    assert first.endswith(".enter")
    assert second.startswith("<asyncio.events.Handle>")
    assert all((report.message or "").endswith(".enter") for report in reports)
    assert all(secret not in json.dumps(report.raw) for report in reports)
    assert [frame.get("method") for frame in reports[0].raw["body"]["trace"]["frames"]] == ["enter"]


def test_the_traceback_is_as_it_was_for_the_handler_before(reports: Reports) -> None:
    """It prints where the loop has called the callback; the report begins where that begins, if it is Python's."""
    secret = f"hunter{1 + 1}"
    tracebacks: list[list[str]] = []

    def mine(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        tracebacks.append([frame.name for frame in traceback.extract_tb(context["exception"].__traceback__)])

    async def main() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(mine)
        rollbar_asyncio.install()
        loop.call_soon(int, secret)
        loop.call_soon(lambda: 1 / 0)
        await asyncio.sleep(0)

    asyncio.run(main())

    assert tracebacks == [["_run"], ["_run", "<lambda>"]]
    assert [report.exception and report.exception.class_name for report in reports] == [
        "ValueError",
        "ZeroDivisionError",
    ]
    assert "Exception in callback" in (reports[0].message or "")
    assert f"('{secret}')" not in json.dumps(reports[0].raw)


def test_what_has_no_words_is_reported(reports: Reports) -> None:
    """By its class."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda *_: None)
        rollbar_asyncio.install()
        loop.call_exception_handler({"message": "odd", "exception": ValueError("x"), "protocol": Unspeakable()})

    asyncio.run(main())
    (report,) = reports

    assert report.title == "ValueError: x"
    assert report.custom["asyncio"]["protocol"].endswith(".Unspeakable>")


def test_the_handler_before_is_called_and_comes_back(reports: Reports) -> None:
    """It gets the loop's context, and is there again afterwards."""
    seen: list[dict[str, Any]] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()

        def mine(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
            seen.append(context)
            logging.getLogger("mine").error("seen", exc_info=context["exception"])

        loop.set_exception_handler(mine)
        uninstall = rollbar_asyncio.install()
        loop.call_exception_handler({"message": "odd", "exception": ValueError("x")})
        loop.call_exception_handler({"message": "only words", "exception": KeyError("y")})
        uninstall()
        assert loop.get_exception_handler() is mine

    asyncio.run(main())
    assert [context["message"] for context in seen] == ["odd", "only words"]
    assert [report.exception and report.exception.class_name for report in reports] == ["ValueError", "KeyError"]


def test_only_a_message_is_left_to_the_loop(reports: Reports) -> None:
    """The loop logs it, and that is the report."""

    async def main() -> None:
        rollbar_asyncio.install()
        asyncio.get_running_loop().call_exception_handler({"message": "only words"})

    asyncio.run(main())
    assert [report.message for report in reports] == ["only words"]


def test_without_a_loop_it_says_so() -> None:
    """There is nothing to watch."""
    with pytest.raises(RuntimeError):
        rollbar_asyncio.install()
