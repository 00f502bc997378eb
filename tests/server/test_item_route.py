"""Posting items, over a real socket."""

from __future__ import annotations

import gzip
import json
import socket
import zlib
from typing import Any
from urllib.parse import quote_plus, urlsplit

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st

from rollbar_logging.server import LocalServer
from tests.server.conftest import Caller, error_item, item

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=20), inner, max_size=5),
    max_leaves=30,
)


def address_of(caller: Caller) -> tuple[str, int]:
    """Return where the server listens."""
    address = urlsplit(caller.server.url)
    return str(address.hostname), int(address.port or 0)


@pytest.mark.parametrize("path", ["item", "item/"])
def test_both_forms_of_the_path_take_an_item(caller: Caller, path: str) -> None:
    """An item is taken with and without the final slash, and never redirected."""
    answer = caller.post(item(uuid="u-1"), path=path)

    assert answer.status_code == 200
    assert answer.text == '{\n  "err": 0,\n  "result": {\n    "id": null,\n    "uuid": "u-1"\n  }\n}'
    assert [arrived.uuid for arrived in caller.server.occurrences()] == ["u-1"]


def test_an_item_without_uuid_gets_one(caller: Caller) -> None:
    """The answer names the uuid that the server made, and the occurrence is stored under it."""
    uuid = caller.post(item()).json()["result"]["uuid"]

    assert [arrived.uuid for arrived in caller.server.occurrences()] == [uuid]
    assert caller.server.occurrences()[0].data["uuid"] == uuid


def test_a_uuid_is_stored_once(caller: Caller) -> None:
    """The same uuid again is answered 200, and neither stored nor counted to the item."""
    answers = [caller.post(item(uuid="u-1")), caller.post(item(uuid="u-1"))]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].content == answers[1].content
    assert len(caller.server.occurrences()) == 1
    assert caller.server.items()[0].total_occurrences == 1
    assert (caller.server.stats().stored, caller.server.stats().duplicates) == (1, 1)


@pytest.mark.parametrize("name", ["x-rollbar-access-token", "X-ROLLBAR-ACCESS-TOKEN"])
def test_the_header_passes_the_token_in_any_case(caller: Caller, name: str) -> None:
    """The header's letters may be large or small."""
    headers = {name: caller.server.tokens["post_server_item"]}
    assert caller.post(item(), scope=None, headers=headers).status_code == 200


def test_the_body_passes_the_token(caller: Caller) -> None:
    """A top-level ``access_token`` of the JSON body will do."""
    payload = {"access_token": caller.server.tokens["post_server_item"], **item()}
    assert caller.post(payload, scope=None).status_code == 200


def test_the_query_passes_the_token(caller: Caller) -> None:
    """``?access_token=`` will do."""
    params = {"access_token": caller.server.tokens["post_server_item"]}
    assert caller.post(item(), scope=None, params=params).status_code == 200


def test_a_form_passes_item_and_token(caller: Caller) -> None:
    """A form with the item's JSON in ``payload`` is taken, and its field ``access_token`` is understood."""
    token = caller.server.tokens["post_server_item"]
    body = f"access_token={token}&payload={quote_plus(json.dumps(item('ä & b')))}".encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded"}

    assert caller.post(body, scope=None, headers=headers).status_code == 200
    assert caller.server.occurrences()[0].title == "ä & b"


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data"])
def test_json_is_json_whatever_the_content_type_says(caller: Caller, kind: str) -> None:
    """Official clients send JSON labelled as a form; it is taken as the JSON it is."""
    assert caller.post(item(), headers={"Content-Type": kind}).status_code == 200


@pytest.mark.parametrize(("encoding", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress)])
def test_a_packed_body_is_taken(caller: Caller, encoding: str, pack: Any) -> None:
    """A compressed body is unpacked; its size is told as it came over the wire."""
    body = pack(json.dumps(item("x" * 5000)).encode())

    assert caller.post(body, headers={"Content-Encoding": encoding}).status_code == 200
    assert caller.server.occurrences()[0].body_bytes == len(body) < 1000


@pytest.mark.parametrize(
    "body", [b"", b"{", b"hello", b"payload={", b"a=b", b"\xff\xfe{}", b'{"data": NaN}', b'{"data": 1e999}']
)
def test_what_is_no_json_is_answered_400(caller: Caller, body: bytes) -> None:
    """A body that cannot be read is refused with the text of a bad request."""
    answer = caller.post(body)

    assert (answer.status_code, answer.json()) == (400, {"err": 1, "message": "Bad request"})


PACKED = gzip.compress(b"{}", mtime=0)  # of no time, so that the test has one name


@pytest.mark.parametrize("body", [b"no gzip", PACKED[:-4], gzip.compress(b"x" * 2_000_000, mtime=0)])
def test_a_packed_body_that_cannot_be_unpacked_is_refused(caller: Caller, body: bytes) -> None:
    """Broken, cut short, or larger than the limit once unpacked: refused, and never held in memory whole."""
    answer = caller.post(body, headers={"Content-Encoding": "gzip"})

    assert answer.status_code == (413 if len(body) > 1000 else 400)


def test_deep_nesting_is_refused(caller: Caller) -> None:
    """A body nested deeper than anything could show it is no acceptable JSON."""
    deep = b'{"data": ' + b"[" * 60_000 + b"]" * 60_000 + b"}"
    assert caller.post(deep).status_code == 400
    assert caller.post(item(custom={"a": json.loads("[" * 250 + "]" * 250)})).status_code == 400
    assert caller.post(item(custom={"a": json.loads("[" * 150 + "]" * 150)})).status_code == 200


def test_a_missing_token_is_answered_422(caller: Caller) -> None:
    """Without a token anywhere the API's own words are said."""
    answer = caller.post(item(), scope=None)

    assert answer.status_code == 422
    assert answer.json() == {"err": 1, "message": "Invalid format. access_token is missing and it is required."}


def test_an_unknown_token_is_answered_403(caller: Caller) -> None:
    """A token that no project has is repeated in the answer, without any double quotes."""
    answer = caller.post(item(), scope=None, headers={"X-Rollbar-Access-Token": 'no"pe'})

    assert (answer.status_code, answer.json()["message"]) == (403, "access token not found: no'pe")


def test_a_disabled_token_is_answered_403(caller: Caller) -> None:
    """A disabled token is refused, and works again when it is enabled again."""
    caller.server.set_enabled("post_server_item", is_enabled=False)
    answer = caller.post(item())
    caller.server.set_enabled("post_server_item", is_enabled=True)

    assert answer.status_code == 403
    assert answer.json()["message"] == "insufficient privileges: The access token is disabled."
    assert caller.post(item()).status_code == 200


@pytest.mark.parametrize("scope", ["read", "write"])
def test_a_token_without_a_posting_scope_is_answered_403(caller: Caller, scope: str) -> None:
    """Tokens that may read or write may not post; the answer names both scopes."""
    answer = caller.post(item(), scope=scope)

    assert answer.status_code == 403
    assert answer.json()["message"] == (
        f"insufficient privileges: post_server_item scope is required but the access token only has {scope}."
    )


@pytest.mark.parametrize(
    ("platform", "status"),
    [("browser", 200), ("android", 200), ("client", 200), ("linux", 403), (None, 403), ("", 403)],
)
def test_a_client_token_posts_client_items_only(caller: Caller, platform: str | None, status: int) -> None:
    """A ``post_client_item`` token may post for client platforms, and a missing platform is none."""
    payload = item() if platform is None else item(platform=platform)
    answer = caller.post(payload, scope="post_client_item")

    assert answer.status_code == status
    assert ("post_server_item scope is required but the access token only has post_client_item." in answer.text) == (
        status == 403
    )


def test_a_rejected_item_is_told_of_in_the_project(caller: Caller) -> None:
    """An item that breaks the schema is answered 422 with the sentence, and shown as an "API error" item."""
    payload = {"access_token": "hide me", "data": {"environment": "e", "body": {"message": {}}, "custom": {"k": 1}}}
    answer = caller.post(payload)

    message = "Invalid format. data.body.message.body is missing and it is required."
    assert (answer.status_code, answer.json()["message"]) == (422, message)
    assert caller.server.occurrences() == []
    (told,) = caller.server.occurrences(kind="api_error")
    assert told.title == f"API error: {message}"
    assert told.data["custom"]["rejected"] == {"data": payload["data"]}
    assert "hide me" not in json.dumps(told.data)


def test_a_body_over_the_limit_is_answered_413() -> None:
    """The limit holds to the byte, and the answer is JSON that a browser may read."""
    body = json.dumps(item("x" * 1000)).encode()
    with LocalServer(max_body=len(body)) as server, requests.Session() as session:
        caller = Caller(server)
        caller.session = session

        assert caller.post(body).status_code == 200
        answer = caller.post(body + b" ")
        assert (answer.status_code, answer.json()["message"]) == (413, "request entity too large")
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert caller.post(body).status_code == 200


def test_a_body_far_over_the_limit_is_answered_all_the_same(caller: Caller) -> None:
    """A client that is still sending megabytes reads the answer 413, not a broken connection."""

    def chunks() -> Any:
        for _ in range(200):
            yield b"x" * 65_536

    headers = {"X-Rollbar-Access-Token": caller.server.tokens["post_server_item"]}
    answer = caller.session.post(caller.server.endpoint + "item/", data=chunks(), headers=headers)

    assert answer.status_code == 413


def test_a_client_that_asks_first_need_not_send_what_is_too_large(caller: Caller) -> None:
    """``Expect: 100-continue`` with too large a length is answered 413 without the body."""
    with socket.create_connection(address_of(caller), timeout=60) as connection:
        connection.sendall(
            b"POST /api/1/item/ HTTP/1.1\r\nHost: x\r\nContent-Length: 2000000\r\nExpect: 100-continue\r\n\r\n"
        )
        assert connection.recv(100).startswith(b"HTTP/1.1 413 ")


def test_a_client_that_goes_away_leaves_the_server_well(caller: Caller) -> None:
    """A body that never ends because its client is gone is forgotten, and the next call is answered."""
    with socket.create_connection(address_of(caller), timeout=60) as connection:
        connection.sendall(b"POST /api/1/item/ HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")

    assert caller.post(item()).status_code == 200
    assert len(caller.server.occurrences(kind=None)) == 1


def test_what_the_server_adds(caller: Caller) -> None:
    """The sender's address, the server's time and the client's are in what is stored; the rest is untouched."""
    request = {"user_ip": "$remote_ip", "url": "/x"}
    caller.post(item(timestamp=1_700_000_000, request=request, other={"kept": [None, 1.5]}, person={"id": "7"}))

    (arrived,) = caller.server.occurrences()
    assert arrived.data["request"] == {"user_ip": "127.0.0.1", "url": "/x"}
    assert arrived.data["timestamp"] == int(arrived.received_at)
    assert arrived.data["metadata"]["customer_timestamp"] == 1_700_000_000
    assert arrived.data["other"] == {"kept": [None, 1.5]}
    assert arrived.data["framework"] == "unknown"
    assert arrived.data["person"] == {"id": "7"}
    assert (arrived.token_name, arrived.kind) == ("post_server_item", "item")


def test_texts_are_cut_to_what_the_api_keeps(caller: Caller) -> None:
    """Over-long texts are cut, not refused."""
    caller.post(item(title="t" * 300, context="c" * 300, code_version="v" * 50, person={"id": "i" * 50}))

    data = caller.server.occurrences()[0].data
    lengths = (len(data["title"]), len(data["context"]), len(data["code_version"]), len(data["person"]["id"]))
    assert lengths == (255, 255, 40, 40)


def test_an_anonymous_address_is_a_network(caller: Caller) -> None:
    """``$remote_ip_anonymize`` becomes the address without its last byte."""
    caller.post(item(request={"user_ip": "$remote_ip_anonymize"}))

    assert caller.server.occurrences()[0].data["request"]["user_ip"] == "127.0.0.0"


def test_a_browser_may_post(caller: Caller) -> None:
    """The preflight permits whatever headers are asked for, and answers carry the origin's permission."""
    asked = {"Origin": "http://shop.example", "Access-Control-Request-Method": "POST"}
    asked["Access-Control-Request-Headers"] = "content-type,signal,x-rollbar-access-token"
    answer = caller.session.options(caller.server.endpoint + "item/", headers=asked)

    assert answer.ok
    assert answer.headers["Access-Control-Allow-Headers"] == asked["Access-Control-Request-Headers"]
    assert "POST" in answer.headers["Access-Control-Allow-Methods"]
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    for response in (caller.post(item()), caller.post(item(), scope=None), caller.post(b"")):
        assert response.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "nothing", 404), ("PUT", "item/", 405), ("POST", "items", 405)]
)
def test_unknown_paths_and_methods_are_answered_in_json(caller: Caller, method: str, path: str, status: int) -> None:
    """Every refusal is the API's envelope; that of an unknown path has the 40 bytes it has at Rollbar."""
    answer = caller.session.request(method, caller.server.endpoint + path)

    assert (answer.status_code, answer.json()["err"]) == (status, 1)
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    if status == 404:
        assert answer.headers["Content-Length"] == "40"


@pytest.mark.parametrize("path", ["status/ping", "status/ping/"])
def test_ping(caller: Caller, path: str) -> None:
    """The ping needs no token and answers one word."""
    answer = caller.session.get(caller.server.endpoint + path)
    assert (answer.status_code, answer.text) == (200, "pong")


@given(custom=st.dictionaries(st.text(max_size=20), JSON, max_size=5), text=st.text())
@settings(max_examples=60, deadline=None)
def test_whatever_json_is_sent_is_stored(shared_caller: Caller, custom: dict[str, Any], text: str) -> None:
    """Any value in ``custom`` and any message come back as they were sent."""
    uuid = shared_caller.post(item(text, custom=custom)).json()["result"]["uuid"]

    found = next(each for each in reversed(shared_caller.server.occurrences()) if each.uuid == uuid)
    assert found.data["custom"] == custom
    assert found.data["body"]["message"]["body"] == text


@given(body=st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
@settings(max_examples=100, deadline=None)
def test_whatever_bytes_are_sent_there_is_an_answer(shared_caller: Caller, body: bytes) -> None:
    """Any body that is no item is refused with the API's envelope."""
    answer = shared_caller.post(body)

    assert answer.status_code in {400, 422}
    assert set(answer.json()) == {"err", "message"}


@pytest.mark.parametrize("escaped", ["\\ud800", "\\u0000", "\\ud83d\\ude00"])
def test_half_characters_do_not_disturb(caller: Caller, escaped: str) -> None:
    """Lone surrogates and zeros, which JSON can escape, are stored and shown wherever they stand."""
    text = json.dumps(error_item()).replace("boom", escaped).replace('"test"', f'"{escaped}"').replace("view", escaped)
    text = text.replace('"data": {', f'"data": {{"uuid": "u{escaped}", "fingerprint": "{escaped}", ', 1)

    answer = caller.post(text.encode())
    assert answer.status_code == 200
    (arrived,) = caller.server.occurrences()
    assert caller.page().status_code == 200
    assert caller.page(f"item/{arrived.item_id}").status_code == 200
    assert caller.get("items").status_code == 200
    assert caller.get("instances").status_code == 200
