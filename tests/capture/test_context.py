"""Person, request, bound variables and task of the current context."""

from __future__ import annotations

import asyncio
import contextvars
import sys
import threading
import types
from typing import Any

import pytest
import structlog
from opentelemetry.sdk.trace import TracerProvider

from rollbar_logging import context, set_person, set_request
from rollbar_logging.capture.context import (
    bound_variables,
    current_person,
    current_request,
    current_task_name,
    trace_context,
)
from tests.capture.material import logged


@pytest.fixture(autouse=True)
def _nobody() -> Any:
    """Each test begins, and leaves the context, without person and request."""
    with context(person={}, request={}):
        set_person(None)
        set_request(None)
        yield


def test_a_person_is_known_from_then_on() -> None:
    """`set_person` names whom reports concern, and `None` nobody."""
    set_person(5, username="Ursula", email="ursula@example.org")
    assert current_person() == {"id": 5, "username": "Ursula", "email": "ursula@example.org"}
    assert logged("message").person == current_person()

    set_person(None)
    assert current_person() is None
    assert logged("message").person is None


def test_a_request_is_known_from_then_on() -> None:
    """`set_request` names the request that reports concern, and `None` none."""
    set_request({"url": "https://shop"})
    assert logged("message").request == {"url": "https://shop"}

    set_request(None)
    assert current_request() is None
    assert logged("message").request is None


def test_a_block_restores_what_was_before() -> None:
    """`context` holds for a block only, also when that fails, and leaves alone what it is not given."""
    set_person(1)
    set_request({"url": "outer"})
    with pytest.raises(ValueError), context(person={"id": 2}):  # noqa: PT011, PT012 - the block's own
        assert current_person() == {"id": 2}
        assert current_request() == {"url": "outer"}
        with context(request={"url": "inner"}):
            assert current_person() == {"id": 2}
            assert current_request() == {"url": "inner"}
        raise ValueError

    assert current_person() == {"id": 1, "username": None, "email": None}
    assert current_request() == {"url": "outer"}


def test_a_person_is_copied() -> None:
    """What the application does to its mapping afterwards changes no person."""
    person = {"id": 1}
    with context(person=types.MappingProxyType(person)):
        person["id"] = 2
        assert current_person() == {"id": 1}


def test_threads_and_tasks_do_not_see_each_other() -> None:
    """What one thread or task sets is not seen by another."""
    seen: list[Any] = []
    set_person(1)
    thread = threading.Thread(target=lambda: seen.append(current_person()))
    thread.start()
    thread.join()

    async def handle(number: int) -> tuple[int, Any]:
        set_person(number)
        await asyncio.sleep(0)
        person = current_person()
        return number, person and person["id"]

    async def main() -> list[tuple[int, Any]]:
        return list(await asyncio.gather(*map(handle, range(5))))

    assert seen == [None]
    assert asyncio.run(main()) == [(number, number) for number in range(5)]
    assert contextvars.copy_context().run(current_person) == {"id": 1, "username": None, "email": None}


def test_variables_bound_by_structlog_are_found() -> None:
    """Variables bound by structlog are found while they are bound."""
    with structlog.contextvars.bound_contextvars(order=5):
        assert bound_variables() == {"order": 5}
    assert bound_variables() == {}


@pytest.mark.parametrize("module", [None, types.ModuleType("structlog.contextvars")])
def test_without_structlog_nothing_is_bound(module: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """An application that has not imported structlog, or is just importing it, has no such variables."""
    monkeypatch.setitem(sys.modules, "structlog.contextvars", module)

    assert bound_variables() == {}


def test_a_task_has_a_name() -> None:
    """Within a task its name is told; outside of one, or of asyncio itself, there is none."""

    async def name() -> str | None:
        return current_task_name()

    async def main() -> tuple[str | None, str | None]:
        return await asyncio.create_task(name(), name="checkout"), await name()

    told, own = asyncio.run(main())

    assert told == "checkout"
    assert own is not None
    assert own.startswith("Task-")
    assert current_task_name() is None


@pytest.mark.parametrize("module", [None, types.ModuleType("asyncio")])
def test_without_asyncio_there_is_no_task(module: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """An application that has not imported asyncio, or is just importing it, has no tasks."""
    monkeypatch.setitem(sys.modules, "asyncio", module)

    assert current_task_name() is None


def test_a_callback_of_the_loop_is_no_task() -> None:
    """A callback that the loop calls by itself runs in no task."""
    seen: list[str | None] = []

    async def main() -> None:
        done = asyncio.Event()

        def call() -> None:
            seen.append(current_task_name())
            done.set()

        asyncio.get_running_loop().call_soon(call)
        await done.wait()

    asyncio.run(main())

    assert seen == [None]


def test_the_current_span_is_found() -> None:
    """Trace and span of OpenTelemetry's own tracer, as hex digits; none outside of a span."""
    tracer = TracerProvider().get_tracer("test")
    with tracer.start_as_current_span("work") as span:
        found = trace_context()
        assert int(found["trace_id"], 16) == span.get_span_context().trace_id
        assert int(found["span_id"], 16) == span.get_span_context().span_id
        assert (len(found["trace_id"]), len(found["span_id"])) == (32, 16)
    assert trace_context() == {}


@pytest.mark.parametrize(
    "module", [None, types.ModuleType("opentelemetry.trace"), types.SimpleNamespace(get_current_span=int)]
)
def test_without_opentelemetry_there_is_no_span(module: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """An application without it, one that is just importing it, and something else of that name."""
    monkeypatch.setitem(sys.modules, "opentelemetry.trace", module)
    assert trace_context() == {}
