"""What is stored reaches the pages that listen; those that do not keep up are let go."""

from __future__ import annotations

import asyncio
import json
import time

import pytest

from rollbar_logging.server.pages.live import Hub, TooManyListenersError, stream
from rollbar_logging.server.storage.writing import Added
from tests.server.conftest import Caller, item


def added(item_id: int) -> Added:
    """Return what is told of one stored occurrence."""
    return Added("u", is_duplicate=False, occurrence_id=1, item_id=item_id)


def test_what_is_stored_together_is_told_at_once() -> None:
    """One message for all of it, with each item once."""

    async def run() -> None:
        """Run on an event loop."""
        hub = Hub(gathered_seconds=0.01)
        listener = hub.listen()
        hub.on_stored([added(3), added(1)])
        hub.on_stored([added(3)])
        message = await asyncio.wait_for(listener.messages.get(), 5)
        assert message == b'data: {"items":[1,3],"is_all":false,"occurrences":3}\n\n'
        hub.touch([7])
        message = await asyncio.wait_for(listener.messages.get(), 5)
        assert message is not None
        assert json.loads(message[6:]) == {"items": [7], "is_all": False, "occurrences": 0}
        hub.on_stored([added(number) for number in range(500)])
        message = await asyncio.wait_for(listener.messages.get(), 5)
        assert message == b'data: {"items":[],"is_all":true,"occurrences":500}\n\n'
        hub.on_changed([])
        hub.on_changed([4])
        message = await asyncio.wait_for(listener.messages.get(), 5)
        assert message == b'data: {"items":[],"is_all":true,"occurrences":0}\n\n'
        hub.on_changed([4])
        message = await asyncio.wait_for(listener.messages.get(), 5)
        assert message == b'data: {"items":[4],"is_all":false,"occurrences":0}\n\n'

    asyncio.run(run())


def test_nothing_is_kept_while_nobody_listens() -> None:
    """A server that no page looks at does no work for pages."""

    async def run() -> None:
        """Run on an event loop."""
        hub = Hub(gathered_seconds=0.01)
        hub.on_stored([added(1)])
        listener = hub.listen()
        await asyncio.sleep(0.05)
        assert listener.messages.empty()

    asyncio.run(run())


def test_listeners_are_bounded() -> None:
    """One more than may be is refused, until one goes."""

    async def run() -> None:
        """Run on an event loop."""
        hub = Hub(most=2)
        first, _ = hub.listen(), hub.listen()
        with pytest.raises(TooManyListenersError):
            hub.listen()
        hub.forget(first)
        hub.listen()
        assert len(hub) == 2

    asyncio.run(run())


def test_a_listener_that_does_not_keep_up_is_dropped() -> None:
    """Its messages are bounded; its stream ends, and others go on."""

    async def run() -> None:
        """Run on an event loop."""
        hub = Hub(gathered_seconds=0)
        slow, quick = hub.listen(), hub.listen()
        for number in range(60):
            hub.on_stored([added(number)])
            await asyncio.sleep(0.001)
            while not quick.messages.empty():
                quick.messages.get_nowait()
        assert slow.is_dropped
        assert not quick.is_dropped
        assert len(hub) == 1
        assert len([part async for part in stream(hub, slow)]) == 1

    asyncio.run(run())


def test_events_come_over_http(caller: Caller) -> None:
    """A page that listens is told within a moment which item has changed; the server ends all the same."""
    with caller.session.get(f"{caller.server.url}events", stream=True, timeout=30) as answer:
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        lines = answer.iter_lines()
        assert next(lines) == b"retry: 2000"
        assert next(lines) == b"event: seen"
        assert next(lines).decode().removeprefix("data: ") in caller.page().text
        Caller(caller.server).post(item())
        told = next(line for line in lines if line.startswith(b"data: {"))
        assert json.loads(told[5:]) == {"items": [1], "is_all": False, "occurrences": 1}
        caller.server.stop()


@pytest.mark.parametrize(
    ("method", "path", "scope", "fields", "items"),
    [
        ("PATCH", "item/1", "write", {"status": "resolved"}, [1]),
        ("DELETE", "instance/1", "write", None, []),
        ("POST", "deploy", "post_server_item", {"environment": "test", "revision": "abc"}, []),
        ("PATCH", "deploy/1", "post_server_item", {"status": "failed"}, []),
    ],
)
def test_what_is_changed_by_the_api_is_told(
    caller: Caller, method: str, path: str, scope: str, fields: dict[str, str] | None, items: list[int]
) -> None:
    """To the pages of the item, or, where more than one item looks different, to all."""
    caller.post(item())
    started = {"environment": "test", "revision": "old", "status": "started"}
    assert caller.call("POST", "deploy", "post_server_item", json=started).status_code == 200
    with caller.session.get(f"{caller.server.url}events", stream=True, timeout=30) as answer:
        lines = answer.iter_lines()
        assert next(lines) == b"retry: 2000"
        assert Caller(caller.server).call(method, path, scope, json=fields).status_code == 200
        told = next(line for line in lines if line.startswith(b"data: {"))
        assert json.loads(told[5:]) == {"items": items, "is_all": not items, "occurrences": 0}
        caller.server.stop()


def test_a_page_that_goes_is_forgotten(caller: Caller) -> None:
    """As many as may be come and go, and one more is still taken."""
    for _ in range(70):
        with caller.session.get(f"{caller.server.url}events", stream=True, timeout=30) as answer:
            deadline = time.monotonic() + 60
            while answer.status_code == 503 and time.monotonic() < deadline:
                time.sleep(0.05)
                answer = caller.session.get(f"{caller.server.url}events", stream=True, timeout=30)  # noqa: PLW2901
            assert answer.status_code == 200
            next(answer.iter_content(8))
            answer.close()
