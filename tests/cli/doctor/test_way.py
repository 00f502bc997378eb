"""The doctor on the way to the endpoint: real sockets, real certificates, a real proxy."""

from __future__ import annotations

import socket
import sqlite3
import ssl
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import pytest

from rollbar_logging.cli.doctor.runtime import check_runtime
from rollbar_logging.cli.doctor.spool import check_spool
from rollbar_logging.cli.doctor.steps import within
from rollbar_logging.cli.doctor.tls import end_of
from rollbar_logging.settings import Settings
from tests.cli.doctor.doctoring import CERTIFICATES, TOKEN, Said, connect_proxy, doctor, serve_tls
from tests.loopback import Loopback, Reply

WAY = "Way to the endpoint"
PONG = Reply(body="pong")


@pytest.fixture(autouse=True)
def _token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROLLBAR_ACCESS_TOKEN", TOKEN)


@pytest.fixture
def trusting(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment that trusts the tests' authority."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(CERTIFICATES / "authority.pem"))
    return monkeypatch


def ask(capsys: pytest.CaptureFixture[str], patch: pytest.MonkeyPatch, endpoint: str, *words: str) -> Said:
    """Run the doctor for an endpoint."""
    patch.setenv("ROLLBAR_ENDPOINT", endpoint)
    return doctor(capsys, "--timeout", "5", *words)


def test_a_good_certificate_is_told(
    loopback: Loopback, capsys: pytest.CaptureFixture[str], trusting: pytest.MonkeyPatch
) -> None:
    """Name, connection, version of TLS and the certificate's end are told, and the report goes the same way."""
    endpoint = serve_tls(loopback, "good")
    loopback.script = [PONG]

    said = ask(capsys, trusting, endpoint)

    assert said.status == 0, said.problems()
    assert "127.0.0.1" in said.line(WAY, "localhost resolves to")
    assert said.line(WAY, "TLSv1").startswith("ok: TLSv1.3 with localhost")
    assert "Jan  1 00:00:00 2120 GMT".replace("  ", " ") in said.line(WAY, "the certificate is good until")
    assert "authority.pem (REQUESTS_CA_BUNDLE" in said.line(WAY, "trusted certificates")
    assert said.line("API", "test report").startswith("ok: ")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (
            "expired",
            "the certificate of localhost has expired on Jan 1 00:00:00 2021 GMT -> check this machine's clock",
        ),
        ("future", "is not valid before Jan 1 00:00:00 2119 GMT yet -> check this machine's clock"),
        ("wrong_name", "the certificate is for other.invalid, not for localhost (wrong name)"),
        (
            "self_signed",
            "is self-signed: nobody vouches for it -> if it is a server of your own, set REQUESTS_CA_BUNDLE",
        ),
    ],
)
def test_a_bad_certificate_is_explained(
    loopback: Loopback, capsys: pytest.CaptureFixture[str], trusting: pytest.MonkeyPatch, name: str, words: str
) -> None:
    """Each way in which a certificate is bad has words and a mend of its own; nothing is sent."""
    said = ask(capsys, trusting, serve_tls(loopback, name))

    assert words in said.line(WAY, "certificate (is|of)")
    assert "no answer to the ping: TLS failed" in said.line("API", "ping")
    assert "TLS failed" in said.line("API", "test report")
    assert loopback.requests == []


def test_an_unknown_authority_is_explained(
    loopback: Loopback, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the override, the tests' authority is unknown, and how to trust it is told."""
    said = ask(capsys, monkeypatch, serve_tls(loopback, "good"))

    line = said.line(WAY, "certificate of localhost")
    assert "signed by an unknown authority -> often a company's proxy" in line
    assert "set REQUESTS_CA_BUNDLE to a file" in line


def test_a_bundle_that_is_not_there_is_told(
    loopback: Loopback, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An override that names no file is a problem of its own."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere/bundle.pem")

    said = ask(capsys, monkeypatch, serve_tls(loopback, "good"))

    assert said.line(WAY, r"bundle.pem \(REQUESTS_CA_BUNDLE").startswith("problem: /nowhere/bundle.pem")


def test_a_port_without_tls_is_explained(
    loopback: Loopback, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What answers in plain HTTP where TLS is spoken is told of."""
    said = ask(capsys, monkeypatch, f"https://localhost:{loopback.port}/", "--no-send")

    assert "does this port speak TLS?" in said.line(WAY, "TLS with localhost fails")


def test_nobody_listens(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A refused connection is told as one."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

    said = ask(capsys, monkeypatch, f"http://127.0.0.1:{port}/")

    assert "nothing listens there" in said.line(WAY, "refuses the connection")
    assert "connection refused" in said.line("API", "test report")


def test_a_name_that_does_not_resolve(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that the resolver does not know is told with its words; the other sections are there."""

    def unknown(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    said = ask(capsys, monkeypatch, "https://api.rollbar.invalid/api/1/")

    assert "api.rollbar.invalid cannot be resolved: Name or service not known" in said.line(WAY, "the name")
    assert "the host's name cannot be resolved" in said.line("API", "test report")
    assert said.lines("Runtime")


@pytest.mark.parametrize("host", ["api..rollbar.com", f"{'a' * 64}.rollbar.com"])
def test_a_name_that_is_none_is_a_problem(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    """One that nobody can look up is told as one that does not resolve, and all that follows is looked into."""
    said = ask(capsys, monkeypatch, f"https://{host}/api/1/")

    assert said.line(WAY, "the name").startswith(f"problem: the name {host} cannot be resolved")
    assert said.line("API", "ping").startswith("problem: no answer to the ping: the address cannot be understood")
    assert said.line("API", "test report").startswith("problem: ")


def test_the_proxy_of_the_environment_is_used(
    loopback: Loopback, capsys: pytest.CaptureFixture[str], trusting: pytest.MonkeyPatch
) -> None:
    """With HTTPS_PROXY all goes through the proxy, with its credentials, which are not shown."""
    endpoint = serve_tls(loopback, "good")
    loopback.script = [PONG]
    with connect_proxy() as (port, heads):
        trusting.setenv("HTTPS_PROXY", f"http://someone:s3cret%2Fword@127.0.0.1:{port}")
        said = ask(capsys, trusting, endpoint)

    assert said.status == 0, said.problems()
    assert said.line(WAY, "by the environment").startswith(f"ok: the proxy http://127.0.0.1:{port}, with credentials")
    assert said.line(WAY, "opens a way to localhost").startswith("ok: ")
    assert said.line(WAY, "TLSv1").startswith("ok: ")
    assert len(heads) == 3
    assert {"Proxy-Authorization: Basic c29tZW9uZTpzM2NyZXQvd29yZA==" in head for head in heads} == {True}
    assert "s3cret" not in said.out


def test_a_certificate_behind_a_proxy_is_explained(
    loopback: Loopback, capsys: pytest.CaptureFixture[str], trusting: pytest.MonkeyPatch
) -> None:
    """What is wrong with a certificate is told through a proxy, too."""
    endpoint = serve_tls(loopback, "expired")
    with connect_proxy() as (port, _):
        trusting.setenv("HTTPS_PROXY", f"127.0.0.1:{port}")
        said = ask(capsys, trusting, endpoint, "--no-send")

    assert "has expired on Jan 1" in said.line(WAY, "certificate of localhost")


def test_a_host_of_no_proxy_is_reached_directly(
    loopback: Loopback, capsys: pytest.CaptureFixture[str], trusting: pytest.MonkeyPatch
) -> None:
    """NO_PROXY wins for the hosts that it names."""
    trusting.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    trusting.setenv("NO_PROXY", "localhost")

    said = ask(capsys, trusting, serve_tls(loopback, "good"), "--no-send")

    assert said.line(WAY, "no proxy").startswith("ok: ")
    assert said.line(WAY, "TLSv1").startswith("ok: ")


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (Reply(407), "it answers 407 Proxy Authentication Required; it asks for credentials"),
        (Reply(403), "it answers 403 Forbidden"),
        (Reply(fault="close"), "it ends the connection"),
        (Reply(fault="black_hole"), "it does not answer within 0.3 s"),
    ],
)
def test_a_proxy_that_refuses_is_told(
    loopback: Loopback, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, reply: Reply, words: str
) -> None:
    """What the proxy answers is told in words."""
    loopback.script = [reply] * 3
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{loopback.port}")
    monkeypatch.setenv("ROLLBAR_ENDPOINT", "https://api.rollbar.invalid/api/1/")

    said = doctor(capsys, "--timeout", "0.3", "--no-send")

    assert words in said.line(WAY, "the proxy does not open a way to api.rollbar.invalid:443")
    assert said.line("API", "ping").startswith("problem: ")


def test_without_tls_the_token_travels_openly(
    loopback: Loopback, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Plain HTTP to another machine is warned of; its proxy is asked by whole URLs."""
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{loopback.port}")
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{loopback.port}")
    loopback.script = [PONG]

    said = ask(capsys, monkeypatch, "http://api.rollbar.invalid/api/1/")

    assert said.status == 0
    assert said.line(WAY, "without TLS").startswith("warning: api.rollbar.invalid is spoken to without TLS")
    assert [request.path for request in loopback.requests] == [
        "http://api.rollbar.invalid/api/1/status/ping",
        "http://api.rollbar.invalid/api/1/item/",
    ]


def test_a_proxy_that_is_not_there_is_told(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy that refuses the connection is named as the proxy."""
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")

    said = ask(capsys, monkeypatch, "https://api.rollbar.invalid/api/1/")

    assert said.line(WAY, "refuses the connection").startswith("problem: the proxy 127.0.0.1:9")
    assert "the proxy failed" in said.line("API", "ping")


def test_a_socks_proxy_is_not_looked_into(
    loopback: Loopback, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """That it can be reached is told, and that no more is."""
    monkeypatch.setenv("HTTPS_PROXY", f"socks5h://127.0.0.1:{loopback.port}")

    said = ask(capsys, monkeypatch, "https://api.rollbar.invalid/api/1/", "--no-send")

    assert said.line(WAY, "socks5h is not looked into").startswith("note: ")


def test_a_certificate_that_ends_soon_is_warned_of() -> None:
    """Two weeks before its end a certificate is a warning; long before it is well."""
    certificate = {"notAfter": "Jan 15 00:00:00 2027 GMT"}
    end = ssl.cert_time_to_seconds(certificate["notAfter"])

    assert end_of(certificate, end - 13 * 86_400).mark == "warning"
    assert end_of(certificate, end - 15 * 86_400).mark == "ok"
    assert end_of({}, end).mark == "note"


@pytest.mark.parametrize("password", ["pass#word", "pass/word", "pass?word"])
def test_a_proxy_whose_password_breaks_its_url(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, password: str
) -> None:
    """A password that is not percent-encoded is told of, and no part of it is shown."""
    monkeypatch.setenv("HTTPS_PROXY", f"http://someone:{password}@127.0.0.1:9")

    said = ask(capsys, monkeypatch, "https://api.rollbar.invalid/api/1/")

    assert "write # as %23" in said.line(WAY, "cannot be understood")
    assert "pass" not in said.out.replace("password", "")
    assert "someone" not in said.out


def test_a_server_that_does_not_shake_hands(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Silence where TLS should be spoken ends after the timeout."""
    monkeypatch.setenv("ROLLBAR_TIMEOUT", "0.2")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("ROLLBAR_ENDPOINT", f"https://127.0.0.1:{silent.getsockname()[1]}/")
        said = doctor(capsys)

    assert said.line(WAY, "handshake in time").startswith("problem: 127.0.0.1 does not answer")
    assert "within 0.2 s" in said.line("API", "test report")


def test_what_does_not_end_is_given_up() -> None:
    """A step without an end of its own, as the resolver's, is an error after its time."""
    with pytest.raises(TimeoutError, match=r"0\.05 s"):
        within(0.05, _stuck)


def _stuck() -> None:
    left, right = socket.socketpair()
    with left, right:
        left.settimeout(2)
        left.recv(1)


def spool_marks(**options: Any) -> list[tuple[str, str]]:
    """Look at a spool."""
    return [(finding.mark, finding.text) for finding in check_spool(Settings(**options))]


def test_a_spool_of_ones_own_is_well(tmp_path: Path) -> None:
    """A folder that only its owner may enter and write is well, and nothing is left in it."""
    tmp_path.chmod(0o700)

    marks = spool_marks(spool_dir=str(tmp_path), spool_bytes=1024)

    assert {mark for mark, _ in marks} == {"ok"}
    assert list(tmp_path.iterdir()) == []


def test_a_spool_that_others_may_read_is_warned_of(tmp_path: Path) -> None:
    """The mode is told."""
    tmp_path.chmod(0o755)

    assert ("warning", "others than its owner may enter it (mode 755)") in spool_marks(spool_dir=str(tmp_path))


def test_a_spool_that_is_not_there_yet(tmp_path: Path) -> None:
    """A folder that can be created is well, and is not created; below a file it is a problem."""
    (tmp_path / "file").touch()

    assert spool_marks(spool_dir=str(tmp_path / "a" / "b"))[0][0] == "ok"
    assert not (tmp_path / "a").exists()
    assert spool_marks(spool_dir=str(tmp_path / "file" / "b"))[0][0] == "problem"
    assert spool_marks(spool_dir=str(tmp_path / "file"))[0][0] == "problem"


def test_without_a_folder_nothing_is_kept() -> None:
    """Which may be meant so, but not by somebody who wants every report kept."""
    assert [mark for mark, _ in spool_marks()] == ["note"]
    told = "spool is 'always', but spool_dir is not set: nothing is kept on disk"
    assert spool_marks(spool="always") == [("warning", told)]


def test_a_spool_that_anybody_may_fill_is_refused(tmp_path: Path) -> None:
    """A folder with other files that others may write to is a problem, as the spool refuses it."""
    (tmp_path / "other").touch()
    tmp_path.chmod(0o777)

    assert any(mark == "problem" and "holds other files" in text for mark, text in spool_marks(spool_dir=str(tmp_path)))


def test_what_waits_in_the_spool_is_counted(tmp_path: Path) -> None:
    """Reports of this access token are counted, and those of another are warned of."""
    from rollbar_logging.delivery.spool import Kept, Spool  # noqa: PLC0415 - the doctor imports it late, too

    for token, count in ((TOKEN, 2), ("another", 1)):
        with closing(Spool(str(tmp_path), token=token)) as spool:
            spool.keep([Kept(f"{token}-{number}", 3, 1_700_000_000.0, b"{}") for number in range(count)])

    marks = spool_marks(spool_dir=str(tmp_path), access_token=TOKEN, spool_bytes=262_144)

    waiting = [(mark, text) for mark, text in marks if text.startswith("2 reports wait there, the oldest for ")]
    assert [(mark, "no process is about to send any" in text) for mark, text in waiting] == [("warning", True)]
    assert ("warning", "of another access token 1 more reports wait there") in marks
    assert TOKEN not in str(marks)


def test_what_comes_meanwhile_is_not_taken_for_another_tokens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All counts are of one moment: the application goes on logging after each look at the file."""
    from rollbar_logging.delivery.spool import Kept, Spool  # noqa: PLC0415 - the doctor imports it late, too
    from rollbar_logging.delivery.spool_file import SpoolFile  # noqa: PLC0415 - likewise

    look = SpoolFile.run
    with closing(Spool(str(tmp_path), token=TOKEN)) as spool:

        def log(number: int) -> None:
            spool.keep([Kept(str(number), 3, 1_700_000_000.0, b"{}")], is_claimed=True)

        def look_and_log(self: SpoolFile, work: Any, **options: Any) -> Any:
            found = look(self, work, **options)
            with monkeypatch.context() as patch:
                patch.setattr(SpoolFile, "run", look)
                log(spool.contents().number)
            return found

        log(0)
        monkeypatch.setattr(SpoolFile, "run", look_and_log)
        marks = spool_marks(spool_dir=str(tmp_path), access_token=TOKEN, spool_bytes=262_144)
        monkeypatch.undo()

    assert [text for _, text in marks if "another access token" in text] == []
    assert any(text.startswith("1 report waits there") and text.endswith("to send 1 of them") for _, text in marks)


@pytest.mark.parametrize(
    ("age", "is_claimed", "mark", "text"),
    [
        (5, False, "ok", "1 report waits there, the oldest for 5 s"),
        (599, False, "ok", "1 report waits there, the oldest for 9 minutes"),
        (7300, True, "ok", "1 report waits there, the oldest for 2 hours; a process is about to send 1 of them"),
        (3 * 86_400, False, "warning", "1 report waits there, the oldest for 3 days, and no process is about to send"),
    ],
)
def test_what_waits_for_long_is_a_warning(tmp_path: Path, age: float, is_claimed: bool, mark: str, text: str) -> None:
    """Unless somebody sees to it; and it says for how long, in a unit that people use."""
    from rollbar_logging.delivery.spool import Kept, Spool  # noqa: PLC0415 - the doctor imports it late, too

    now = 1_700_000_000.0
    with mock.patch("time.time", return_value=now), closing(Spool(str(tmp_path), token=TOKEN)) as spool:
        spool.keep([Kept("a", 3, now - age, b"{}")], is_claimed=is_claimed)
        marks = spool_marks(spool_dir=str(tmp_path), access_token=TOKEN, spool_bytes=262_144)

    assert [(found, told[: len(text)]) for found, told in marks if "there, the oldest" in told] == [(mark, text)]


def test_a_spool_that_is_nearly_full_is_told(tmp_path: Path) -> None:
    """Before reports give way."""
    from rollbar_logging.delivery.spool import Kept, Spool  # noqa: PLC0415 - the doctor imports it late, too

    with closing(Spool(str(tmp_path), token=TOKEN)) as spool:
        spool.keep([Kept(str(number), 3, 1_700_000_000.0, b"x" * 50_000) for number in range(5)])
    marks = spool_marks(spool_dir=str(tmp_path), access_token=TOKEN, spool_bytes=262_144)

    told = "they take 0.2 MiB of the 0.2 MiB of spool_bytes: the least severe and oldest give way"
    assert ("warning", told) in marks


def test_a_damaged_spool_is_told_now_and_later(tmp_path: Path) -> None:
    """It is put aside, and stays in sight with what can be done with it."""
    (tmp_path / "spool.db").write_bytes(b"garbage " * 5000)
    first = list(check_spool(Settings(spool_dir=str(tmp_path), spool_bytes=262_144)))
    then = list(check_spool(Settings(spool_dir=str(tmp_path), spool_bytes=262_144)))

    assert any(found.mark == "warning" and "was damaged" in found.text for found in first)
    (aside,) = (found for found in then if "put aside" in found.text)
    assert aside.mark == "note"
    assert "sqlite3" in aside.mend
    assert ".recover" in aside.mend


def test_a_spool_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    """A file that is no spool is a problem in words."""
    tmp_path.chmod(0o700)
    with closing(sqlite3.connect(tmp_path / "spool.db")) as connection:
        connection.execute("CREATE TABLE theirs (id INTEGER)")
        connection.commit()

    assert any(mark == "problem" and "another program" in text for mark, text in spool_marks(spool_dir=str(tmp_path)))


def test_a_disk_that_is_too_small_is_told(tmp_path: Path) -> None:
    """More bytes than the disk has left are a warning."""
    assert spool_marks(spool_dir=str(tmp_path), spool_bytes=1 << 60)[-1][0] == "warning"


def runtime_lines(**modules: Any) -> list[str]:
    """Look at a runtime with these modules loaded."""
    named = {name.replace("_", "."): module for name, module in modules.items()}
    return [f"{f.mark}: {f.text}" for f in check_runtime(named, {"GUNICORN_CMD_ARGS": "--preload -w 4"})]


@pytest.mark.parametrize(
    ("options", "has_threads", "marks"),
    [
        ({}, False, ["problem", "note"]),
        ({}, True, ["ok", "note"]),
        ({"enable-threads": b"true", "lazy-apps": True}, False, ["ok"]),
        ({b"threads": b"4", b"py-call-uwsgi-fork-hooks": b"1"}, False, ["ok"]),
        ({"enable-threads": b"false"}, False, ["problem", "note"]),
    ],
)
def test_uwsgi_without_threads_is_a_problem(options: dict[Any, Any], *, has_threads: bool, marks: list[str]) -> None:
    """The server's own options decide, as text or as bytes; where it always has threads, it says so."""
    uwsgi = SimpleNamespace(opt=options, has_threads=has_threads)
    lines = [line for line in runtime_lines(uwsgi=uwsgi) if "uWSGI" in line]

    assert [line.partition(":")[0] for line in lines] == marks


@pytest.mark.parametrize(
    ("patched", "mark"), [((), "ok"), (("threading",), "warning"), (("threading", "socket", "ssl"), "note")]
)
def test_gevent_is_told(patched: tuple[str, ...], mark: str) -> None:
    """Threads without sockets are the bad mixture."""
    monkey = SimpleNamespace(is_module_patched=lambda name: name in patched)

    lines = runtime_lines(gevent_monkey=monkey)

    assert [line.partition(":")[0] for line in lines if "gevent" in line] == [mark]
    assert "note: gunicorn loads the application before it forks (--preload)" in lines
