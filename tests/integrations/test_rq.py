"""RQ: real workers with Redis, and without other processes on a stand-in for it, against the local server."""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fakeredis
import pytest
import redis
import rq

from rollbar_logging.capture.context import current_person
from rollbar_logging.integrations.rq import Reporting, RollbarSimpleWorker
from rollbar_logging.testing import LocalRollbar

NAME = "tests.programs.rq_shop"
TOP = Path(__file__).parent.parent.parent
PATIENCE = 60


@pytest.fixture
def rollbar() -> Iterator[LocalRollbar]:
    """A server that nobody has called yet."""
    with LocalRollbar() as up:
        yield up


@pytest.fixture
def redis_socket(tmp_path: Path) -> Iterator[str]:
    """Path of the socket of a Redis of the test's own."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("needs redis-server, which is not installed")
    path = str(tmp_path / "redis")
    words = ["--port", "0", "--unixsocket", path, "--save", "", "--dir", str(tmp_path)]
    with subprocess.Popen([program, *words], stdout=subprocess.DEVNULL) as server:  # noqa: S603 - our own words
        try:
            until = time.monotonic() + PATIENCE
            while not Path(path).exists():
                assert time.monotonic() < until, "Redis does not start"
                time.sleep(0.02)
            yield path
        finally:
            server.terminate()
            server.wait(PATIENCE)


def enqueue(queue: rq.Queue, *names: str, **options: Any) -> None:
    """Queue jobs."""
    for name in names:
        given = {"args": (1,), "kwargs": {"password": "hunter2", "basket": [{"mug": 2}]}} if name == "fail" else {}
        queue.enqueue(f"{NAME}.{name}", **given, **options)


def test_a_job_that_fails_is_one_report(rollbar: LocalRollbar, redis_socket: str) -> None:
    """Delivered before its process ends; with what was called, and no secret. A job whose process is killed as well."""
    connection = redis.Redis(unix_socket_path=redis_socket)
    enqueue(rq.Queue("orders", connection=connection), "fail", "log_and_fail", "die", "last")
    worker = ["-m", "rq.cli", "worker", "--burst", "--url", f"unix://{redis_socket}", "orders"]
    done = subprocess.run(  # noqa: S603 - our own words
        [sys.executable, *worker, "--worker-class", "tests.programs.rq_worker.ShopWorker"],
        env={**os.environ, **rollbar.environ, "ROLLBAR_SHUTDOWN_TIMEOUT": "20", "ROLLBAR_CAPTURE_BUDGET": "10"},
        cwd=TOP,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    connection.close()
    assert done.returncode == 0, done.stderr
    assert "rollbar_logging:" not in done.stderr
    arrived = [occurrence.data for occurrence in rollbar.server.occurrences()]
    failed, logged, killed, last = sorted(arrived, key=lambda data: data["custom"]["record"]["created"])

    assert failed["body"]["trace"]["exception"]["class"] == "ValueError"
    assert failed["body"]["trace"]["frames"][-1]["method"] == "fail"
    assert (failed["level"], failed["context"], failed["person"]) == ("error", f"{NAME}.fail", {"id": "17"})
    told = failed["custom"]["rq"]
    assert (told["function"], told["args"], told["queue"]) == (f"{NAME}.fail", [1], "orders")
    assert (told["kwargs"]["basket"], len(told["id"])) == ([{"mug": 2}], 36)
    assert logged["body"]["trace"]["exception"]["description"] == "told already"
    assert killed["body"]["trace"]["exception"]["class"] == "WorkHorseKilledError"
    assert (killed["context"], killed["custom"]["rq"]["queue"]) == (f"{NAME}.die", "orders")
    assert (last["context"], last.get("person")) == (f"{NAME}.last", None)
    assert "hunter2" not in str(arrived)
    assert "4111 1111" not in str(arrived)


@pytest.fixture
def queue() -> rq.Queue:
    """A queue of this process."""
    return rq.Queue("orders", connection=fakeredis.FakeStrictRedis())


def work(rollbar: LocalRollbar, queue: rq.Queue, worker_class: type[Any] = RollbarSimpleWorker) -> list[Any]:
    """Do what is queued, in this process; the reports."""
    handler = rollbar.handler(level="WARNING")
    logging.getLogger().addHandler(handler)
    try:
        worker_class([queue], connection=queue.connection).work(burst=True, logging_level="ERROR")
    finally:
        logging.getLogger().removeHandler(handler)
    return rollbar.reports


def test_without_processes_nothing_is_left_for_the_next(rollbar: LocalRollbar, queue: rq.Queue) -> None:
    """Nor when all is done; and RQ's own line about the failure is no second report."""
    enqueue(queue, "fail", "log_and_fail", "last")
    failed, logged, last = work(rollbar, queue)

    assert (failed.raw["context"], failed.raw["person"]) == (f"{NAME}.fail", {"id": "17"})
    assert (logged.raw.get("person"), last.raw.get("person")) == (None, None)
    assert last.raw["custom"]["rq"]["function"] == f"{NAME}.last"
    assert current_person() is None


def test_what_cannot_be_imported_is_a_report(rollbar: LocalRollbar, queue: rq.Queue) -> None:
    """Of the job whose function is not there."""
    enqueue(queue, "nothing")
    (report,) = work(rollbar, queue)

    assert report.raw["custom"]["rq"]["function"] == f"{NAME}.nothing"


def test_a_failure_that_is_tried_again_is_none(rollbar: LocalRollbar, queue: rq.Queue) -> None:
    """Only the last time; by choice, the times before are warnings."""
    enqueue(queue, "fail", retry=rq.Retry(max=1))
    assert [report.level for report in work(rollbar, queue)] == ["error"]


def test_a_failure_that_is_tried_again_is_a_warning_by_choice(rollbar: LocalRollbar, queue: rq.Queue) -> None:
    """By an attribute of the worker's class."""

    class Telling(Reporting, rq.SimpleWorker):
        rollbar_retries = "warning"

    enqueue(queue, "fail", retry=rq.Retry(max=1))
    assert [report.level for report in work(rollbar, queue, Telling)] == ["warning", "error"]
