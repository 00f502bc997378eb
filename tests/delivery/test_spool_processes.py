"""The spool among real processes: none holds what another holds, and nothing is lost with one that is killed."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import rollbar_logging
from rollbar_logging.delivery.spool import Spool
from rollbar_logging.delivery.spool_owner import Owner
from tests.loopback import Loopback

HEAD = """
import os, sys, time
from rollbar_logging.delivery.spool import Kept, Spool, SpoolError
spool = Spool(sys.argv[1], token="t", lease=3600.0)
def say(*words):
    print(*words, flush=True)
"""

KEEP_AND_CLAIM = """
for i in range(60):
    spool.keep([Kept(f"{sys.argv[2]}-{i}-{j}", i % 5, time.time(), b"x" * 2000) for j in range(3)])
    for kept in spool.claim(3):
        say(kept.uuid)
        spool.remove([kept.uuid])
"""

CLAIM_AND_HANG = """
spool.keep([Kept("claimed", 4, time.time(), b"x")], is_claimed=True)
spool.keep([Kept("claimed later", 3, time.time(), b"y"), Kept("waiting", 0, time.time(), b"z")])
spool.claim(1)
say("ready")
time.sleep(60)
"""

KEEP_WITHOUT_END = """
for i in range(10**6):
    spool.keep([Kept(f"u{i}", 3, time.time(), b"x" * 3000)])
    say(f"u{i}")
"""

SEND = """
from rollbar_logging.delivery.transport import HttpTransport
transport = HttpTransport(sys.argv[2], "t")
for i in range(int(sys.argv[3])):
    status = 429
    while status == 429:
        while wait := spool.window.take(time.time()):
            time.sleep(wait)
        answer = transport.send(b'{"data": {}}', 10)
        spool.window.learn(answer, time.time())
        status = answer.status
transport.close()
spool.close()
"""

FORK = """
spool.keep([Kept("parent", 3, time.time(), b"x")], is_claimed=True)
child = os.fork()
if not child:
    spool.after_fork()
    say("child claims", [kept.uuid for kept in spool.claim(9)])
    spool.keep([Kept("child", 3, time.time(), b"x")], is_claimed=True)
    sys.exit(0)
assert os.waitpid(child, 0)[1] == 0
say("parent claims", [kept.uuid for kept in spool.claim(9)])
say("still claimed", sorted(spool.claimed()))
spool.close()
"""


FORK_WHILE_ALONE = """
import pathlib
from rollbar_logging.delivery.spool_place import alone
folder = pathlib.Path(sys.argv[1])
with alone(folder, 0):
    child = os.fork()
    if not child:
        time.sleep(60)
try:
    with alone(folder, 0):
        say("again")
finally:
    os.kill(child, 9)
    os.waitpid(child, 0)
"""


@contextlib.contextmanager
def running(program: str, *words: object) -> Iterator[subprocess.Popen[str]]:
    """Run a program as a process; whatever happens, it is gone in the end."""
    environ = {**os.environ, "PYTHONPATH": str(Path(rollbar_logging.__file__).parents[1])}
    with subprocess.Popen(  # noqa: S603 - our own programs
        [sys.executable, "-X", "dev", "-W", "error", "-c", HEAD + program, *map(str, words)],
        env=environ,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def said(process: subprocess.Popen[str]) -> list[str]:
    """What a process prints until it ends, which must be well."""
    out, _ = process.communicate(timeout=90)
    assert process.returncode == 0
    return out.splitlines()


def line(process: subprocess.Popen[str]) -> str:
    """The next line that a process prints."""
    assert process.stdout is not None
    return process.stdout.readline().strip()


@pytest.mark.parametrize("content", [None, b"garbage " * 5000], ids=["no file", "damaged file"])
def test_processes_never_hold_the_same_report(tmp_path: Path, content: bytes | None) -> None:
    """Six processes keep and claim at once, from the making of the file on: each report is claimed once."""
    if content is not None:
        (tmp_path / "spool.db").write_bytes(content)
    with contextlib.ExitStack() as stack:
        processes = [stack.enter_context(running(KEEP_AND_CLAIM, tmp_path, i)) for i in range(6)]
        claimed = [uuid for process in processes for uuid in said(process)]
    spool = Spool(str(tmp_path), token="t")
    left = [kept.uuid for kept in spool.claim(10_000)]
    spool.close()

    assert len([*claimed, *left]) == 6 * 60 * 3
    assert {*claimed, *left} == {f"{p}-{i}-{j}" for p in range(6) for i in range(60) for j in range(3)}
    assert len(list(tmp_path.glob("*.corrupt-*"))) == (content is not None)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="where the end of a process can be seen")
def test_what_a_killed_process_had_claimed_comes_back_at_once(tmp_path: Path) -> None:
    """Long before the lease runs out, also while nobody has waited for the process."""
    spool = Spool(str(tmp_path), token="t")
    with running(CLAIM_AND_HANG, tmp_path) as process:
        assert line(process) == "ready"
        assert [kept.uuid for kept in spool.claim(9)] == ["waiting"]
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # it has ended, and is a zombie
        assert [kept.uuid for kept in spool.claim(9)] == ["claimed", "claimed later"]
    spool.close()


def test_what_was_kept_survives_a_kill(tmp_path: Path) -> None:
    """A process that is killed at any moment leaves a sound file with all that it was told is kept."""
    with running(KEEP_WITHOUT_END, tmp_path) as process:
        told = [line(process) for _ in range(200)]
        process.kill()
        assert process.stdout is not None
        told += [rest.strip() for rest in process.stdout if rest.endswith("\n")]
    spool = Spool(str(tmp_path), token="t")
    kept = {report.uuid for report in spool.entries()}
    check = spool.file.run(lambda connection: connection.execute("PRAGMA integrity_check").fetchone())
    spool.close()

    assert set(told) <= kept
    assert (check, spool.recovered) == (("ok",), None)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a system without fork")
def test_a_forked_child_is_another_owner(tmp_path: Path) -> None:
    """It does not get its parent's claims, its end does not end them, and its own come back."""
    with running(FORK, tmp_path) as process:
        assert said(process) == [
            "child claims []",
            "parent claims ['child']",
            "still claimed ['child', 'parent']",
        ]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a system without fork")
def test_a_forked_child_keeps_nobody_from_opening(tmp_path: Path) -> None:
    """Although it was forked just while its parent did, and has all of its descriptors."""
    with running(FORK_WHILE_ALONE, tmp_path) as process:
        assert said(process) == ["again"]


def test_processes_waste_next_to_no_request_on_the_rate_limit(tmp_path: Path, loopback: Loopback) -> None:
    """Six processes use up four windows; at most one request per window is refused, and every other one counts."""
    loopback.limit = (60, 1.0)
    with contextlib.ExitStack() as stack:
        processes = [stack.enter_context(running(SEND, tmp_path, loopback.endpoint, 40)) for _ in range(6)]
        for process in processes:
            said(process)
    statuses = [request.status for request in loopback.requests]

    assert statuses.count(200) == 240
    assert statuses.count(429) <= 4


def test_a_killed_probe_holds_nobody(tmp_path: Path) -> None:
    """When the process that was to find out about the rate limit is gone, another does at once."""
    program = "say(spool.window.take(float(sys.argv[2])))\ntime.sleep(60)"
    now = time.time()
    spool = Spool(str(tmp_path), token="t")
    with running(program, tmp_path, now) as process:
        assert line(process) == "0.0"
        assert spool.window.take(now) > 0
    if sys.platform.startswith("linux"):
        assert spool.window.take(now) == 0.0
    spool.close()


def test_a_process_of_the_same_number_is_not_the_same(tmp_path: Path) -> None:
    """A number that was given to another process since does not keep a claim."""
    owner = Owner()
    pid, start, rest = owner.text.split("|", 2)

    assert not owner.is_gone(owner.text)
    assert not owner.is_gone(f"{pid}|{start}|another machine|x")
    if start:
        assert owner.is_gone(f"{pid}|{int(start) - 1}|{rest}")
