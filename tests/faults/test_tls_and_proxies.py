"""What stands between the handler and the server: certificates that are not trusted, and proxies."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.accounts import all_arrived, told, wait_until
from tests.faults.certificates import EXPIRED, FOR_ANOTHER_HOST
from tests.loopback import Loopback, Reply
from tests.pipelines import TOKEN, attached

RECORDS = 3
CERTIFICATES = {
    "nobody knows it": (None, False, "self"),
    "for another host": (FOR_ANOTHER_HOST, True, "mismatch"),
    "expired": (EXPIRED, True, "expired"),
}


@contextlib.contextmanager
def listening_between(port: int) -> Iterator[tuple[int, list[bytes]]]:
    """Pass bytes on to a port, both ways, and keep what came from the client: what a wiretap would see."""
    heard: list[bytes] = []
    threads: list[threading.Thread] = []

    def run(target: object, *arguments: object) -> None:
        threads.append(threading.Thread(target=target, args=arguments))  # type: ignore[arg-type]
        threads[-1].start()

    def pass_on(source: socket.socket, goal: socket.socket, kept: list[bytes]) -> None:
        with contextlib.suppress(OSError), source:
            while data := source.recv(65_536):
                kept.append(data)
                goal.sendall(data)
        with contextlib.suppress(OSError):
            goal.shutdown(socket.SHUT_RDWR)

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = listener.accept()
                server = socket.create_connection(("127.0.0.1", port))
                run(pass_on, client, server, heard)
                run(pass_on, server, client, [])

    with socket.create_server(("127.0.0.1", 0)) as listener:
        run(accept)
        yield listener.getsockname()[1], heard
        listener.shutdown(socket.SHUT_RDWR)
    for thread in threads:
        thread.join(10)
        assert not thread.is_alive()


def senders() -> list[str]:
    """The product's threads that are alive."""
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("rollbar_logging")]


@pytest.mark.parametrize("name", CERTIFICATES)
def test_a_certificate_that_is_not_trusted_is_told_and_gets_nothing(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The log says why in words; the reports are tried again and wait; neither they nor the token leave in clear."""
    certificate, is_known, word = CERTIFICATES[name]
    with Loopback(tls=tmp_path, certificate=certificate) as server:
        if is_known:
            monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(server.certificate))
        with listening_between(server.port) as (port, heard):
            endpoint = f"https://127.0.0.1:{port}/api/1/"
            with attached(server, endpoint=endpoint, shutdown_timeout=0.2) as (logger, handler):
                for i in range(RECORDS):
                    logger.error("plain words %d", i)
                wait_until(lambda: server.connections >= 3)
                stats = handler.stats()
                assert (stats.accepted, stats.queued, stats.sent, stats.dropped) == (RECORDS, RECORDS, 0, {})
            assert handler.stats().dropped == {"shutdown": RECORDS}
            wait_until(lambda: not senders())  # one may be in the middle of a handshake
        wiretap = b"".join(heard)

    message = told(caplog)[0]
    assert message.startswith(f"no answer from Rollbar: 127.0.0.1:{port}: TLS failed (")
    assert word in message.lower()
    assert server.requests == []
    assert len(wiretap) > 0
    assert b"plain words" not in wiretap
    assert TOKEN.encode() not in wiretap
    assert b"POST" not in wiretap


def test_a_server_that_speaks_no_tls_gets_nothing(loopback: Loopback, caplog: pytest.LogCaptureFixture) -> None:
    """An https endpoint is never spoken to in clear, also not when that is all it understands."""
    endpoint = loopback.endpoint.replace("http:", "https:")
    with attached(loopback, endpoint=endpoint, shutdown_timeout=0.2, timeout=0.5) as (logger, handler):
        logger.error("plain words")
        wait_until(lambda: handler.stats().retried >= 2)

    assert handler.stats().dropped == {"shutdown": 1}
    assert all(b"plain words" not in request.body for request in loopback.requests)
    assert "TLS failed" in told(caplog)[0] or "no connection" in told(caplog)[0]


def test_a_server_whose_certificate_is_mended_gets_everything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """After the certificate was renewed the waiting reports arrive, without a new handler."""
    (tmp_path / "trusted").mkdir()
    with Loopback(tls=tmp_path / "trusted") as renewed:
        trusted = str(renewed.certificate)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", trusted)
    with Loopback(tls=tmp_path, certificate=EXPIRED) as expired:
        port = expired.port
        with attached(expired, storm_limit=0) as (logger, handler):
            for i in range(RECORDS):
                logger.error("record %d", i)
            wait_until(lambda: expired.connections >= 2)
            expired.stop()
            with Loopback(tls=tmp_path / "trusted", port=port) as renewed:
                assert all_arrived(handler, renewed, RECORDS)
    assert expired.requests == []
    assert "TLS failed" in told(caplog)[0]


def test_a_proxy_that_goes_and_comes_back_costs_no_report(
    loopback: Loopback, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The environment's proxy carries the reports; while it is gone they wait, and go nowhere else."""
    with Loopback() as proxy:
        monkeypatch.setenv("HTTP_PROXY", f"http://me:secret@127.0.0.1:{proxy.port}")
        with attached(loopback, storm_limit=0) as (logger, handler):
            logger.error("through the proxy")
            assert handler.flush()
            proxy.stop()
            for i in range(RECORDS):
                logger.error("meanwhile %d", i)
            wait_until(lambda: handler.stats().retried >= 2)
            assert handler.stats().queued == RECORDS
            with Loopback(port=proxy.port) as again:
                again.script = [Reply(502, body="<h1>Bad gateway</h1>"), Reply(407)]
                assert handler.flush(60)
                stats = handler.stats()

    assert (stats.accepted, stats.sent, stats.dropped) == (RECORDS + 1, RECORDS + 1, {})
    assert again.requests[-1].path == f"{loopback.endpoint}item/"
    assert loopback.requests == []
    assert "secret" not in caplog.text


def test_a_proxy_for_others_is_left_alone(loopback: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
    """What NO_PROXY names is reached directly, whatever the proxy does."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "elsewhere.test,127.0.0.1")
    with attached(loopback, storm_limit=0) as (logger, handler):
        for i in range(RECORDS):
            logger.error("record %d", i)

        assert all_arrived(handler, loopback, RECORDS)
        assert handler.stats().retried == 0


def test_a_tunnel_that_fails_is_asked_for_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Over HTTPS the proxy only hears of the host; when it refuses or hangs up the reports wait, and nothing leaks."""
    with Loopback(tls=tmp_path) as server, Loopback() as proxy:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(server.certificate))
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
        proxy.script = [Reply(503), Reply(fault="close"), Reply(fault="reset"), Reply(403)] + [Reply(502)] * 100
        with attached(server, shutdown_timeout=0.1) as (logger, handler):
            for i in range(RECORDS):
                logger.error("plain words %d", i)
            wait_until(lambda: len(proxy.requests) >= 5)
            stats = handler.stats()

    assert (stats.accepted, stats.queued, stats.dropped) == (RECORDS, RECORDS, {})
    assert {(request.method, request.path) for request in proxy.requests} == {("CONNECT", f"127.0.0.1:{server.port}")}
    assert all(TOKEN not in str(request.headers) and not request.body for request in proxy.requests)
    assert "tunnel connection failed: 503" in told(caplog)[0]
