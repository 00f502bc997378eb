"""The other commands over the API, and where the access token comes from."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from threading import Thread

import pytest

from rollbar_logging.cli import main
from rollbar_logging.server import LocalServer
from tests.cli.api.conftest import Command
from tests.client.conftest import post
from tests.loopback import Loopback, Reply


def test_deploys(server: LocalServer, command: Command) -> None:
    """Reported, changed, listed."""
    where = ("--environment", "production", "--revision", "abc")
    deploy_id = command("deploy", "report", *where, "--status", "started", token="post_server_item").out.strip()
    changed = command("deploy", "update", deploy_id, "--status", "failed", token="post_server_item")
    assert changed.status == 0, changed.err
    again = command("deploy", "update", deploy_id, "--status", "failed", token="post_server_item")
    assert (again.status, "not started" in again.err) == (1, True)
    (listed,) = command("deploy", "list", "--json").objects
    assert (listed["id"], listed["status"], listed["revision"]) == (int(deploy_id), "failed", "abc")
    assert command("deploy", "list").lines[1].split()[:4] == [deploy_id, "failed", "production", "abc"]


@pytest.mark.parametrize(
    ("program", "status", "told"),
    [("pass", 0, "succeeded"), ("raise SystemExit(7)", 7, "failed"), (None, 127, "failed")],
)
def test_a_command_is_run_as_a_deploy(command: Command, program: str | None, status: int, told: str) -> None:
    """Its status is passed on, and how it went is reported."""
    words = ["no-such-program-anywhere"] if program is None else [sys.executable, "-c", program]
    done = command("deploy", "run", "--environment", "e", "--revision", "r", "--", *words, token="post_server_item")

    assert done.status == status
    (listed,) = command("deploy", "list", "--json").objects
    assert listed["status"] == told


def test_a_deploy_does_not_wait_for_rollbar(server: LocalServer, command: Command, tmp_path: Path) -> None:
    """When nobody can be reached the command runs all the same; with a token that may not report, it does not."""
    path = tmp_path / "done"
    words = ("deploy", "run", "--environment", "e", "--revision", "r", "--", sys.executable, "-c")
    program = f"open({str(path)!r}, 'w'); raise SystemExit(3)"
    refused = command(*words, program, token="read")
    assert (refused.status, path.exists()) == (4, False)
    server.stop()
    done = command(*words, program, token="post_server_item")

    assert (done.status, path.exists()) == (3, True)
    assert "deploy is not reported: POST deploy: " in done.err


@pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_deploy_that_is_interrupted_ends_in_its_own_time(
    server: LocalServer, command: Command, number: signal.Signals
) -> None:
    """What it does at the end is waited for; how it ended is reported and passed on."""
    program = (
        "import os, signal, time\n"
        "def end(*_):\n    time.sleep(1)\n    os.write(1, b'rolled back\\n')\n    os._exit(9)\n"
        "signal.signal(signal.SIGINT, end)\nsignal.signal(signal.SIGTERM, end)\n"
        "os.write(1, b'up\\n')\ntime.sleep(60)\n"
    )
    environ = {"ROLLBAR_ENDPOINT": server.endpoint, "ROLLBAR_ACCESS_TOKEN": server.tokens["post_server_item"]}
    words = ["deploy", "run", "--environment", "e", "--revision", "r", "--", sys.executable, "-c", program]
    with subprocess.Popen(  # noqa: S603 - our own words
        [sys.executable, "-m", "rollbar_logging", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environ,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        if number == signal.SIGINT:
            os.killpg(process.pid, number)  # as a terminal does: all that run on it
        else:
            process.send_signal(number)
        try:
            out, err = process.communicate(timeout=60)
        finally:
            process.kill()

    assert (out, err, process.returncode) == ("rolled back\n", "", 9)
    assert [deploy["status"] for deploy in command("deploy", "list", "--json").objects] == ["failed"]


def test_a_query(server: LocalServer, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a table, as JSON lines, from standard input; a wrong one says what is wrong."""
    post(server, environment="a")
    query = "SELECT item.environment, count(*) FROM item_occurrence GROUP BY item.environment"

    assert command("rql", query).lines[1].split() == ["a", "1"]
    assert command("rql", query, "--json").objects[0]["item.environment"] == "a"
    monkeypatch.setattr(sys, "stdin", io.StringIO(query))
    assert command("rql", "-").lines[1].split() == ["a", "1"]
    wrong = command("rql", "SELECT FROM")
    assert (wrong.status, wrong.out) == (1, "")
    assert "failed" in wrong.err


@pytest.mark.skipif(os.name != "posix", reason="Ctrl+C is sent as POSIX has it")
def test_ctrl_c_cancels_a_query(loopback: Loopback) -> None:
    """Exit status 130, in silence; nothing is left at work."""
    running = Reply(200, body=json.dumps({"err": 0, "result": {"id": 7, "status": "running"}}))
    loopback.script[:] = [running] * 1000
    environ = {"ROLLBAR_ENDPOINT": loopback.endpoint, "ROLLBAR_API_TOKEN": "token"}
    with subprocess.Popen(
        [sys.executable, "-m", "rollbar_logging", "rql", "SELECT 1"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environ,
        text=True,
    ) as process:
        try:
            assert loopback.wait_for(3, timeout=60)
            process.send_signal(signal.SIGINT)
            shown = process.communicate(timeout=60)
        finally:
            process.kill()

    assert (shown, process.returncode) == (("", ""), 130)
    assert (loopback.requests[-1].method, loopback.requests[-1].path) == ("POST", "/api/1/rql/job/7/cancel")


def test_the_token_comes_from_a_file(server: LocalServer, command: Command, tmp_path: Path) -> None:
    """Before the environment; a file that is not there or empty is told."""
    post(server)
    path = tmp_path / "token"
    path.write_text(f"{server.tokens['read']}\n")
    assert command("items", "list", "--token-file", str(path), token="write").status == 0
    path.write_text(" \n")
    assert "is empty" in command("items", "list", "--token-file", str(path)).err
    assert "No such file" in command("items", "list", "--token-file", str(tmp_path / "gone")).err


def test_a_file_written_elsewhere_is_read(server: LocalServer, command: Command, tmp_path: Path) -> None:
    """With the mark that some editors put first; what is no token at all is told without being shown."""
    path = tmp_path / "token"
    path.write_text(f"\ufeff{server.tokens['read']}\r\n")
    assert command("items", "list", "--token-file", str(path), token="write").status == 0
    path.write_text("first-secret\nsecond-secret\n")
    done = command("items", "list", "--token-file", str(path))

    assert (done.status, "access token has signs" in done.err, "secret" in done.err) == (1, True, False)


def test_without_a_token_it_says_what_to_set(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where nobody can be asked, the error names the variables."""
    for name in ("ROLLBAR_ACCESS_TOKEN", "ROLLBAR_API_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "stdin", io.StringIO())

    assert main(["items", "list"]) == 1
    assert "set ROLLBAR_API_TOKEN or ROLLBAR_ACCESS_TOKEN, or give --token-file" in capsys.readouterr().err


def _run(server: LocalServer, line: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run a command line of a shell, ``$R`` for the command."""
    return subprocess.run(  # noqa: S603 - our own words
        ["/bin/sh", "-c", line],
        env={
            "R": f"{sys.executable} -m rollbar_logging",
            "ROLLBAR_ENDPOINT": server.endpoint,
            "ROLLBAR_ACCESS_TOKEN": server.tokens["read"],
            **environ,
        },
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=60,
    )


@pytest.mark.skipif(os.name != "posix", reason="a shell")
def test_a_terminal_of_few_letters_is_written_to(server: LocalServer) -> None:
    """What its encoding lacks is written in another way."""
    post(server, "größer", level="error")
    done = _run(server, "$R top", PYTHONIOENCODING="ascii")

    assert (done.returncode, done.stderr) == (0, "")
    assert "gr\\xf6\\xdfer" in done.stdout


@pytest.mark.skipif(os.name != "posix", reason="a shell")
@pytest.mark.parametrize("line", ["items list", "items list --json"])
def test_output_that_nobody_wants_is_none(server: LocalServer, line: str) -> None:
    """As a job of old has it, whose standard output is closed."""
    post(server)
    done = _run(server, f"$R {line} >&-")

    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
@pytest.mark.parametrize("line", ["items list", "items list --json", "occurrences export --output -"])
def test_output_that_nobody_can_take_is_told(server: LocalServer, line: str) -> None:
    """1, one line, and no traceback."""
    post(server)
    done = _run(server, f"$R {line} > /dev/full")

    assert done.returncode == 1
    assert done.stderr.startswith("rollbar-logging: ")
    assert done.stderr.endswith("No space left on device\n")
    assert done.stderr.count("\n") == 1


def test_a_reader_that_goes_away_is_no_error(server: LocalServer) -> None:
    """As in ``rollbar-logging items list --json | head -1``: no traceback."""
    for number in range(300):
        post(server, f"item {'abcdefghij'[number % 10]}{'abcdefghijklmnopqrstuvwxyzABCD'[number // 10]}")
    environ = {"ROLLBAR_ENDPOINT": server.endpoint, "ROLLBAR_ACCESS_TOKEN": server.tokens["read"]}
    with subprocess.Popen(
        [sys.executable, "-m", "rollbar_logging", "items", "list", "--json", "--limit", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environ,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        told = process.stderr.read()
        process.wait(30)

    assert told == ""


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_a_shell_can_complete_the_commands(capsys: pytest.CaptureFixture[str], shell: str) -> None:
    """The script knows all of them."""
    assert main(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert all(word in script for word in ("occurrences", "--token-file", "resolve"))


@pytest.mark.skipif(os.name != "posix", reason="Ctrl+C is sent as POSIX has it")
def test_ctrl_c_ends_a_watch_in_silence(server: LocalServer) -> None:
    """Exit status 130, what was seen is printed, and no traceback."""
    post(server, "old")
    environ = {"ROLLBAR_ENDPOINT": server.endpoint, "ROLLBAR_ACCESS_TOKEN": server.tokens["read"]}
    with subprocess.Popen(
        [sys.executable, "-m", "rollbar_logging", "items", "watch", "--interval", "0.1", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environ,
        text=True,
    ) as process:
        assert process.stdout is not None
        # Until it looks, nothing is new to it; so something new comes until it has seen something.
        told = Thread(target=lambda: told_of.append(process.stdout.readline()))  # type: ignore[union-attr]
        told_of: list[str] = []
        told.start()
        while told.is_alive():
            post(server, "again")
            told.join(0.2)
        process.send_signal(signal.SIGINT)
        try:
            _, err = process.communicate(timeout=30)
        finally:
            process.kill()

    assert json.loads(told_of[0])["title"] == "again"
    assert (process.returncode, err) == (130, "")


@pytest.mark.skipif(os.name != "posix", reason="a terminal to ask on is made as POSIX has it")
@pytest.mark.parametrize("keys", [b"\n", b"\x04"], ids=["Enter", "Ctrl+D"])
def test_no_token_is_an_answer_too(server: LocalServer, keys: bytes) -> None:
    """Whoever has none gets a line on where it may come from."""
    status, shown = _answer(server, keys)

    assert (status, b"Traceback" in shown, b"no access token: set ROLLBAR" in shown) == (1, False, True)


@pytest.mark.skipif(os.name != "posix", reason="a terminal to ask on is made as POSIX has it")
def test_on_a_terminal_the_token_is_asked_for(server: LocalServer) -> None:
    """It is not shown as it is typed, nor afterwards."""
    status, shown = _answer(server, server.tokens["read"].encode() + b"\n")

    assert status == 0, shown
    assert server.tokens["read"].encode() not in shown


def _answer(server: LocalServer, keys: bytes) -> tuple[int, bytes]:
    """Press keys when the token is asked for; return the exit status and all that was shown."""
    import pty  # noqa: PLC0415 - only here, and not everywhere

    ours, theirs = pty.openpty()
    environ = {"ROLLBAR_ENDPOINT": server.endpoint, "TERM": "dumb"}
    with subprocess.Popen(
        [sys.executable, "-m", "rollbar_logging", "environments"],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environ,
        start_new_session=True,
    ) as process:
        os.close(theirs)
        shown = b""
        while b"not shown): " not in shown:
            shown += os.read(ours, 1000)
        os.write(ours, keys)
        status = process.wait(30)
        with contextlib.suppress(OSError):  # the other side has gone
            shown += os.read(ours, 10_000)
    os.close(ours)
    return status, shown
