"""Celery's prefork pool: processes of a library of its own, that live for many tasks or for one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.loopback import Loopback
from tests.pipelines import texts, uuids
from tests.processes.running import python, service

pytest.importorskip("celery")

TASKS = 6
SEND = f"from tests.programs.tasks import work\nfor number in range({TASKS}): work.delay(number)"


def work(loopback: Loopback, tmp_path: Path, flags: list[str], interval: float) -> list[str]:
    """Queue some tasks and run a worker until they are done; returns what they must have logged."""
    with service(loopback, *python("-c", SEND)) as sender:
        assert sender.wait() == 0, sender.said
    worker = ["-m", "celery", "--app", "tests.programs.tasks:application", "worker", "--concurrency", "2"]
    quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "INFO"]
    with service(loopback, *python(*worker, *quiet, *flags), flush_interval=interval, shutdown_timeout=60) as server:
        server.wait_for(rf"(?s)(raised unexpected.*){{{TASKS}}}")
        server.end()
    assert "rollbar_logging:" not in server.said
    return sorted(f"task {i} {when}" for i in range(TASKS) for when in ("first", "last"))


def test_processes_that_live_for_one_task_report(
    loopback: Loopback, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a task logs last arrives: the batch of half a second is sent before its process ends."""
    monkeypatch.setenv("TASKS", str(tmp_path))
    expected = work(loopback, tmp_path, ["--max-tasks-per-child", "1"], 0.5)

    assert sorted(texts(loopback)) == expected
    assert len(uuids(loopback)) == len(set(uuids(loopback)))


def test_a_flush_at_a_processs_end_delivers_what_waits(
    loopback: Loopback, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With Celery's signal of a process's end, a batch that was not due yet arrives as well."""
    monkeypatch.setenv("TASKS", str(tmp_path))
    monkeypatch.setenv("DELIVERS", "1")
    expected = work(loopback, tmp_path, [], 20)

    assert sorted(texts(loopback)) == expected
    assert len(uuids(loopback)) == len(set(uuids(loopback)))
