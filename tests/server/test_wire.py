"""The wire: paths, tokens, bodies, envelopes and headers, as every client of the API meets them."""

from __future__ import annotations

import gzip
import json
import socket
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import pytest
import requests
from sqlalchemy import text

from rollbar_logging.server import LocalServer
from tests.server.conftest import Caller, Clock, error_item, item

UUID = "7d444840-9dc0-41d1-b245-5ffdce74fad2"
LIMITS = ("X-Rate-Limit-Limit", "X-Rate-Limit-Remaining", "X-Rate-Limit-Remaining-Seconds", "X-Rate-Limit-Reset")
MISSING = "Invalid format. access_token is missing and it is required."


@pytest.fixture
def filled(caller: Caller) -> Caller:
    """A server with one error."""
    assert caller.post(error_item(uuid=UUID)).status_code == 200
    return caller


@pytest.fixture(scope="module")
def read_only(shared_caller: Caller) -> Caller:
    """A server with one error, for all those who only read."""
    assert shared_caller.post(error_item(uuid=UUID)).status_code == 200
    return shared_caller


def exact(answer: requests.Response) -> Any:
    """Check that an answer has the API's form to the byte; return what it holds."""
    body = answer.json()
    assert answer.content == json.dumps(body, indent=2).encode()
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    assert answer.headers["Content-Length"] == str(len(answer.content))
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Access-Control-Allow-Credentials"] == "true"
    if answer.status_code < 400:
        assert body["err"] == 0
        assert "message" not in body or "result" not in body
    else:
        assert set(body) == {"err", "message"}
        assert (body["err"], '"' in body["message"]) == (1, False)
    return body


def raw(caller: Caller, *lines: str) -> bytes:
    """Send the head of a call as it is, and return all that is answered."""
    address = urlsplit(caller.server.url)
    with socket.create_connection((str(address.hostname), int(address.port or 0)), timeout=60) as connection:
        connection.sendall("\r\n".join((*lines, "Host: x", "Connection: close", "", "")).encode("latin-1"))
        answer = b""
        with suppress(ConnectionResetError):  # of what it was sent and did not read
            while piece := connection.recv(65_536):
                answer += piece
        return answer


READ_PATHS = [
    "status/ping",
    "items",
    "search",
    f"item?uuid={UUID}",
    "item?counter=1",
    "item/1",
    "item/1/instances",
    "item_by_counter/1",
    "instances",
    "instance/1",
    "nothing",
    "item/99",
]


@pytest.mark.parametrize("path", READ_PATHS)
def test_a_final_slash_makes_no_difference(read_only: Caller, path: str) -> None:
    """Both forms of a path are answered the same, and neither by way of the other."""
    route, _, query = path.partition("?")
    plain, slashed = read_only.get(path), read_only.get(f"{route}/?{query}" if query else f"{route}/")

    assert plain.status_code == slashed.status_code != 307
    assert plain.content == slashed.content
    assert (plain.status_code == 301) == (route == "item_by_counter/1")
    if route != "status/ping":
        exact(plain)


@pytest.mark.parametrize(("method", "path"), [("PATCH", "item/1/"), ("DELETE", "instance/1/")])
def test_a_final_slash_makes_no_difference_to_changes(filled: Caller, method: str, path: str) -> None:
    """Changes are not redirected either."""
    answer = filled.call(method, path, "write", json={"status": "muted"} if method == "PATCH" else None)

    assert (answer.status_code, exact(answer)["err"]) == (200, 0)


def test_the_number_in_the_page_leads_to_the_item(read_only: Caller) -> None:
    """``item_by_counter`` answers 301 with a relative address, and says it in its body; whoever follows arrives."""
    answer = read_only.get("item_by_counter/1")
    path = "/api/1/item/1"

    assert (answer.status_code, answer.headers["Location"]) == (301, path)
    assert exact(answer)["result"] == {"itemId": 1, "path": path, "uri": path}
    followed = read_only.session.get(
        read_only.server.endpoint + "item_by_counter/1",
        headers={"X-Rollbar-Access-Token": read_only.server.tokens["read"]},
    )
    assert (followed.status_code, followed.json()["result"]["counter"]) == (200, 1)


@pytest.mark.parametrize("where", ["header", "body", "query", "form", "form payload", "query of a form"])
def test_every_way_of_passing_a_token(caller: Caller, where: str) -> None:
    """The header, the body, the query and a form's field each pass the token of an item."""
    token = caller.server.tokens["post_server_item"]
    payload = json.dumps({"access_token": token, **item()} if where in {"body", "form payload"} else item())
    form: dict[str, str] = {"access_token": token} if where == "form" else {}
    is_form = "form" in where
    answer = caller.session.post(
        caller.server.endpoint + "item/",
        params={"access_token": token} if "query" in where else None,
        data=urlencode({**form, "payload": payload}).encode() if is_form else payload.encode(),
        headers={"X-Rollbar-Access-Token": token} if where == "header" else {},
    )

    assert (answer.status_code, exact(answer)["err"]) == (200, 0)


@pytest.mark.parametrize("method", ["GET", "PATCH"])
def test_other_calls_take_tokens_from_everywhere_too(filled: Caller, method: str) -> None:
    """The query passes the token of any call, and the body, JSON or form, that of a call which has one."""
    url = filled.server.endpoint + "item/1"
    token = filled.server.tokens["read" if method == "GET" else "write"]
    fields = {"access_token": token, "status": "muted"}
    assert exact(filled.session.request(method, url, params={"access_token": token}, json={}))["err"] == 0
    if method == "PATCH":
        assert exact(filled.session.patch(url, json=fields))["result"] == {"status": "muted"}
        assert exact(filled.session.patch(url, data=fields))["result"] == {"status": "muted"}
        assert exact(filled.session.patch(url, files={name: (None, text) for name, text in fields.items()}))["err"] == 0


def test_the_header_comes_first_then_the_body_then_the_query(caller: Caller) -> None:
    """Where several tokens are passed, the first that is given at all decides."""
    token = caller.server.tokens["post_server_item"]

    def said(header: str | None, body: str | None, query: str | None) -> Any:
        answer = caller.post(
            {**item(), **({} if body is None else {"access_token": body})},
            scope=None,
            headers={} if header is None else {"X-Rollbar-Access-Token": header},
            params={} if query is None else {"access_token": query},
        )
        return exact(answer).get("message", 200)

    assert said("wrong", token, token) == "access token not found: wrong"
    assert said(None, "wrong", token) == "access token not found: wrong"
    assert said(token, "wrong", "wrong") == said("", token, "wrong") == said(None, "", token) == 200
    assert said(None, None, None) == said("", "", "") == MISSING


@pytest.mark.parametrize("content_type", [None, "application/json", "text/html", "multipart/form-data"])
def test_forms_are_known_by_what_they_are(caller: Caller, content_type: str | None) -> None:
    """``payload=`` is a form, wherever in it the field stands and whatever the type says."""
    body = f"note=a%26b&payload={quote(json.dumps(item('one + two & three')))}&more="
    headers = {"X-Rollbar-Access-Token": caller.server.tokens["post_server_item"]}
    if content_type is not None:
        headers["Content-Type"] = content_type
    answer = caller.session.post(caller.server.endpoint + "item", data=body.encode(), headers=headers)

    assert answer.status_code == 200
    assert caller.server.occurrences()[0].title == "one + two & three"


def test_a_form_of_too_many_fields_is_refused(filled: Caller) -> None:
    """A form that only costs time is answered 400, not 500, by every call that takes one."""
    body = b"&".join(b"a=1" for _ in range(2000))

    assert exact(filled.post(body))["message"] == "Bad request"
    answer = filled.call("PATCH", "item/1", "write", data=body)
    assert (answer.status_code, exact(answer)["message"]) == (400, "Bad request")


def test_a_packed_body_with_more_behind_it_is_refused(caller: Caller) -> None:
    """What follows a packed body is not left out in silence."""
    body = gzip.compress(json.dumps(item()).encode())
    assert caller.post(body + body, headers={"Content-Encoding": "gzip"}).status_code == 400
    assert caller.post(body, headers={"Content-Encoding": "gzip"}).status_code == 200


class Broken:
    """A caller of a server that answers with the status of one's choice."""

    def __init__(self, caller: Caller) -> None:
        self.caller = caller

    def answer(self, status: int) -> requests.Response:
        """Return an answer of that status, of an item's call where there is one."""
        post, get = self.caller.post, self.caller.get
        if status == 500:
            database = self.caller.server._service._database  # type: ignore[union-attr]
            database.change(
                lambda connection: connection.execute(text("ALTER TABLE occurrences RENAME TO gone"))
            ).result()
        if status == 429:
            for _ in range(6):
                post(item())
        calls: dict[int, Any] = {
            200: lambda: post(item()),
            301: lambda: (post(item()), get("item_by_counter/1"))[1],
            400: lambda: post(b"{"),
            403: lambda: post(item(), scope="read"),
            404: lambda: get("nothing"),
            405: lambda: self.caller.call("PUT", "item/", "write"),
            413: lambda: post(item("x" * 5000)),
            422: lambda: post({"data": {}}),
            429: lambda: post(item()),
            500: lambda: post(item()),
        }
        answer: requests.Response = calls[status]()
        return answer


@pytest.fixture
def broken() -> Iterator[Broken]:
    """A server with narrow limits."""
    with LocalServer(max_body=4096, rate_limit=(5, 3600.0), clock=Clock()) as server:
        caller = Caller(server)
        with caller.session:
            yield Broken(caller)


STATUSES = [200, 301, 400, 403, 404, 405, 413, 422, 429, 500]


@pytest.mark.parametrize("status", STATUSES)
def test_every_status_is_answered_in_the_same_form(broken: Broken, status: int) -> None:
    """JSON with two spaces, its length, and the headers that let a browser read it: whatever the status."""
    answer = broken.answer(status)

    assert answer.status_code == status
    body = exact(answer)
    expected = {
        400: "Bad request",
        403: "insufficient privileges: post_server_item scope is required but the access token only has read.",
        404: "not found",
        405: "method not allowed",
        413: "request entity too large",
        429: f"Over rate limit. Access token: {broken.caller.server.tokens['post_server_item']}",
        500: "internal server error",
    }
    if status in expected:
        assert body["message"] == expected[status]


@pytest.mark.parametrize("status", [200, 301, 400, 403, 422, 429])
def test_the_four_headers_tell_of_the_limit(broken: Broken, status: int) -> None:
    """Every answer to a known token says what is left of its window."""
    headers = broken.answer(status).headers
    limit, remaining, seconds, reset = (int(headers[name]) for name in LIMITS)

    assert (limit, remaining) == (5, 0 if status == 429 else 4)
    assert (seconds, reset > 1_700_000_000) == (3600, True)
    assert "Retry-After" not in headers


def test_the_message_of_each_missing_permission(caller: Caller) -> None:
    """Every refusal of a token has the words of the API, and a token of the account posts nothing."""
    for scope, needed, method, path in (
        ("post_server_item", "read", "GET", "items"),
        ("post_client_item", "read", "GET", "instances"),
        ("write", "read", "GET", "items"),
        ("read", "write", "PATCH", "item/1"),
        ("read", "write", "DELETE", "instance/1"),
    ):
        answer = caller.call(method, path, scope)
        assert (answer.status_code, exact(answer)["message"]) == (
            403,
            f"insufficient privileges: {needed} scope is required but the access token only has {scope}.",
        )
    account = caller.post(item(), scope="account_write")
    assert (account.status_code, exact(account)["message"].split(":")[0]) == (403, "insufficient privileges")
    assert caller.server.occurrences(kind=None) == []


@pytest.mark.parametrize("path", ["items", "item/1", "item/99", "nothing", "status/ping", "instances"])
def test_head_is_get_without_a_body(read_only: Caller, path: str) -> None:
    """HEAD answers the headers of GET, the length too, and nothing behind them."""
    lines = (f"X-Rollbar-Access-Token: {read_only.server.tokens['read']}",)
    head = raw(read_only, f"HEAD /api/1/{path} HTTP/1.1", *lines)
    got = raw(read_only, f"GET /api/1/{path} HTTP/1.1", *lines)

    def stable(answer: bytes) -> list[bytes]:
        return [line for line in answer.split(b"\r\n\r\n")[0].split(b"\r\n") if b"-remaining" not in line.lower()]

    assert head.endswith(b"\r\n\r\n")
    assert head.count(b"\r\n\r\n") == 1
    assert [line for line in stable(head) if not line.startswith(b"date")] == [
        line for line in stable(got) if not line.startswith(b"date")
    ]


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("/api/1/items%2F", 200),
        ("/api/1/%69tems", 200),
        ("/api/1/item%2F1", 200),
        ("/api/1/items//", 200),
        ("/api/1/item/%31/", 200),
        ("/api/1/item/-1", 404),
        ("/api/1/item/1.5", 404),
        ("/api/1/item/%D9%A3", 404),
        ("/api/1/item/99999999999999999999", 404),
        ("/api/1/%ff%00", 404),
        ("/api/1/../1/items", 404),
        ("/api/1", 404),
        ("/api/2/items", 404),
        ("/api/", 404),
    ],
)
def test_odd_paths_are_answered(read_only: Caller, target: str, status: int) -> None:
    """Percent signs are decoded once; what is no path of ours is not found, in the API's form."""
    answer = raw(read_only, f"GET {target} HTTP/1.1", f"X-Rollbar-Access-Token: {read_only.server.tokens['read']}")
    head, _, body = answer.partition(b"\r\n\r\n")

    assert head.startswith(f"HTTP/1.1 {status} ".encode())
    assert json.loads(body)["err"] == int(status != 200)
    assert b"access-control-allow-origin: *" in head.lower()


@pytest.mark.parametrize("path", ["item/", "items", "item_batch", "nothing", "item/1"])
def test_a_preflight_permits_what_it_is_asked_for(shared_caller: Caller, path: str) -> None:
    """Without a token, for every path, with whatever headers the client wants to send."""
    wanted = "content-type,signal,x-rollbar-access-token"
    answer = shared_caller.session.options(
        shared_caller.server.endpoint + path,
        headers={
            "Origin": "null",
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": wanted,
        },
    )

    assert (answer.ok, answer.content) == (True, b"")
    assert answer.headers["Access-Control-Allow-Headers"] == wanted
    assert answer.headers["Access-Control-Allow-Methods"] == "GET,HEAD,PUT,PATCH,POST,DELETE"
    assert (answer.headers["Access-Control-Allow-Origin"], answer.headers["Access-Control-Allow-Credentials"]) == (
        "*",
        "true",
    )


def test_a_405_says_what_is_allowed(shared_caller: Caller) -> None:
    """The header ``Allow`` is there, as HTTP wants it."""
    answer = shared_caller.call("DELETE", "items", "write")

    assert (answer.status_code, exact(answer)["message"]) == (405, "method not allowed")
    assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD"}


def test_a_slow_client_holds_up_nobody(caller: Caller) -> None:
    """While one body comes in pieces, others are answered; and it is taken when it is whole."""
    address = urlsplit(caller.server.url)
    body = json.dumps(item(uuid="slow")).encode()
    head = (
        f"POST /api/1/item/ HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n"
        f"X-Rollbar-Access-Token: {caller.server.tokens['post_server_item']}\r\n\r\n"
    ).encode()
    with socket.create_connection((str(address.hostname), int(address.port or 0)), timeout=60) as connection:
        for piece in (head[:10], head[10:], body[:1], body[1:20]):
            connection.sendall(piece)
            assert caller.post(item(uuid="quick")).status_code == 200
        connection.sendall(body[20:])
        assert connection.recv(15) == b"HTTP/1.1 200 OK"

    assert [arrived.uuid for arrived in caller.server.occurrences()] == ["quick", "slow"]


def test_calls_in_a_row_on_one_connection(caller: Caller) -> None:
    """Calls that are sent before the earlier ones are answered are answered in their order."""
    address = urlsplit(caller.server.url)
    calls = b""
    for number in range(20):
        body = json.dumps(item(uuid=f"u{number}")).encode()
        calls += (
            f"POST /api/1/item HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n"
            f"Connection: {'close' if number == 19 else 'keep-alive'}\r\n"
            f"X-Rollbar-Access-Token: {caller.server.tokens['post_server_item']}\r\n\r\n"
        ).encode() + body
    with socket.create_connection((str(address.hostname), int(address.port or 0)), timeout=60) as connection:
        connection.sendall(calls)
        answered = b"".join(iter(lambda: connection.recv(65_536), b""))

    assert answered.count(b"HTTP/1.1 200 OK") == 20
    assert [f'"u{number}"'.encode() in answered for number in range(20)] == [True] * 20
    assert [arrived.uuid for arrived in caller.server.occurrences()] == [f"u{number}" for number in range(20)]


def test_who_claims_to_be_a_proxy_is_not_believed(caller: Caller) -> None:
    """``$remote_ip`` is the address that the connection comes from."""
    caller.post(item(request={"user_ip": "$remote_ip"}), headers={"X-Forwarded-For": "203.0.113.7"})

    assert caller.server.occurrences()[0].data["request"]["user_ip"] == "127.0.0.1"


def test_everything_of_an_item_comes_back(read_only: Caller) -> None:
    """The occurrence holds what was sent and what the server adds, and names its item and project."""
    (found,) = exact(read_only.get("instances"))["result"]["instances"]

    assert set(found) == {"id", "project_id", "item_id", "timestamp", "version", "billable", "data"}
    assert found["data"]["uuid"] == UUID
    assert found["data"]["body"] == error_item()["data"]["body"]
    assert found["data"]["timestamp"] == found["timestamp"]
    metadata = found["data"]["metadata"]
    assert (metadata["customer_timestamp"], metadata["access_token"]) == (None, "")
    assert metadata["timestamp_ms"] // 1000 == found["timestamp"]


def test_a_null_byte_or_more_in_a_token_is_a_wrong_token(caller: Caller) -> None:
    """Any text may be passed as a token; it is not found, and said back in ASCII."""
    for token in ("\x00", "\ud800", "ä" * 200, "'; DROP TABLE items; --"):
        answer = caller.post({"access_token": token, **item()}, scope=None)
        assert answer.status_code == 403
        assert exact(answer)["message"].startswith("access token not found: ")


@pytest.mark.parametrize(
    ("head", "statuses"),
    [
        ("rubbish", {400}),
        ("BREW /api/1/items HTTP/1.1", {400, 405}),
        ("GET /api/1/\xff HTTP/1.1", {400}),
        ("GET /api/1/items HTTP/9.1", {400, 422}),
        ("POST /api/1/item/ HTTP/1.1\r\nContent-Length: -5", {400}),
        ("POST /api/1/item/ HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz", {400}),
        ("GET /api/1/items HTTP/1.1\r\nX-Large: " + "a" * 50_000, {431}),
        ("GET /api/1/items?" + "a" * 50_000 + " HTTP/1.1", {431}),
    ],
)
def test_what_is_no_call_is_answered_in_the_same_form(shared_caller: Caller, head: str, statuses: set[int]) -> None:
    """Also before there is a call: JSON, with the headers that let a browser read it; and the next one is taken."""
    answer = raw(shared_caller, head)
    top, _, body = answer.partition(b"\r\n\r\n")

    assert int(top.split(b" ")[1]) in statuses  # one of uvicorn's two parsers is stricter than the other
    assert b"\r\naccess-control-allow-origin: *" in top
    assert b"\r\ncontent-type: application/json; charset=utf-8" in top
    assert json.loads(body)["err"] == 1
    assert shared_caller.get("items").status_code == 200
