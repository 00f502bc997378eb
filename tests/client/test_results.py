"""What the API answers as values: complete, with moments, and fit to be handed on."""

from __future__ import annotations

import copy
import dataclasses
import json
import pickle
from datetime import datetime, timezone
from typing import Any

import pytest

import rollbar_logging.client as client_room
from rollbar_logging.client import (
    ApiError,
    Item,
    NotFound,
    RateLimited,
    Result,
    RollbarClient,
    RqlError,
    RqlJob,
    UnexpectedAnswer,
)
from rollbar_logging.client.results import moment
from rollbar_logging.client.rql import RqlResult
from tests.client.conftest import QUICK
from tests.loopback import Loopback, Reply

KINDS = [kind for kind in vars(client_room).values() if isinstance(kind, type) and issubclass(kind, Result)]
RAW = {"id": 1, "counter": 2, "title": "t", "environment": "e", "level": "error", "status": "active", "new": [1, {}]}


def _moment_of(name: str) -> str | None:
    """Return the name that a moment has beside a field of Unix seconds; ``None``: the field is none."""
    for begin, end in (("", "_timestamp"), ("date_", ""), ("", "_time"), ("cur_rate_limit_", "_start")):
        if name.startswith(begin) and name.endswith(end):
            stem = name[len(begin) : len(name) - len(end)]
            return {"start": "started", "finish": "finished", "window": "window_started"}.get(stem, stem) + "_at"
    return None


def _fields_of_time() -> list[tuple[type[Result], str, str]]:
    return [
        (kind, field.name, name)
        for kind in KINDS
        for field in dataclasses.fields(kind)
        if (name := _moment_of(field.name)) and field.name != "execution_time"
    ]


@pytest.mark.parametrize(
    ("kind", "field", "name"), _fields_of_time(), ids=lambda value: getattr(value, "__name__", value)
)
def test_each_field_of_time_has_its_moment(kind: type[Result], field: str, name: str) -> None:
    """Beside the raw seconds there is an aware moment in UTC."""
    needed: dict[str, Any] = {each.name: 1 for each in dataclasses.fields(kind) if each.name != "raw"}
    found = getattr(kind(**{**needed, field: 1_700_000_000}), name)

    assert found == datetime(2023, 11, 14, 22, 13, 20, tzinfo=timezone.utc)
    assert found.tzinfo is timezone.utc


def test_what_is_no_time_is_told() -> None:
    """Milliseconds would be a year that no calendar has."""
    with pytest.raises(UnexpectedAnswer, match="1583538518000"):
        moment(1_583_538_518_000)


def test_a_value_can_be_copied_sent_and_taken_apart() -> None:
    """As a task queue and a cache do it; fields that are not known come along."""
    item = Item.from_json(RAW)

    for same in (pickle.loads(pickle.dumps(item)), copy.deepcopy(item)):  # noqa: S301 - our own
        assert same == item
        assert same.unknown == {"new": [1, {}]}
    assert dataclasses.asdict(item)["raw"] == RAW


@pytest.mark.parametrize(
    "error",
    [
        NotFound(404, "gone", "GET", "item/1"),
        RateLimited("too many", "GET", "items", 7.0, datetime(2024, 1, 1, tzinfo=timezone.utc)),
        RqlError(RqlJob(id=1, status="failed"), ["wrong"]),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_comes_back_from_another_process(error: Exception) -> None:
    """A pool of processes hands errors on by pickling them, and hangs on one that cannot be made again."""
    same = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own

    assert type(same) is type(error)
    assert str(same) == str(error)
    assert vars(same) == vars(error)


CALLS: dict[str, Any] = {
    "items": lambda client: list(client.items.list()),
    "by_counter": lambda client: client.items.by_counter(1),
    "occurrences": lambda client: list(client.occurrences.list()),
    "deploys": lambda client: list(client.deploys.list()),
    "report": lambda client: client.deploys.report("e", "r"),
    "environments": lambda client: list(client.environments.list()),
    "projects": lambda client: client.projects.list(),
    "tokens": lambda client: client.access_tokens.list(1),
    "users": lambda client: client.users.list(),
    "teams": lambda client: client.teams.list(),
    "user_ids": lambda client: client.teams.user_ids(1),
    "of_project": lambda client: client.teams.of_project(1),
    "invites": lambda client: client.teams.invites(1),
    "rules": lambda client: client.notifications.rules("slack"),
    "jobs": lambda client: list(client.rql.list()),
    "rql": lambda client: client.rql.result(1),
    "top": lambda client: client.reports.top_active_items(),
    "counts": lambda client: client.reports.occurrence_counts(),
    "people": lambda client: client.people.delete(id="1"),
    "state": lambda client: client.people.state(1),
}


@pytest.mark.parametrize("result", [None, "words", {"else": 1}], ids=["null", "text", "object"])
@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_an_answer_of_another_form_is_an_error_of_ours(loopback: Loopback, call: Any, result: object) -> None:
    """It is neither taken for an empty list, nor does it fail in the middle of something."""
    body = json.dumps({"err": 0, "result": result, "data": result})
    loopback.script[:] = [Reply(200, body=body)]

    with RollbarClient("token", loopback.endpoint, patience=QUICK) as client, pytest.raises(UnexpectedAnswer):
        call(client)


def test_an_empty_result_of_a_query_is_one() -> None:
    """A query that found nothing has no rows, with or without columns."""
    assert list(RqlResult.of({"rows": None, "columns": ["a"]}).dicts()) == []


@pytest.mark.parametrize("body", ["<html>welcome</html>", "{}"])
@pytest.mark.parametrize("status", [200, 302])
def test_only_the_api_answers_a_ping(loopback: Loopback, body: str, status: int) -> None:
    """A page of something else at that address, or the way to it, is no pong."""
    loopback.script[:] = [Reply(status, body=body)]

    with RollbarClient("", loopback.endpoint, patience=QUICK) as client, pytest.raises(ApiError):
        client.ping()
