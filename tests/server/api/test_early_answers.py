"""Who may not call is told so before the body has come; and what bodies of strangers may take."""

from __future__ import annotations

import gzip
import http.client
import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest

from rollbar_logging.server import LocalServer
from tests.server.conftest import Caller

WAIT = 60.0
BOUNDARY = "boundary"
LARGE = 50 * 1024 * 1024
"""Bytes that are announced, and never sent."""


def part(name: str, text: str, *, filename: str = "") -> bytes:
    """Return a part of a form."""
    file = f'; filename="{filename}"' if filename else ""
    return f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n{text}\r\n'.encode()


END = f"--{BOUNDARY}--\r\n".encode()
FORM = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
MAP = part("version", "1") + part("minified_url", "https://example.org/a.js") + part("source_map", "{}", filename="a")


@contextmanager
def begun(
    server: LocalServer, path: str, headers: dict[str, str], body: bytes = b"", method: str = "POST"
) -> Iterator[Any]:
    """Send a call's headers, and the beginning of its body."""
    address = urlsplit(server.endpoint)
    head = {"Host": address.netloc, "Content-Length": str(LARGE), **headers}
    lines = [f"{method} {address.path}{path} HTTP/1.1", *(f"{name}: {value}" for name, value in head.items())]
    with socket.create_connection((address.hostname, address.port or 0), WAIT) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode() + body)
        yield connection


def answer_of(connection: socket.socket) -> tuple[int, str]:
    """Return the status and the message, as soon as they have come."""
    response = http.client.HTTPResponse(connection)
    response.begin()
    body = response.read(int(response.headers["Content-Length"]))
    return response.status, json.loads(body).get("message", "")


def token(server: LocalServer, name: str) -> dict[str, str]:
    """Return the header that passes a token."""
    return {"X-Rollbar-Access-Token": server.tokens[name]}


UNKNOWN = (403, "access token not found: nobody")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        *(("POST", path) for path in ("sourcemap", "sourcemap/download", "proguard", "dsym", "deploy", "rql/jobs")),
        *(("POST", path) for path in ("signed_url/sourcemap_bundle", "item_batch/", "projects", "metrics/ttr")),
        *(("PATCH", "deploy/1"), ("PUT", "team/1/user/1"), ("DELETE", "project/1/access_token")),
    ],
)
def test_an_unknown_token_is_refused_before_the_body(server: LocalServer, method: str, path: str) -> None:
    """Whether the header or the query passes it."""
    with begun(server, path, {"X-Rollbar-Access-Token": "nobody"}, method=method) as connection:
        assert answer_of(connection) == UNKNOWN
    if path != "item_batch/":  # where each item may pass a token of its own, which comes before the query's
        with begun(server, f"{path}?access_token=nobody", {}, method=method) as connection:
            assert answer_of(connection) == UNKNOWN


@pytest.mark.parametrize(
    ("path", "name", "needed"),
    [
        ("sourcemap", "read", "post_server_item scope is required"),
        ("sourcemap", "account_read", "write scope is required"),
        ("deploy", "post_client_item", "post_server_item scope is required"),
        ("rql/jobs", "write", "read scope is required"),
        ("projects", "write", "an account access token is required"),
        ("item_batch", "read", "post_server_item scope is required"),
        ("item_batch", "account_write", "post_server_item scope is required"),
    ],
)
def test_a_token_that_may_not_is_refused_before_the_body(
    server: LocalServer, path: str, name: str, needed: str
) -> None:
    """It lacks the scope."""
    with begun(server, path, token(server, name)) as connection:
        status, message = answer_of(connection)

    assert (status, needed in message) == (403, True)


def test_a_token_over_its_limit_is_refused_before_the_body() -> None:
    """And a call counts once, though the token is looked at before the body and after it."""
    with LocalServer(rate_limit=(2, 3600)) as server:
        caller = Caller(server)
        with caller.session:
            form = {"version": "1", "minified_url": "u", "access_token": server.tokens["post_server_item"]}
            answers = [caller.call("POST", "sourcemap/download", "post_server_item", data=form) for _ in range(2)]
        assert [answer.headers["X-Rate-Limit-Remaining"] for answer in answers] == ["1", "0"]
        with begun(server, "sourcemap", token(server, "post_server_item")) as connection:
            assert answer_of(connection)[0] == 429


def test_a_token_in_a_form_is_looked_at_when_it_has_come(server: LocalServer) -> None:
    """Not only when the file behind it has."""
    for text, answer in (
        ("nobody", UNKNOWN[1]),
        (server.tokens["read"], "insufficient privileges: post_server_item scope is required"),
        ("", "Invalid format. access_token is missing and it is required."),
    ):
        body = part("access_token", text) + part("source_map", "{" * 1000, filename="a")[:-500]
        with begun(server, "sourcemap", FORM, body) as connection:
            status, message = answer_of(connection)
            assert (status, message[: len(answer)]) == (422 if not text else 403, answer)


def test_a_form_that_ends_with_its_token_is_taken(server: LocalServer) -> None:
    """The order of the parts is the client's; and so is whether there is white space before them."""
    for before in (b"", b"\r\n", b"\xef\xbb\xbf"):
        body = before + MAP + part("access_token", server.tokens["post_server_item"]) + END
        with begun(server, "sourcemap", {**FORM, "Content-Length": str(len(body))}, body) as connection:
            assert answer_of(connection) == (200, "")
    body = MAP + END
    with begun(server, "sourcemap", {**FORM, "Content-Length": str(len(body))}, body) as connection:
        assert answer_of(connection) == (422, "Invalid format. access_token is missing and it is required.")


def test_the_token_of_the_body_comes_before_that_of_the_query(server: LocalServer) -> None:
    """As it does where items are posted, as long as both are known."""
    good, bad = server.tokens["post_server_item"], server.tokens["post_client_item"]
    for in_query, in_body, status in ((good, good, 200), (good, bad, 403), (good, "nobody", 403), (good, "", 200)):
        body = json.dumps({"environment": "e", "revision": "r", "access_token": in_body}).encode()
        headers = {"Content-Length": str(len(body))}
        with begun(server, f"deploy?access_token={in_query}", headers, body) as connection:
            assert answer_of(connection)[0] == status


@pytest.mark.parametrize("path", ["sourcemap", "signed_url/sourcemap_bundle/forged"])
def test_a_client_that_sends_everything_first_gets_the_answer(server: LocalServer, path: str) -> None:
    """Also one that closes the connection: what it sends is taken, and thrown away."""
    address = urlsplit(server.endpoint)
    connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=WAIT)
    headers = {"X-Rollbar-Access-Token": "nobody", "Connection": "close", **FORM}
    method = "PUT" if "forged" in path else "POST"
    connection.request(method, address.path + path, body=MAP + b"x" * 8_000_000, headers=headers)
    response = connection.getresponse()

    assert (response.status, json.loads(response.read())["err"]) == (403, 1)
    connection.close()


def test_a_connection_is_used_again_after_an_early_answer(server: LocalServer) -> None:
    """What was left of the body is none of the next call."""
    address = urlsplit(server.endpoint)
    connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=WAIT)
    for _ in range(3):
        headers = {"X-Rollbar-Access-Token": "nobody", **FORM}
        connection.request("POST", f"{address.path}sourcemap", body=MAP * 1000, headers=headers)
        response = connection.getresponse()
        assert (response.status, json.loads(response.read())["message"]) == UNKNOWN
    connection.close()


def test_a_stranger_has_no_large_body_held_in_memory(server: LocalServer) -> None:
    """Other bodies than forms of several parts are no larger than elsewhere, packed or not; a known caller's may be."""
    text = json.dumps({"version": "1", "minified_url": "u", "note": "x" * 200_000})
    passed = json.dumps({**json.loads(text), "access_token": server.tokens["post_server_item"]})
    for body, headers, status in (
        (passed.encode(), {}, 413),
        (gzip.compress(passed.encode()), {"Content-Encoding": "gzip"}, 413),
        (text.encode(), token(server, "post_server_item"), 200),
        (gzip.compress(text.encode()), {**token(server, "post_server_item"), "Content-Encoding": "gzip"}, 200),
    ):
        path = "sourcemap/download"
        with begun(server, path, {"Content-Length": str(len(body)), **headers}, body) as connection:
            assert answer_of(connection)[0] == status


def test_a_form_of_several_parts_is_bounded(server: LocalServer) -> None:
    """Where no files are wanted it is as large as any body; the answer comes when it is over that."""
    body = part("environment", "e") + part("revision", "r" * 200_000)
    with begun(server, "deploy", {**FORM, **token(server, "post_server_item")}, body) as connection:
        assert answer_of(connection) == (413, "request entity too large")


def test_strangers_wait_for_each_other(server: LocalServer) -> None:
    """Of large forms whose token has not come a few are taken at a time; known callers do not wait for them."""
    complete = MAP + part("access_token", server.tokens["post_server_item"]) + END
    with ExitStack() as open_ones:
        slow = [open_ones.enter_context(begun(server, "sourcemap", FORM, MAP)) for _ in range(4)]
        with begun(server, "sourcemap", {**FORM, "Content-Length": str(len(complete))}, complete) as fifth:
            known = {**FORM, **token(server, "post_server_item"), "Content-Length": str(len(MAP + END))}
            with begun(server, "sourcemap", known, MAP + END) as connection:
                assert answer_of(connection) == (200, "")
            fifth.settimeout(0.5)
            with pytest.raises(TimeoutError):
                fifth.recv(1)
            slow[0].close()
            fifth.settimeout(WAIT)
            assert answer_of(fifth) == (200, "")
