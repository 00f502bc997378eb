"""Processes that end by a signal or leave their terminal: what was accepted arrives, or was never promised."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path

import pytest

from tests.loopback import Loopback, Reply
from tests.pipelines import run, texts, uuids
from tests.processes.running import python, service

PROGRAMS = Path(__file__).parent.parent / "programs"
FORKING = ("-W", "ignore:This process:DeprecationWarning")  # Python 3.12 and newer warn of forks with threads
FORKS = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")


@pytest.mark.parametrize(
    ("number", "how", "status"),
    [(signal.SIGTERM, "handled", 0), (signal.SIGINT, "plain", -signal.SIGINT)],
    ids=["SIGTERM that is handled", "SIGINT"],
)
def test_a_signal_that_ends_the_program_in_order_costs_nothing(
    loopback: Loopback, number: int, how: str, status: int
) -> None:
    """Whatever the main thread was doing: all that was accepted until then is sent before the process is gone."""
    loopback.script = [Reply(delay=0.01)] * 50  # so that some wait
    with service(loopback, *python(str(PROGRAMS / "ending.py"), how), shutdown_timeout=60) as program:
        program.wait_for("logging")
        assert program.end(number) == status
        accepted = int(program.wait_for(r"accepted (\d+)")[1])

    assert len(uuids(loopback)) == len(set(uuids(loopback))) == accepted
    assert "rollbar_logging" not in re.sub(r'File ".*', "", program.said)


def test_a_signal_that_kills_leaves_nothing_half_done(loopback: Loopback) -> None:
    """Without a handler SIGTERM ends the process at once: nobody hangs, and what had been sent is whole."""
    with service(loopback, *python(str(PROGRAMS / "ending.py"), "plain"), shutdown_timeout=60) as program:
        program.wait_for("logging")
        assert loopback.wait_for(1)
        assert program.end(signal.SIGTERM) == -signal.SIGTERM

    sent = texts(loopback)
    assert sorted(sent) == sorted(f"record {i}" for i in range(len(sent)))
    assert "accepted" not in program.said


@FORKS
@pytest.mark.parametrize("how", ["idle", "busy"])
def test_a_daemon_reports(loopback: Loopback, how: str) -> None:
    """After two forks, in a session of its own and with every file closed; its parents have sent what was theirs."""
    with service(loopback, *python(*FORKING, str(PROGRAMS / "daemon.py"), how), shutdown_timeout=60) as program:
        assert program.process.wait(30) == 0
        who = ["before", "daemon", "daemon again", *(["waiting"] if how == "busy" else [])]
        assert loopback.wait_for(5 * len(who))

    assert sorted(texts(loopback)) == sorted(f"{name} {i}" for name in who for i in range(5))
    assert len(uuids(loopback)) == len(set(uuids(loopback)))
    assert program.said == ""


@FORKS
def test_the_careful_hear_no_warning(loopback: Loopback) -> None:
    """In development mode, with warnings as errors, logging, forking and ending is silent, and all arrives."""
    flags = ("-X", "dev", "-W", "error", *FORKING)
    done = run(loopback, PROGRAMS / "careful.py", flags=flags, shutdown_timeout="60")

    assert (done.returncode, done.stderr) == (0, "")
    who = ["hard child", "parent", "parent again", "process", "soft child"]
    assert sorted(texts(loopback)) == sorted(f"invalid literal for int() with base 10: '{name}'" for name in who)


@FORKS
def test_a_fork_that_python_does_not_see_is_noticed(loopback: Loopback) -> None:
    """A server written in C, such as uWSGI, forks without calling Python's hooks; its children report all the same."""
    source = """
    import ctypes, logging, os
    from rollbar_logging import RollbarHandler
    logger = logging.getLogger("application")
    handler = RollbarHandler()
    logger.addHandler(handler)
    logger.error("parent")
    handler.flush(60)
    pid = ctypes.PyDLL(None).fork()
    if not pid:
        logger.error("child")
        os._exit(0 if handler.flush(60) else 1)
    assert os.waitpid(pid, 0)[1] == 0
    """
    done = run(loopback, source, shutdown_timeout="60")

    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(texts(loopback)) == ["child", "parent"]
