"""Whatever a body holds, the account's calls answer."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.server.conftest import Caller

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
SCOPES = st.lists(st.sampled_from(["read", "write", "post_server_item"]) | VALUES, max_size=3)
STRANGE = st.text(alphabet=st.characters(), min_size=1, max_size=20)
"""Among them halves of surrogate pairs and NUL."""

CALLS: dict[tuple[str, str, str], tuple[str, ...]] = {
    ("POST", "deploy", "post_server_item"): (
        "environment",
        "revision",
        "head_long",
        "status",
        "comment",
        "local_username",
        "rollbar_username",
    ),
    ("PATCH", "deploy/1", "post_server_item"): ("status", "comment"),
    ("POST", "projects", "account_write"): ("name", "source_project_id"),
    ("POST", "project/1/access_tokens", "account_write"): (
        "name",
        "scopes",
        "status",
        "token_type",
        "rate_limit_window_size",
        "rate_limit_window_count",
    ),
    ("PATCH", "project/1/access_token", "account_write"): (
        "public_id",
        "project_access_token",
        "rate_limit_window_size",
        "rate_limit_window_count",
    ),
    ("DELETE", "project/1/access_token", "account_write"): ("public_id", "project_access_token"),
    ("POST", "teams", "account_write"): ("name", "access_level"),
    ("POST", "team/1/invites", "account_write"): ("email",),
    ("POST", "people/delete_jobs", "account_write"): ("id", "person_id", "username", "email"),
}
"""Fields that each call looks at."""


@pytest.mark.parametrize("call", CALLS, ids=lambda call: f"{call[0]} {call[1]}")
@given(data=st.data())
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_every_body_is_answered(shared_caller: Caller, call: tuple[str, str, str], data: st.DataObject) -> None:
    """It is taken or refused, never failed upon; as JSON and as a form."""
    fields = {name: STRANGE | VALUES | (SCOPES if name == "scopes" else st.nothing()) for name in CALLS[call]}
    body: dict[str, Any] = data.draw(st.fixed_dictionaries({}, optional=fields))
    method, path, scope = call
    ways: list[dict[str, Any]] = [{"data": json.dumps(body)}]
    if all(isinstance(value, str) and value.isprintable() for value in body.values()):
        ways.append({"data": body})
    for way in ways:
        answer = shared_caller.call(method, path, scope, **way)
        assert answer.status_code in {200, 400, 404, 409, 422}, answer.text
        assert answer.json()["err"] == int(answer.status_code != 200)
