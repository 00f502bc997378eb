"""Where, when and who: what `logging` itself puts on a record."""

from __future__ import annotations

import asyncio
import threading
import uuid
from typing import Any

import pytest

from rollbar_logging.capture.occurrence import PLACE, Occurrence
from rollbar_logging.capture.record import uuid4
from tests.capture.material import Plan, assert_plain, carried_out, hostile, logged
from tests.capture.records import capture, made


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
