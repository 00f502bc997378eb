"""`HttpTransport` against a real server that behaves, misbehaves, or is not there."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import select
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rollbar_logging.delivery.answer import Answer
from rollbar_logging.delivery.transport import MAX_MESSAGE, HttpTransport
from tests.loopback import Fault, Loopback, Reply

TOKEN = "0123456789abcdef-Planted/Token+="
BODY = b'{"data":{"uuid":"d4c7acef55bf4c9ea95e4fe9428a8287"}}'
SHORT = 0.3


@contextlib.contextmanager
def opened(endpoint: str, **options: Any) -> Iterator[HttpTransport]:
    """A transport that is closed at the end."""
    transport = HttpTransport(endpoint, TOKEN, **options)
    try:
        yield transport
    finally:
        transport.close()


@pytest.fixture
def transport(loopback: Loopback) -> Iterator[HttpTransport]:
    """A transport to the loopback server."""
    with opened(loopback.endpoint) as made:
        yield made


def test_an_item_is_posted_with_the_token_in_its_header(transport: HttpTransport, loopback: Loopback) -> None:
    """One POST to item/ with the token in the header, the body as it is, and a 200 understood."""
    answer = transport.send(BODY, 5.0)

    assert (answer.status, answer.message, answer.error) == (200, "", None)
    [request] = loopback.requests
    assert (request.method, request.path, request.body) == ("POST", "/api/1/item/", BODY)
    sent = {"x-rollbar-access-token", "content-type", "content-length", "user-agent", "accept-encoding"}
    assert {name: request.headers[name] for name in sent} == {
        "x-rollbar-access-token": TOKEN,
        "content-type": "application/json",
        "content-length": str(len(BODY)),
        "user-agent": "rollbar-logging",
        "accept-encoding": "identity",
    }
    assert {"authorization", "cookie"}.isdisjoint(request.headers)


def test_connections_are_kept_alive(transport: HttpTransport, loopback: Loopback) -> None:
    """One connection carries item after item, also after an error with a body."""
    loopback.script = [Reply(), Reply(422), Reply(500, body="<p>sorry</p>"), Reply(204, body="")]

    assert [transport.send(BODY, 5.0).status for _ in range(5)] == [200, 422, 500, 204, 200]
    assert loopback.connections == 1


def test_threads_send_at_the_same_time(loopback: Loopback) -> None:
    """Each thread gets its own answer, and no more connections are opened than there are threads."""
    loopback.script = [Reply(200 + i, delay=0.02) for i in range(40)]
    with opened(loopback.endpoint, pool_size=4) as transport, ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: transport.send(BODY, 5.0), range(40)))

    assert sorted(str(answer.status) for answer in answers) == [str(200 + i) for i in range(40)]
    assert 2 <= loopback.connections <= 4


def test_headers_come_by_lower_case_name(transport: HttpTransport, loopback: Loopback) -> None:
    """What the rate limit's reader looks for is there, whatever its case on the wire."""
    loopback.script = [Reply(429, {"X-RATE-LIMIT-Remaining": "0"})]

    assert transport.send(BODY, 5.0).headers["x-rate-limit-remaining"] == "0"


@pytest.mark.parametrize("fault", ["close", "reset"])
def test_an_item_survives_a_connection_that_was_closed_while_idle(
    transport: HttpTransport, loopback: Loopback, fault: Fault
) -> None:
    """On a connection used before, an end without an answer is followed by one attempt on a fresh one."""
    transport.send(BODY, 5.0)
    loopback.script = [Reply(fault=fault)]

    assert transport.send(BODY, 5.0).status == 200
    assert loopback.connections == 2


def test_a_fresh_connection_is_not_tried_twice(transport: HttpTransport, loopback: Loopback) -> None:
    """A server that closes without an answer gets the item once per send, not in a loop."""
    loopback.script = [Reply(fault="close")] * 2

    answer = transport.send(BODY, 5.0)

    assert answer.status is None
    assert answer.was_sent
    assert answer.error == f"127.0.0.1:{loopback.port}: the connection was closed without an answer"
    assert len(loopback.requests) == 1


@pytest.mark.parametrize(
    ("reply", "status", "error"),
    [
        (Reply(fault="reset"), None, ("connection reset by peer", "the connection was closed without an answer")),
        (Reply(fault="black_hole"), None, "no answer within 0.3 s"),
        (Reply(fault="drip"), None, "no answer within 0.3 s"),
        (Reply(fault="drip_body"), 200, None),
        (Reply(fault="cut"), 200, None),
        (Reply(fault="endless"), 200, None),
        (Reply(headers={"content-length": "9999"}), 200, None),
        (Reply(headers={"content-length": "3"}), 200, None),
        (Reply(headers={"connection": "close"}), 200, None),
    ],
)
def test_a_misbehaving_server_is_an_answer(
    transport: HttpTransport, loopback: Loopback, reply: Reply, status: int | None, error: str | tuple[str, ...] | None
) -> None:
    """However the answer fails to come, it is told, in time; a status that came counts; the next item gets through."""
    loopback.script = [reply]

    answer = transport.send(BODY, SHORT)

    assert (answer.status, answer.was_sent) == (status, True)
    assert (answer.error is None) == (error is None)
    assert error is None or str(answer.error).endswith(error)
    assert len(answer.message) <= MAX_MESSAGE
    assert transport.send(BODY, 5.0).status == 200


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\r\n",
        b"garbage\r\n\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"".join(b"X%d: 1\r\n" % i for i in range(300)) + b"\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" * 1000,
        f"HTTP/1.1 {TOKEN}\r\n\r\n".encode(),
    ],
)
def test_what_is_no_http_is_an_answer(raw: bytes) -> None:
    """Bytes that make no sense are an answer without a status."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_answer_once, args=(listener, raw))
        thread.start()
        with opened(f"http://127.0.0.1:{listener.getsockname()[1]}/") as transport:
            answer = transport.send(BODY, 5.0)
        thread.join()

    assert (answer.status, answer.was_sent) == (None, True)
    assert answer.error is not None
    assert TOKEN not in answer.error
    assert "\n" not in answer.error


def _answer_once(listener: socket.socket, raw: bytes) -> None:
    connection, _ = listener.accept()
    with connection:
        while not connection.recv(65_536).endswith(BODY):
            pass
        connection.sendall(raw)


@pytest.mark.parametrize(
    ("endpoint", "error"),
    [
        ("http://127.0.0.1:1/", "127.0.0.1:1: connection refused"),
        ("https://127.0.0.1:1/", "127.0.0.1:1: connection refused"),
        ("http://rollbar.invalid/", "rollbar.invalid: the host's name cannot be resolved"),
        ("http://user:password@127.0.0.1:1/", "127.0.0.1:1: connection refused"),
    ],
)
def test_a_server_that_is_not_there_was_sent_nothing(endpoint: str, error: str) -> None:
    """Without a connection, the item is known not to have arrived."""
    with opened(endpoint) as transport:
        answer = transport.send(BODY, 5.0)

    assert answer.error is not None
    assert answer.error.startswith(error)
    assert answer == Answer(None, error=answer.error, was_sent=False)


@pytest.mark.skipif(not os.path.exists("/proc/net/tcp"), reason="needs Linux's way with a full backlog")  # noqa: PTH110 - no path of ours
def test_a_server_that_does_not_accept_is_given_up() -> None:
    """A connection that is not accepted within the timeout is an answer, and nothing was sent."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener, contextlib.ExitStack() as waiting:
        for _ in range(2):
            client = waiting.enter_context(socket.socket())
            client.setblocking(False)  # noqa: FBT003 - the socket's own signature
            client.connect_ex(listener.getsockname())
        with opened(f"http://127.0.0.1:{listener.getsockname()[1]}/") as transport:
            answer = transport.send(BODY, SHORT)

    assert answer.error is not None
    assert answer.error.endswith("no connection within 0.3 s")
    assert not answer.was_sent


def test_redirects_are_not_followed(transport: HttpTransport, loopback: Loopback) -> None:
    """A 3xx is an answer like any other: the token goes nowhere else."""
    loopback.script = [Reply(307, {"location": loopback.endpoint + "elsewhere"})]

    answer = transport.send(BODY, 5.0)

    assert (answer.status, answer.headers["location"]) == (307, loopback.endpoint + "elsewhere")
    assert len(loopback.requests) == 1


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"err": 1, "message": "Invalid format."}, "Invalid format."),
        ({"err": 1, "message": f"access token not found: {TOKEN}"}, "access token not found: <hidden>"),
        ({"err": 1, "result": "Invalid project access token"}, "Invalid project access token"),
        ({"err": 1, "message": "two\n  lines\x00"}, "two lines?"),
        ({"err": 1, "message": "x" * 290 + TOKEN}, "x" * 290 + "<hidden>"),
        ({"err": 1, "message": "see https://user:password@host/"}, "see https://host/"),
        ({"err": 1, "message": "see https://user:pass/w@rd@host/"}, "see https://host/"),
        ({"err": 1, "message": "x" * 280 + " https://user:password@host/"}, "x" * 280 + " https://host/"),
        ({"error": TOKEN}, '{"error": "<hidden>"}'),
        (json.dumps([TOKEN]).replace("/", "\\/").replace("+", "\\u002b"), '["<hidden>"]'),
        ("plain text", "plain text"),
        ("", ""),
        (b"\xff\xfe", "\ufffd\ufffd"),
        ("[" * 60_000, "[" * 300),
        ("[" * 900 + "]" * 900, "[" * 300),
        ("<html><title>502 Bad &amp; worse</title><style>a{}</style><h1>Sorry</h1>", "502 Bad & worse Sorry"),
        (f"<p>{TOKEN.upper()}</p>", "<hidden>"),
        ("<script>" * 5_000, ""),
        ("<" * 60_000, ""),
    ],
)
def test_an_error_is_told_in_the_servers_words(
    transport: HttpTransport, loopback: Loopback, body: Any, message: str
) -> None:
    """Rollbar's message, or the beginning of whatever text came: one line, no tags, never the token."""
    loopback.script = [Reply(400, body=body)]

    assert transport.send(BODY, 5.0).message == message


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (Reply(200, body={"err": 0, "message": "fine"}), ""),
        (Reply(200, body={"ok": True}), ""),
        (Reply(200, body={"err": 1, "message": "not fine"}), "not fine"),
        (Reply(200, body="<p>Log in first</p>"), "Log in first"),
        (Reply(400, {"content-encoding": "gzip"}, b"\x1f\x8b"), ""),
    ],
)
def test_a_success_has_no_message_unless_it_is_odd(
    transport: HttpTransport, loopback: Loopback, reply: Reply, message: str
) -> None:
    """A message with a 200 means that it was no success of Rollbar's."""
    loopback.script = [reply]

    assert transport.send(BODY, 5.0).message == message


def test_a_header_that_repeats_the_token_is_cleaned(transport: HttpTransport, loopback: Loopback) -> None:
    """The token is nowhere in an answer, and no header is longer than a line of a log may be."""
    loopback.script = [Reply(403, {"location": f"/?access_token={TOKEN}", "x-long": "y" * 9_000})]

    answer = transport.send(BODY, 5.0)

    assert answer.headers["location"] == "/?access_token=<hidden>"
    assert len(answer.headers["x-long"]) == 1_000


@example(status=400, content_type="text/html", body=b"1" * 5_000, is_whole=True)
@given(
    status=st.integers(100, 999),
    content_type=st.sampled_from(["", "text/html", "application/json"]),
    body=st.binary()
    | st.text().map(str.encode)
    | st.recursive(
        st.none() | st.integers() | st.text() | st.just(TOKEN),
        lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["err", "message", "result"]), inner),
    ).map(lambda value: json.dumps(value).encode()),
    is_whole=st.booleans(),
)
def test_any_body_makes_one_short_line(status: int, content_type: str, body: bytes, is_whole: bool) -> None:
    """Whatever a body holds: at most 300 printable characters, without the token."""
    with opened("http://127.0.0.1:1/") as transport:
        message = transport._message(status, content_type, body, is_whole=is_whole)

    assert len(message) <= MAX_MESSAGE
    assert message.isprintable()
    assert TOKEN not in message


def test_a_token_split_by_the_end_of_reading_is_hidden(transport: HttpTransport, loopback: Loopback) -> None:
    """A token of which only the beginning was read does not show in part."""
    page = "sorry" + " " * (65_536 - 25) + TOKEN + "the rest"
    loopback.script = [Reply(502, body=page)]

    assert transport.send(BODY, 5.0).message == "sorry"


def test_one_timeout_holds_for_the_whole_answer(transport: HttpTransport, loopback: Loopback) -> None:
    """A byte that came in time does not prolong the wait for the next one."""
    loopback.script = [Reply(400, body="ab", delay=0.25, fault="drip_body")]

    assert transport.send(BODY, SHORT)[:3:2] == (400, "")


def test_the_environments_proxy_is_used(loopback: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
    """Through HTTP_PROXY the proxy is asked for the whole URL, with the credentials it wants."""
    monkeypatch.setenv("HTTP_PROXY", f"http://me:secret@127.0.0.1:{loopback.port}")
    with opened("http://rollbar.invalid/api/1/") as transport:
        assert [transport.send(BODY, 5.0).status for _ in range(2)] == [200, 200]

    assert loopback.requests[1].path == "http://rollbar.invalid/api/1/item/"
    assert loopback.requests[1].headers["proxy-authorization"].startswith("Basic ")
    assert loopback.connections == 1


def test_no_proxy_is_honoured(transport: HttpTransport, loopback: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
    """A host that NO_PROXY names is reached directly."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")

    assert transport.send(BODY, 5.0).status == 200
    assert loopback.requests[0].path == "/api/1/item/"


@pytest.mark.parametrize("proxy", ["http://me:secret@127.0.0.1:1", "ht!tp://me:secret@[", "socks5h://me:secret@a:1"])
def test_a_proxy_that_does_not_work_was_sent_nothing(monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    """A proxy that is down, misspelt or of a kind not supported is an answer, without its password."""
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    with opened("https://rollbar.invalid/api/1/") as transport:
        answer = transport.send(BODY, 5.0)

    assert (answer.status, answer.was_sent) == (None, False)
    assert answer.error is not None
    assert "secret" not in answer.error


@pytest.mark.parametrize("user", ["ann:hunter#2", "ann:hunter/2", "ann:hunter?2", "ann:hun[ter2"])
def test_a_proxys_password_that_breaks_its_address_is_not_told(monkeypatch: pytest.MonkeyPatch, user: str) -> None:
    """A library's error would name half of it, and go to the application's log."""
    monkeypatch.setenv("HTTP_PROXY", f"http://{user}@127.0.0.1:9")
    with opened("http://10.0.0.1/api/1/") as transport:
        answer = transport.send(b"{}", 1)

    assert answer.status is None
    assert answer.error
    assert "hun" not in answer.error


def test_a_proxy_that_refuses_a_tunnel_was_sent_no_item(loopback: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a proxy was asked for is not the item: after its refusal the item is known not to have arrived."""
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{loopback.port}")
    loopback.script = [Reply(407), Reply(fault="drip")]
    with opened("https://rollbar.invalid/api/1/") as transport:
        refused, dripped = transport.send(BODY, SHORT), transport.send(BODY, SHORT)

    assert refused.error == (
        f"rollbar.invalid through the proxy 127.0.0.1:{loopback.port}: "
        "tunnel connection failed: 407 proxy authentication required"
    )
    assert dripped.error is not None
    assert dripped.error.endswith("no connection within 0.3 s")
    assert not refused.was_sent
    assert not dripped.was_sent


def test_netrc_adds_no_authorization(
    transport: HttpTransport, loopback: Loopback, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A password that .netrc holds for the host is not sent along."""
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password secret\n")
    (tmp_path / "netrc").chmod(0o600)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))

    transport.send(BODY, 5.0)

    assert "authorization" not in loopback.requests[0].headers


def test_a_user_in_the_endpoint_is_sent(loopback: Loopback) -> None:
    """Credentials that the endpoint's own URL names go to it, as for a relay behind a password."""
    with opened(loopback.endpoint.replace("//", "//me:secret@")) as transport:
        assert transport.send(BODY, 5.0).status == 200

    assert loopback.requests[0].headers["authorization"].startswith("Basic ")


@pytest.fixture
def secure(tmp_path: Path) -> Iterator[Loopback]:
    """An HTTPS server with a certificate that nobody knows."""
    with Loopback(tls=tmp_path) as server:
        yield server


def test_a_certificate_that_is_not_known_is_refused(secure: Loopback) -> None:
    """An HTTPS server that cannot be trusted is told, and is sent nothing."""
    with opened(secure.endpoint) as transport:
        answer = transport.send(BODY, 5.0)

    assert answer.error is not None
    assert "TLS failed (self" in answer.error
    assert not answer.was_sent
    assert secure.requests == []


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_the_environments_certificates_are_trusted(
    secure: Loopback, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    """A bundle named by the environment makes a private authority known, on connections that are kept."""
    monkeypatch.setenv(variable, str(secure.certificate))
    with opened(secure.endpoint) as transport:
        assert [transport.send(BODY, 5.0).status for _ in range(3)] == [200, 200, 200]

    assert secure.connections == 1


@pytest.mark.parametrize(
    ("fault", "status", "error"),
    [
        ("close", 200, None),
        ("reset", 200, None),
        ("cut", 200, None),
        ("drip_body", 200, None),
        ("drip", None, "no answer within 0.3 s"),
        ("black_hole", None, "no answer within 0.3 s"),
    ],
)
def test_faults_under_tls_are_answers_too(
    secure: Loopback, monkeypatch: pytest.MonkeyPatch, fault: Fault, status: int | None, error: str | None
) -> None:
    """A kept connection that fails under TLS is replaced, or given up in time, as without."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(secure.certificate))
    with opened(secure.endpoint) as transport:
        transport.send(BODY, 5.0)
        secure.script = [Reply(fault=fault)]
        answer = transport.send(BODY, SHORT)

        assert (answer.status, answer.was_sent) == (status, True)
        assert answer.error == (error and f"127.0.0.1:{secure.port}: {error}")
        assert transport.send(BODY, 5.0).status == 200


def test_a_bundle_that_is_missing_is_told_until_it_is_there(
    secure: Loopback, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A wrong path in the environment is an answer that names it; once the file is there, items get through."""
    bundle = tmp_path / "later.pem"
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))
    with opened(secure.endpoint) as transport:
        answer = transport.send(BODY, 5.0)
        assert secure.certificate is not None
        bundle.write_bytes(secure.certificate.read_bytes())

        assert answer.error is not None
        assert str(bundle) in answer.error
        assert not answer.was_sent
        assert transport.send(BODY, 5.0).status == 200


def test_a_proxys_tunnel_carries_tls(secure: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
    """Through HTTPS_PROXY the item goes to the server itself, encrypted, on a tunnel that is kept."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(secure.certificate))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_tunnel_once, args=(listener, secure.port))
        thread.start()
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{listener.getsockname()[1]}")
        with opened(secure.endpoint) as transport:
            assert [transport.send(BODY, 5.0).status for _ in range(2)] == [200, 200]
        thread.join(5.0)
        assert not thread.is_alive(), "close() left the tunnel open"

    assert [request.path for request in secure.requests] == ["/api/1/item/"] * 2


def _tunnel_once(listener: socket.socket, port: int) -> None:
    """Accept one CONNECT and pass bytes both ways until either side ends."""
    client, _ = listener.accept()
    with client, socket.create_connection(("127.0.0.1", port)) as server:
        assert client.recv(65_536).startswith(f"CONNECT 127.0.0.1:{port} HTTP/1.".encode())
        client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        other = {client: server, server: client}
        while True:
            for source in select.select(list(other), [], [])[0]:
                data = source.recv(65_536)
                if not data:
                    return
                other[source].sendall(data)


def test_a_fresh_transport_leaves_the_first_ones_connections_alone(
    transport: HttpTransport, loopback: Loopback
) -> None:
    """A forked child's transport opens connections of its own; its parent's go on, also when it is closed."""
    transport.send(BODY, 5.0)
    child = transport.fresh()
    child.send(BODY, 5.0)
    child.close()
    transport.send(BODY, 5.0)

    assert [request.connection for request in loopback.requests] == [1, 2, 1]
    assert {request.headers["x-rollbar-access-token"] for request in loopback.requests} == {TOKEN}


def test_a_closed_transport_sends_nothing(transport: HttpTransport, loopback: Loopback) -> None:
    """After `close`, which may be called again, a send is an answer."""
    transport.send(BODY, 5.0)
    transport.close()
    transport.close()

    answer = transport.send(BODY, 5.0)

    assert (answer.status, answer.was_sent) == (None, False)
    assert answer.error == f"127.0.0.1:{loopback.port}: the transport is closed"
    assert len(loopback.requests) == 1


def test_closing_lets_an_exchange_end(transport: HttpTransport, loopback: Loopback) -> None:
    """An item that is under way when the transport is closed gets its answer."""
    loopback.script = [Reply(delay=0.2)]
    with ThreadPoolExecutor(1) as pool:
        sending = pool.submit(transport.send, BODY, 5.0)
        assert loopback.wait_for(1)
        transport.close()

    assert sending.result().status == 200


def test_nothing_is_logged_but_by_urllib3(
    transport: HttpTransport, loopback: Loopback, caplog: pytest.LogCaptureFixture
) -> None:
    """Faults and retries make no log record of ours, and none of anyone's holds the token."""
    caplog.set_level(logging.DEBUG)
    loopback.script = [Reply(), Reply(fault="close"), Reply(403), Reply(fault="reset"), Reply(fault="cut")]
    for _ in range(5):
        transport.send(BODY, 5.0)

    assert {record.name.partition(".")[0] for record in caplog.records} == {"urllib3"}
    assert {record.levelname for record in caplog.records} == {"DEBUG"}
    assert TOKEN not in caplog.text
