"""Projects, environments, and access tokens, also those of old that have no public id."""

from __future__ import annotations

import json
from typing import Any

import pytest

from rollbar_logging.server import LocalServer
from tests.cli.api.conftest import Command, Done
from tests.client.conftest import post
from tests.loopback import Loopback, Reply


def test_tokens_projects_and_environments(server: LocalServer, command: Command) -> None:
    """A token is made, limited, rotated and deleted; its text is printed only when it is made."""
    post(server, environment="a")
    account = {"token": "account_write"}
    assert [each["id"] for each in command("projects", "--json", **account).objects] == [1]
    assert command("projects", **account).lines[1].split()[:2] == ["1", "local"]
    assert command("environments").lines == ["a"]

    here = ("--project-id", "1")
    text = command("tokens", "create", *here, "--name", "ci", "--scope", "read", **account).out.strip()
    assert text
    listed = command("tokens", "list", *here, "--json", **account)
    (made,) = [each for each in listed.objects if each["name"] == "ci"]
    assert text not in listed.out
    assert text not in command("tokens", "list", *here, **account).out
    limited = command("tokens", "limit", *here, made["public_id"], "--calls", "9", "--seconds", "60", **account)
    assert limited.status == 0, limited.err
    new = command("tokens", "rotate", *here, made["public_id"], "--json", **account).objects[0]
    assert (new["name"], new["rate_limit_window_count"]) == ("ci", 9)
    assert command("tokens", "delete", *here, made["public_id"], **account).status == 0
    assert "no access token" in command("tokens", "rotate", *here, made["public_id"], **account).err


def _token(name: str, **more: Any) -> dict[str, Any]:
    """Return a token as the API lists it."""
    return {"project_id": 1, "name": name, "scopes": ["read"], "status": "enabled", **more}


@pytest.fixture
def listed(loopback: Loopback) -> list[dict[str, Any]]:
    """The tokens that the API lists, twice."""
    tokens = [_token("old", access_token="secret-old"), _token("old", public_id="p-1"), _token("new", public_id="p-2")]
    tokens += [_token("twice", access_token="secret-1"), _token("twice", access_token="secret-2"), _token("hidden")]
    loopback.script[:] = [Reply(200, body=json.dumps({"err": 0, "result": tokens}))] * 2
    return tokens


ACTIONS = {"limit": ["--calls", "9", "--seconds", "60"], "rotate": [], "delete": []}


def _call(command: Command, loopback: Loopback, action: str, *words: str) -> Done:
    where = ["--project-id", "1", "--endpoint", loopback.endpoint]
    return command("tokens", action, *where, *words, *ACTIONS[action], token="account_write")


_LIMIT = {"rate_limit_window_size": 60, "rate_limit_window_count": 9}


@pytest.mark.usefixtures("listed")
@pytest.mark.parametrize(("action", "method", "more"), [("delete", "DELETE", {}), ("limit", "PATCH", _LIMIT)])
def test_a_token_of_old_is_meant_by_its_name(
    command: Command, loopback: Loopback, action: str, method: str, more: dict[str, int]
) -> None:
    """Though others of that name have a public id; its text goes into the body, and is not shown."""
    done = _call(command, loopback, action, "--name", "old")
    changed = loopback.requests[-1]

    assert (done.status, done.out, done.err) == (0, "", "")
    assert (changed.method, changed.path) == (method, "/api/1/project/1/access_token")
    assert changed.item == {"project_access_token": "secret-old", **more}


def test_a_token_of_old_is_rotated(command: Command, loopback: Loopback, listed: list[dict[str, Any]]) -> None:
    """The new one is like it."""
    made = {**listed[0], "access_token": "secret-new", "public_id": "p-3"}
    loopback.script.append(Reply(200, body=json.dumps({"err": 0, "result": made})))
    done = _call(command, loopback, "rotate", "--name", "old")

    assert (done.status, done.out) == (0, "secret-new\n")
    assert loopback.requests[-1].item == {"name": "old", "scopes": ["read"], "status": "enabled"}


@pytest.mark.usefixtures("listed")
@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("twice", "2 access tokens called 'twice' in project 1 have no public id"),
        ("new", "has a public id, give that instead of --name: p-2"),
        ("gone", "no access token is called 'gone' in project 1; 'tokens list' shows them all"),
        ("hidden", "has neither a public id nor a text: change it on Rollbar's page"),
    ],
)
def test_a_name_that_does_not_say_which_is_refused(
    command: Command, loopback: Loopback, action: str, name: str, told: str
) -> None:
    """What to do is told, no text is shown, and nothing is changed."""
    done = _call(command, loopback, action, "--name", name)

    assert (done.status, done.out, told in done.err, "secret" in done.err) == (1, "", True, False), done.err
    assert [request.method for request in loopback.requests] == ["GET"]


@pytest.mark.parametrize("words", [[], ["p-1", "--name", "old"]])
def test_a_token_is_meant_in_one_way(command: Command, loopback: Loopback, words: list[str]) -> None:
    """By its public id or by its name."""
    with pytest.raises(SystemExit) as raised:
        _call(command, loopback, "delete", *words)
    assert raised.value.code == 2
