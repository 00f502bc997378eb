"""The task or job at hand: what integrations say of it, and what a worker must not carry over from one to the next."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import Any, NamedTuple

from rollbar_logging.capture import seen
from rollbar_logging.capture.context import bound_variables, current_person, current_request, set_request, swap_person


class Task(NamedTuple):
    """A task or job.

    Attributes:
        name: What reports show as their context.
        facts: Returns what is told of it as custom data; called when a report is made.
    """

    name: str
    facts: Callable[[], Mapping[str, Any]]


class Before(NamedTuple):
    """What a context had before a task, for `leave`."""

    task: Task | None
    person: dict[str, Any] | None
    request: Any
    scope: float
    bound: Mapping[str, Any]


_TASK: ContextVar[Task | None] = ContextVar("rollbar_logging_task", default=None)


def enter(task: Task) -> Before:
    """Begin a task in the current context, whose person and request remain, as it may be part of a request.

    Args:
        task: It.

    Returns:
        What `leave` puts back.
    """
    before = Before(_TASK.get(), current_person(), current_request(), seen.scope(), dict(bound_variables()))
    _TASK.set(task)
    seen.begin()
    return before


def leave(before: Before) -> None:
    """End a task: whatever it has bound to the context, structlog's variables too, is as it was."""
    _TASK.set(before.task)
    swap_person(before.person)
    set_request(before.request)
    seen.begin(before.scope)
    if bound_variables() != before.bound:
        variables = sys.modules["structlog.contextvars"]
        variables.clear_contextvars()
        variables.bind_contextvars(**before.bound)


def with_task(bound: Mapping[str, Any], overrides: dict[str, str]) -> tuple[Mapping[str, Any], dict[str, str]]:
    """Return custom data and overrides of a report, with what an integration says of the task at hand, if it does."""
    task = _TASK.get()
    return (bound, overrides) if task is None else ({**_facts(task), **bound}, {"context": task.name, **overrides})


def _facts(task: Task) -> Mapping[str, Any]:
    try:
        return task.facts()
    except Exception:  # noqa: BLE001 - what cannot be told must not cost the report
        return {}
