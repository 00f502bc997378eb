"""The access log: what is in its lines, what never is, and whom it leaves alone."""

from __future__ import annotations

import json
import re
from typing import Any, Literal

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from rollbar_logging.server import LocalServer
from rollbar_logging.server.access_log import AccessLog, access_logger, shown_path
from tests.server.conftest import Caller, item


def lines_of(capsys: pytest.CaptureFixture[str], form: Literal["json", "text"] | None) -> tuple[list[str], list[str]]:
    """Call a server in several ways; return its log's lines and all secrets."""
    with LocalServer(log=form, projects={"shop": {"read": "shop/read"}}) as server:
        caller = Caller(server)
        with caller.session:
            caller.post(item())
            caller.post({"access_token": server.tokens["write"], **item()}, scope=None)
            caller.get("items", params={"access_token": server.tokens["read"]})
            caller.page("no\npage")
            caller.call("PATCH", f"project/1/access_token/{server.tokens['write']}", "account_read")
            caller.page(server.tokens["account_read"])
            caller.page("health")
        secrets = list(server.tokens.values())
    return capsys.readouterr().err.splitlines(), secrets


def test_each_call_is_one_line_of_json(capsys: pytest.CaptureFixture[str]) -> None:
    """It tells who called what, and what came of it, without the query and without any token's text."""
    lines, secrets = lines_of(capsys, "json")
    found = [json.loads(line) for line in lines]

    shown = [(each["method"], each["path"], each["token"]) for each in found]
    assert shown == [
        ("POST", "/api/1/item/", "post_server_item"),
        ("POST", "/api/1/item/", "write"),
        ("GET", "/api/1/items", "read"),
        ("GET", "/no%0Apage", None),
        ("PATCH", "/api/1/project/1/access_token/***", None) if found[4]["token"] is None else shown[4],
        ("GET", "/***", None),
    ]
    assert shown[4][1] == "/api/1/project/1/access_token/***"
    assert [each["status"] for each in found[:4]] == [200, 403, 200, 404]
    assert {each["remote"] for each in found} == {"127.0.0.1"}
    assert found[0]["bytes"] > 50
    assert all(isinstance(each["ms"], float) and each["ms"] >= 0 for each in found)
    assert not any(secret in line for secret in secrets for line in lines)


def test_each_call_is_one_line_of_text(capsys: pytest.CaptureFixture[str]) -> None:
    """The same for people."""
    lines, secrets = lines_of(capsys, "text")

    assert len(lines) == 6
    assert re.fullmatch(r"\S+Z 127\.0\.0\.1 POST /api/1/item/ 200 \d+\.\dms \d+B token=post_server_item", lines[0]), (
        lines[0]
    )
    assert not any(secret in line for secret in secrets for line in lines)


def test_there_is_none_unless_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    """A server in another's process writes nothing to its standard error."""
    assert lines_of(capsys, None)[0] == []


def test_the_applications_structlog_is_left_alone(capsys: pytest.CaptureFixture[str]) -> None:
    """Neither is it configured by the server, nor does its configuration change the server's lines."""
    assert not structlog.is_configured()
    seen: list[Any] = []

    def refuse(_logger: Any, _method: str, event: Any) -> Any:
        seen.append(event)
        raise structlog.DropEvent

    lines_of(capsys, "json")
    assert not structlog.is_configured()
    structlog.configure(processors=[refuse])
    try:
        lines, _ = lines_of(capsys, "json")
        assert structlog.get_config()["processors"] == [refuse]
    finally:
        structlog.reset_defaults()
    assert (len(lines), seen) == (6, [])


def test_a_log_that_cannot_be_written_fails_no_call() -> None:
    """When whoever read the log has gone, calls are answered as before."""

    class Broken:
        def write(self, _text: str) -> None:
            raise BrokenPipeError

        def flush(self) -> None:
            raise BrokenPipeError

    AccessLog(access_logger("text", Broken()), lambda _text: False).refused(408, "127.0.0.1")  # type: ignore[arg-type]


def test_refusals_before_a_call_are_lines_too(capsys: pytest.CaptureFixture[str]) -> None:
    """A call whose headers were too large is in the log with the client's address."""
    with LocalServer(log="json") as server:
        caller = Caller(server)
        with caller.session:
            assert caller.page(headers={"X": "x" * 40_000}).status_code == 431
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [(each["status"], each["remote"]) for each in lines] == [(431, "127.0.0.1")]


@given(st.binary())
def test_any_path_is_one_line_of_ascii(path: bytes) -> None:
    """No path breaks a line, moves a terminal's cursor, or fails."""
    shown = shown_path(path, lambda _text: False)
    assert shown.isascii()
    assert shown.isprintable()
