"""The task or job at hand: what integrations say of it, and what a worker must not carry over from one to the next."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import Any

from rollbar_logging.capture import seen
from rollbar_logging.capture.context import bound_variables, current_person, current_request, set_request, swap_person


class Task:
    """A task or job. Once `enter` has begun it, it knows what the context had before, and `leave` puts that back.

    Attributes:
        name: What reports show as their context.
        given: What its facts are made from.
        outer: The task that was there before: this one is part of it.
        person: The person before.
        request: The request before.
        scope: When what was there before has begun.
        bound: structlog's variables before.
    """

    __slots__ = ("_make_facts", "bound", "given", "name", "outer", "person", "request", "scope")

    outer: Task | None
    person: dict[str, Any] | None
    request: Any
    scope: float
    bound: Mapping[str, Any]

    def __init__(self, name: str, facts: Callable[..., Mapping[str, Any]], *given: Any) -> None:
        """Keep what `enter` begins with.

        Args:
            name: See the attribute.
            facts: Returns what is told of it as custom data; called with *given* when a report is made.
            given: See the attribute.
        """
        self.name = name
        self.given = given
        self._make_facts = facts

    def facts(self) -> Mapping[str, Any]:
        """Return what is told of it as custom data; nothing, where that fails."""
        try:
            return self._make_facts(*self.given)
        except Exception:  # noqa: BLE001 - what cannot be told must not cost the report
            return {}


_TASK: ContextVar[Task | None] = ContextVar("rollbar_logging_task", default=None)


def current() -> Task | None:
    """Return the task that the current context is in."""
    return _TASK.get()


def enter(task: Task) -> Task:
    """Begin a task in the current context, whose person and request remain, as it may be part of a request.

    Args:
        task: It; a new one each time.

    Returns:
        The same, for `leave`.
    """
    task.outer = _TASK.get()
    task.person, task.request = current_person(), current_request()
    task.scope, task.bound = seen.scope(), bound_variables()
    _TASK.set(task)
    seen.begin()
    return task


def leave(task: Task) -> None:
    """End a task: whatever it has bound to the context, structlog's variables too, is as it was."""
    _TASK.set(task.outer)
    # To look costs less than to set, and most tasks name neither.
    if current_person() is not task.person:
        swap_person(task.person)
    if current_request() is not task.request:
        set_request(task.request)
    seen.begin(task.scope)
    if not _are_same(bound_variables(), task.bound):
        variables = sys.modules["structlog.contextvars"]
        variables.clear_contextvars()
        variables.bind_contextvars(**task.bound)


def _are_same(first: Mapping[str, Any], second: Mapping[str, Any]) -> bool:
    # Never compared: an `__eq__` may do anything.
    return len(first) == len(second) and all(second.get(name, _TASK) is value for name, value in first.items())


def with_task(bound: Mapping[str, Any], overrides: dict[str, str]) -> tuple[Mapping[str, Any], dict[str, str]]:
    """Return custom data and overrides of a report, with what an integration says of the task at hand, if it does."""
    task = _TASK.get()
    return (bound, overrides) if task is None else ({**task.facts(), **bound}, {"context": task.name, **overrides})
