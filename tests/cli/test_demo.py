"""The command ``demo``, as a process of its own, and its course on a server in this one."""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

import rollbar_logging
from rollbar_logging.cli import _parser, main
from rollbar_logging.cli.demo import RATE_LIMIT
from rollbar_logging.cli.demo_app import BURST, DEPTH, LOGGING, SCENES
from rollbar_logging.cli.demo_play import show
from rollbar_logging.cli.demo_stage import Secrets, environment, logging_configured
from rollbar_logging.server import LocalServer

THEIRS = {
    "ROLLBAR_ACCESS_TOKEN": "a-token-of-the-user",
    "ROLLBAR_ENABLED": "no",
    "ROLLBAR_LEVEL": "nonsense",
    "HTTP_PROXY": "http://127.0.0.1:9",
    "http_proxy": "http://127.0.0.1:9",
}
"""What would silence the demo, stop it, or lead its reports elsewhere."""

GROUP = ["an ExceptionGroup"] if sys.version_info >= (3, 11) else []
BURST_TITLE = "a burst that meets a rate limit"
DEEP_TITLE = f"{DEPTH} calls deep, too much for one item"


def command(*words: str) -> list[str]:
    """Return the command line of the demo, under which warnings are errors."""
    return [sys.executable, "-X", "dev", "-W", "error", "-m", "rollbar_logging", "demo", *words]


def process_environ(**more: str) -> dict[str, str]:
    """Return the environment that finds this package."""
    return {**os.environ, "PYTHONPATH": str(Path(rollbar_logging.__file__).parents[1]), **more}


def rows_of(said: str) -> dict[str, list[int]]:
    """Read the table: the numbers of each line by its title."""
    found = re.findall(r"^(\S.*?) {2,}((?:[\d,]+|-)(?: +(?:[\d,]+|-)){5})$", said, re.MULTILINE)
    return {title: [int(cell.replace(",", "").replace("-", "0")) for cell in cells.split()] for title, cells in found}


def test_all_arrives_and_the_table_shows_it(tmp_path: Path) -> None:
    """Whatever the user's variables, it ends with status 0, silent on stderr, and a table of all that happened."""
    done = subprocess.run(  # noqa: S603 - our own command
        command("--exit"),
        cwd=tmp_path,
        env=process_environ(**THEIRS),
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")
    rows = rows_of(done.stdout)
    assert list(rows) == [
        "a message with extras",
        "an exception with locals and secrets",
        "a chain of exceptions",
        *GROUP,
        "10 MB in local variables",
        DEEP_TITLE,
        BURST_TITLE,
        "all",
    ]
    assert [row[:2] for row in list(rows.values())[:-2]] == [[1, 1]] * (len(rows) - 2)
    logged, arrived, _, _, _, deferred = rows[BURST_TITLE]
    assert logged == arrived >= BURST
    assert deferred >= 1
    assert f"answered 429: {deferred}" in done.stdout
    for title in ("a message with extras", "an exception with locals and secrets", DEEP_TITLE):
        assert rows[title][3] >= 1
    assert rows["10 MB in local variables"][4] >= 1
    assert rows["10 MB in local variables"][2] < 10_000
    assert 100_000 < rows[DEEP_TITLE][2] <= 131_072
    assert rows[DEEP_TITLE][4] >= 1
    assert [sum(column) for column in zip(*list(rows.values())[:-1], strict=True)] == rows["all"]
    assert all(title in done.stdout for title in ("a noisy neighbour", "7 planted, 0 found", "bytes at capture"))
    assert "ROLLBAR_ACCESS_TOKEN, ROLLBAR_ENABLED, ROLLBAR_LEVEL" in done.stdout
    assert "a-token-of-the-user" not in done.stdout
    assert re.search(r"^All arrived\. The page: http://127\.0\.0\.1:\d+/$", done.stdout, re.MULTILINE)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="terminals are made with pty")
def test_on_a_terminal_it_serves_until_ctrl_c(tmp_path: Path) -> None:
    """There the page is served after the table, and Ctrl-C ends it with status 0."""
    import pty  # noqa: PLC0415 - there is none on Windows

    ours, theirs = pty.openpty()
    with (
        subprocess.Popen(  # noqa: S603 - our own command
            command(), cwd=tmp_path, env=process_environ(), stdin=theirs, stdout=theirs, stderr=theirs
        ) as process,
        open(ours, "rb", closefd=True) as terminal,  # noqa: PTH123 - no path
    ):
        try:
            os.close(theirs)
            said = ""
            while "until Ctrl-C" not in said:
                said += terminal.readline().decode()
            found = re.search(r"Serving on (\S+) until", said)
            assert found, said
            page = requests.get(found[1], timeout=10)
            process.send_signal(signal.SIGINT)
            rest = "".join(lines_of(terminal))
            assert (process.wait(timeout=60), rest) == (0, "stopped\r\n")
        finally:
            process.kill()
    assert "All arrived" in said
    assert "24 occurrences" in page.text


def lines_of(terminal: object) -> Iterator[str]:
    """Read a terminal to its end, which Linux tells as an error."""
    with contextlib.suppress(OSError):
        for line in terminal:  # type: ignore[attr-defined]
            yield line.decode()


class Counting(logging.Handler):
    """A handler of the application's, which counts how often it was closed."""

    def __init__(self) -> None:
        super().__init__()
        self.closed = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Take it."""

    def close(self) -> None:
        """Count."""
        self.closed += 1
        super().close()


def logging_state() -> object:
    """Return all that a configuration of `logging` may change; what only waits to be collected is none of it."""
    gc.collect()
    loggers = [logging.getLogger(), *logging.getLogger().manager.loggerDict.values()]
    return (
        {
            (each.name, each.level, tuple(each.handlers), each.propagate, each.disabled)
            for each in loggers
            if isinstance(each, logging.Logger)
            if each.handlers or each.level or each.disabled or not each.propagate
        },
        [handler for reference in logging._handlerList if (handler := reference()) is not None],  # type: ignore[attr-defined]
        dict(logging._handlers),  # type: ignore[attr-defined]
    )


@pytest.fixture
def mine() -> Iterator[Counting]:
    """A handler on loggers that the demo uses too."""
    handler = Counting()
    handler.name = "rollbar"
    loggers = [logging.getLogger(name) for name in ("shop", "rollbar_logging.server.running", "shop.till")]
    for logger in loggers:
        logger.addHandler(handler)
        logger.setLevel(logging.DEBUG)
    loggers[2].disabled = True
    yield handler
    for logger in loggers:
        logger.removeHandler(handler)
        logger.setLevel(logging.NOTSET)
        logger.disabled = False
    handler.close()


def test_afterwards_environment_and_logging_are_as_they_were(
    mine: Counting, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In the same process: variables, loggers and handlers are what they were; only the demo's were closed."""
    for name, value in THEIRS.items():
        monkeypatch.setenv(name, value)
    before, threads = (dict(os.environ), logging_state()), set(threading.enumerate())
    with LocalServer(rate_limit=None) as server:
        show(server)

    assert "rollbar_logging" not in {thread.name for thread in set(threading.enumerate()) - threads}
    assert (dict(os.environ), logging_state()) == before
    assert mine.closed == 0
    assert rows_of(capsys.readouterr().out)["all"][1] > BURST


def test_a_configuration_that_fails_leaves_nothing(mine: Counting) -> None:
    """When the handlers cannot be made, the error comes out, and `logging` is as it was."""
    before = logging_state()
    broken = {**LOGGING, "handlers": {**LOGGING["handlers"], "zzz": {"class": "rollbar_logging.NoSuchHandler"}}}
    with pytest.raises(ValueError, match="zzz"), environment({}), logging_configured(broken):
        pass

    assert logging_state() == before
    assert mine.closed == 0


def test_a_report_that_is_refused_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """When the server takes no large body and sets no limit, the status is 1, and both are named; the rest arrives."""
    with LocalServer(rate_limit=None, max_body=50_000) as server:
        assert show(server) == 1

    said = capsys.readouterr().out
    assert rows_of(said)[DEEP_TITLE][:3] == [1, 0, 0]
    assert [line for line in said.splitlines() if line.startswith("NOT AS IT SHOULD BE")] == [
        f"NOT AS IT SHOULD BE: {DEEP_TITLE}: 1 of 1 did not arrive",
        f"NOT AS IT SHOULD BE: {DEEP_TITLE}: nothing was scrubbed",
        f"NOT AS IT SHOULD BE: {DEEP_TITLE}: nothing was cut",
        f"NOT AS IT SHOULD BE: {BURST_TITLE}: nothing was deferred",
        "NOT AS IT SHOULD BE: the handler dropped 1: too_large",
    ]
    assert "Not all is well. The page: http" in said


def test_reports_that_wait_too_long_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    """When the token is refused, one report is lost and the others wait; after the patience it ends with status 1."""
    with LocalServer() as server:
        server.set_enabled("post_server_item", is_enabled=False)
        assert show(server, patience=0.2) == 1

    said = capsys.readouterr().out
    total = rows_of(said)["all"]
    assert total[:2] == [len(SCENES) - 1 + BURST, 0]
    assert "the handler dropped 1: rejected_403" in said
    assert f"{total[0] - 1} still waiting" in said


def test_a_secret_that_arrives_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """The demo looks for what it planted, and says with status 1 when it finds it."""
    secrets = Secrets()
    secrets.planted.append("the stock could")
    with LocalServer(rate_limit=None) as server:
        assert show(server, secrets=secrets) == 1

    said = capsys.readouterr().out
    assert "8 planted, 1 found in what arrived" in said
    assert "NOT AS IT SHOULD BE: of the planted secrets 1 arrived" in said


def test_a_taken_port_ends_it_with_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """The exit status is 1, and the error names the port, without a traceback."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["demo", "--exit", "--port", str(port)]) == 1

    assert capsys.readouterr().err == f"rollbar-logging: port {port} of 127.0.0.1 is taken: choose another one\n"


def test_a_missing_extra_ends_it_with_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without uvicorn the exit status is 1, and the error says what to install."""
    for name in ("running", "service"):
        monkeypatch.delitem(sys.modules, f"rollbar_logging.server.{name}", raising=False)
    monkeypatch.setitem(sys.modules, "uvicorn", None)

    assert main(["demo", "--exit"]) == 1
    assert "pip install 'rollbar-logging[server]'" in capsys.readouterr().err


def test_a_port_that_is_none_is_not_understood(capsys: pytest.CaptureFixture[str]) -> None:
    """The status is that of a command line that was not understood."""
    with pytest.raises(SystemExit) as ended:
        main(["demo", "--port", "70000"])

    assert ended.value.code == 2
    assert "70000" in capsys.readouterr().err


def test_the_scenes_before_the_burst_stay_below_the_limit() -> None:
    """Each of them is one call, so the burst is the first to meet the limit, and it fits into a window."""
    assert len(SCENES) - 1 < RATE_LIMIT[0]
    assert RATE_LIMIT[0] >= BURST
    assert _parser().parse_args(["demo"]).port == 0
