"""The command ``serve``, as a process of its own."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
import requests

import rollbar_logging
from rollbar_logging.cli import _parser, main
from rollbar_logging.server.body import DEFAULT_MAX_BODY
from rollbar_logging.server.rate_limit import DEFAULT_RATE_LIMIT
from rollbar_logging.version import VERSION

ITEM = {"data": {"environment": "test", "uuid": "u-1", "body": {"message": {"body": "boom"}}}}


class Served(NamedTuple):
    """A running command and what it printed at its start."""

    process: subprocess.Popen[str]
    said: str

    def find(self, pattern: str) -> str:
        """Return what the pattern's group finds in the print."""
        found = re.search(pattern, self.said, re.MULTILINE)
        assert found, self.said
        return found[1]


@contextmanager
def serving(folder: Path, *words: str, **environ: str) -> Iterator[Served]:
    """Run ``serve`` on a free port in *folder*; whatever happens, it is gone in the end."""
    with subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-X", "dev", "-W", "error", "-m", "rollbar_logging", "serve", "--port", "0", *words],
        cwd=folder,
        env=process_environ(**environ),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            said = ""
            while "Ctrl+C" not in said:
                line = process.stdout.readline()
                assert line, process.stderr.read() if process.stderr else said
                said += line
            yield Served(process, said)
        finally:
            process.kill()


def process_environ(**more: str) -> dict[str, str]:
    """Return the environment that finds this package and nothing that others set."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ROLLBAR_")}
    return {**kept, "PYTHONPATH": str(Path(rollbar_logging.__file__).parents[1]), **more}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_until_a_signal_and_ends_well(tmp_path: Path, number: signal.Signals) -> None:
    """It answers as soon as it has said so, and a signal ends it with status 0 and without a word of error."""
    with serving(tmp_path) as served, requests.Session() as session:
        page = served.find(r"^page +(\S+)$")
        assert session.get(f"{page}api/1/status/ping", timeout=60).text == "pong"
        served.process.send_signal(number)
        out, err = served.process.communicate(timeout=60)

    assert (served.process.returncode, out, err) == (0, "stopped\n", "")


def test_what_it_prints_can_be_pasted(tmp_path: Path) -> None:
    """The two variables that it prints are those with which an item arrives, in the file that it names."""
    with serving(tmp_path) as served:
        endpoint = served.find(r"^export ROLLBAR_ENDPOINT=(\S+)$")
        token = served.find(r"^export ROLLBAR_ACCESS_TOKEN=([0-9a-f]{32})$")
        answer = requests.post(f"{endpoint}item/", json=ITEM, headers={"X-Rollbar-Access-Token": token}, timeout=60)
        assert answer.status_code == 200
        assert Path(served.find(r"^kept in +(.+)$")) == (tmp_path / "rollbar-local.db").resolve()
        read_token = served.find(r"^ +read +(\S+)$")

    with serving(tmp_path) as served:
        endpoint = served.find(r"^endpoint +(\S+)$")
        listed = requests.get(f"{endpoint}instances", headers={"X-Rollbar-Access-Token": read_token}, timeout=60).json()
        assert [each["data"]["uuid"] for each in listed["result"]["instances"]] == ["u-1"]
        assert served.find(r"^export ROLLBAR_ACCESS_TOKEN=(\S+)$") == "…"
        assert served.find(r"(--new-tokens)") == "--new-tokens"

    with serving(tmp_path, "--new-tokens") as served:
        endpoint = served.find(r"^endpoint +(\S+)$")
        new = served.find(r"^export ROLLBAR_ACCESS_TOKEN=([0-9a-f]{32})$")
        for text, status in ((token, 403), (new, 200)):
            headers = {"X-Rollbar-Access-Token": text}
            assert requests.post(f"{endpoint}item/", json=ITEM, headers=headers, timeout=60).status_code == status


def test_its_options_reach_the_server(tmp_path: Path) -> None:
    """Token, file, size and rate limit are those asked for; ``:memory:`` leaves no file."""
    words = ("--token", "mine", "--db", ":memory:", "--max-body", "200", "--rate-limit", "2/3600")
    with serving(tmp_path, *words, ROLLBAR_SERVE_TOKEN="not mine") as served:
        url = f"{served.find(r'^endpoint +(.+)$')}item/"
        headers = {"X-Rollbar-Access-Token": "mine"}
        statuses = [requests.post(url, json=ITEM, headers=headers, timeout=60).status_code for _ in range(3)]
        too_large = requests.post(url, data=b"x" * 201, headers=headers, timeout=60).status_code

    assert (statuses, too_large) == ([200, 200, 429], 413)
    assert list(tmp_path.iterdir()) == []


def test_the_environment_may_give_the_token(tmp_path: Path) -> None:
    """``ROLLBAR_SERVE_TOKEN`` is the token when the command line gives none."""
    with serving(tmp_path, "--db", ":memory:", ROLLBAR_SERVE_TOKEN="from-environ") as served:
        assert served.find(r"^export ROLLBAR_ACCESS_TOKEN=(\S+)$") == "from-environ"


def test_a_taken_port_ends_it_with_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """The exit status is 1, and the error names the port, without a traceback."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["serve", "--db", ":memory:", "--port", str(port)]) == 1

    assert capsys.readouterr().err == f"rollbar-logging: port {port} of 127.0.0.1 is taken: choose another one\n"


def test_a_missing_extra_ends_it_with_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without uvicorn the exit status is 1, and the error says what to install."""
    for name in ("running", "service"):
        monkeypatch.delitem(sys.modules, f"rollbar_logging.server.{name}", raising=False)
    monkeypatch.setitem(sys.modules, "uvicorn", None)

    assert main(["serve", "--db", ":memory:", "--port", "0"]) == 1
    assert "pip install 'rollbar-logging[server]'" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ["serve", "--port", "70000"],
        ["serve", "--port", "x"],
        ["serve", "--max-body", "0"],
        ["serve", "--rate-limit", "5"],
        ["serve", "--rate-limit", "0/5"],
        ["serve", "--token", "two words"],
        ["nothing"],
    ],
)
def test_what_is_not_understood_ends_it_with_status_2(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """A bad option, or an unknown command, is a fault of the command line, named on stderr."""
    with pytest.raises(SystemExit) as ended:
        main(words)

    assert ended.value.code == 2
    assert words[-2:][0] in capsys.readouterr().err


def test_a_bad_token_of_the_environment_is_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The variable is named; the token is not shown."""
    monkeypatch.setenv("ROLLBAR_SERVE_TOKEN", "two words")

    assert main(["serve", "--db", ":memory:", "--port", "0"]) == 1
    error = capsys.readouterr().err
    assert "ROLLBAR_SERVE_TOKEN" in error
    assert "two words" not in error


def test_without_a_command_the_help_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """The help goes to stderr, with the status of a command line that was not understood."""
    assert main([]) == 2
    assert "serve" in capsys.readouterr().err


def test_help_and_version_end_well(capsys: pytest.CaptureFixture[str]) -> None:
    """``--version`` prints name and version, ``serve --help`` the options and the variable."""
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"rollbar-logging {VERSION}\n"

    with pytest.raises(SystemExit) as ended:
        main(["serve", "--help"])
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    for option in ("--host", "--port", "--db", "--token", "--max-body", "--rate-limit", "ROLLBAR_SERVE_TOKEN"):
        assert option in shown


def test_importing_the_commands_is_cheap() -> None:
    """The command line starts without the web server, the HTTP client, or the database."""
    program = "import sys, rollbar_logging.cli; print([m for m in sys.modules])"
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", program], capture_output=True, text=True, env=process_environ(), timeout=30, check=True
    )
    assert "rollbar_logging.cli.serve" in done.stdout
    for module in ("starlette", "uvicorn", "requests", "sqlite3", "asyncio"):
        assert f"'{module}'" not in done.stdout


def test_the_defaults_are_the_servers() -> None:
    """The limits that the command line shows, so as not to import the server for them, are the server's own."""
    args = _parser().parse_args(["serve"])
    assert (args.max_body, args.rate_limit) == (DEFAULT_MAX_BODY, DEFAULT_RATE_LIMIT)
