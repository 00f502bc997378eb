"""Processes that fork: nothing is lost, nothing is sent twice, and nobody uses another's connection."""

from __future__ import annotations

import http.client
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from rollbar_logging.delivery.notices import ADVICE
from tests.loopback import Loopback, Reply
from tests.pipelines import TOKEN, run, texts, uuids

PROGRAMS = Path(__file__).parent / "programs"
RECORDS = range(10)
FLAGS = ("-W", "ignore::DeprecationWarning")  # Python 3.12 and newer warn of forks with threads: what this is about

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")


def connections(loopback: Loopback) -> list[set[int]]:
    """The connections that each process has used."""
    used: dict[int, set[int]] = {}
    for request in loopback.requests:
        used.setdefault(request.item["data"]["server"]["pid"], set()).add(request.connection)
    return list(used.values())


WHO = {
    "busy": ["parent", "parent again", "thread 0", "thread 1", "thread 2", "child 1", "child 2"],
    "nested": ["parent", "child", "child again", "grandchild"],
    "in thread": ["parent", "child"],
}


@pytest.mark.parametrize("how", WHO)
def test_a_fork_neither_duplicates_nor_loses(loopback: Loopback, how: str) -> None:
    """What the parent had queued is sent by the parent alone; the child's records arrive, over its own connection."""
    loopback.script = [Reply(delay=0.005)] * 40
    done = run(loopback, PROGRAMS / "forking.py", how, flags=FLAGS, shutdown_timeout="30")

    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(texts(loopback)) == sorted(f"{who} {i}" for who in WHO[how] for i in RECORDS)
    assert len(uuids(loopback)) == len(set(uuids(loopback)))
    used = connections(loopback)
    assert len(used) == sum("child" in who for who in WHO[how] if "again" not in who) + 1
    assert sum(len(of) for of in used) == len(set().union(*used)) == loopback.connections


def test_a_child_does_not_hang_on_what_its_parent_was_saying(loopback: Loopback) -> None:
    """The worker tells of drops on the error stream while the program forks; each child can write, and end.

    What it tells is its own: counting begins anew in a child, also of what the log has heard of.
    """
    reasons = [status for status in range(400, 424) if status not in {401, 403, 407, 408, 413}]
    loopback.script = [Reply(status) for status in [*reasons, 422]]
    done = run(loopback, PROGRAMS / "forking.py", "dropping", flags=FLAGS)

    assert done.returncode == 0
    told = re.findall(r"rollbar_logging: (.*) dropped: rejected_(\d+)", done.stderr)
    assert sorted(told) == sorted(("1 report was", str(status)) for status in [*reasons, 422])


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_children_of_multiprocessing_deliver(loopback: Loopback, method: str) -> None:
    """They skip exit functions, and what they log last arrives all the same."""
    done = run(loopback, PROGRAMS / "multiprocess.py", method, shutdown_timeout="600", flush_interval="600")

    assert (done.returncode, done.stderr) == (0, "")
    expected = [f"{who} {i}" for who in ("parent", "child 0", "child 1", "task 0", "task 1") for i in ("first", "last")]
    assert sorted(texts(loopback)) == sorted([*expected, "failing last"])


def test_a_child_of_multiprocessing_does_not_wait_longer_than_it_may(loopback: Loopback) -> None:
    """With a server that never answers it ends, and tells what was dropped."""
    loopback.script = [Reply(fault="black_hole")] * 10
    source = """
    import logging, multiprocessing
    from rollbar_logging import RollbarHandler
    logger = logging.getLogger("application")
    logger.addHandler(RollbarHandler())
    process = multiprocessing.get_context("fork").Process(target=logger.error, args=("boom",))
    process.start()
    process.join()
    """
    done = run(loopback, source, timeout="600", shutdown_timeout="0.5")  # `run` waits for less

    assert done.returncode == 0
    assert done.stderr == f"rollbar_logging: 1 report was dropped: shutdown ({ADVICE['shutdown']})\n"


def test_workers_of_a_preloaded_application_report(loopback: Loopback) -> None:
    """Gunicorn loads the application, then forks: its workers report by themselves."""
    pytest.importorskip("gunicorn")
    root = Path(__file__).parent.parent
    options = {"ACCESS_TOKEN": TOKEN, "ENDPOINT": loopback.endpoint}
    environment = {
        **os.environ,
        "PYTHONPATH": str(root),
        **{f"ROLLBAR_{name}": value for name, value in options.items()},
    }
    command = [
        sys.executable,
        "-m",
        "gunicorn",
        "--preload",
        "--workers",
        "2",
        "--bind",
        "127.0.0.1:0",
        "tests.programs.wsgi",
    ]
    with subprocess.Popen(command, env=environment, cwd=root, stderr=subprocess.PIPE, text=True) as server:  # noqa: S603
        assert server.stderr is not None
        try:
            address = next(found for line in server.stderr if (found := re.search(r"http://([\d.]+):(\d+)", line)))
            for i in range(6):
                client = http.client.HTTPConnection(address[1], int(address[2]), timeout=30)
                client.request("GET", f"/{i}")
                assert client.getresponse().read() == b"ok"
                client.close()
        finally:
            server.send_signal(signal.SIGTERM)
            rest = server.stderr.read()

    assert server.returncode == 0, rest
    assert "Traceback" not in rest
    assert sorted(texts(loopback)) == sorted(["loaded", *(f"asked for /{i}" for i in range(6))])
    assert len(connections(loopback)) >= 2  # the master's, and a worker's at least
