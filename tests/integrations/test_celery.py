"""Celery: real workers over a folder for a broker, in each kind of pool, against the local server."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rollbar_logging.testing import LocalRollbar, Reports

celery = pytest.importorskip("celery")

PROGRAM = "tests.programs.celery_shop"
TOP = Path(__file__).parent.parent.parent
PATIENCE = 60
UNHURRIED = {"ROLLBAR_CAPTURE_BUDGET": "10"}


@pytest.fixture
def rollbar() -> Iterator[LocalRollbar]:
    """A server that nobody has called yet."""
    with LocalRollbar() as up:
        yield up


def run(rollbar: LocalRollbar, folder: Path, names: list[str], pool: str = "solo", **more: str) -> list[dict[str, Any]]:
    """Have a worker do these tasks and the last one; what arrived, in the order in which it was logged."""
    environ = {
        **os.environ,
        **rollbar.environ,
        "TASKS": str(folder),
        "ROLLBAR_SHUTDOWN_TIMEOUT": "20",
        **UNHURRIED,
        **more,
    }
    subprocess.run(  # noqa: S603 - our own words
        [sys.executable, "-c", f"from {PROGRAM} import send; send(*{names!r})"],
        env=environ,
        cwd=TOP,
        check=True,
        timeout=PATIENCE,
    )
    quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "INFO"]
    command = ["-m", "celery", "--app", f"{PROGRAM}:application", "worker", "--pool", pool, "--concurrency", "1"]
    with subprocess.Popen(  # noqa: S603 - our own words
        [sys.executable, *command, *quiet],
        env=environ,
        cwd=TOP,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as worker:
        try:
            rollbar.wait_for(message="the last task", timeout=PATIENCE)
            if "UNTIL" in more:
                rollbar.wait_for(exception=more["UNTIL"], timeout=PATIENCE)
        finally:
            said = end(worker, has_lost_one="UNTIL" in more)
    assert "rollbar_logging:" not in said, said
    return sorted((report.raw for report in rollbar.reports), key=lambda data: data["custom"]["record"]["created"])


def end(worker: subprocess.Popen[str], *, has_lost_one: bool) -> str:
    """End a worker; return what it has said. One that has lost a process may wait for that without end."""
    worker.terminate()
    try:
        return worker.communicate(timeout=PATIENCE)[0]
    except subprocess.TimeoutExpired:
        worker.kill()
        said = worker.communicate()[0]
        if not has_lost_one:
            raise
        return said


@pytest.mark.parametrize("pool", ["prefork", "solo", "threads"])
def test_a_task_that_fails_is_one_report(rollbar: LocalRollbar, tmp_path: Path, pool: str) -> None:
    """With what was called, where and how; nothing of it is seen in the next, and no secret anywhere."""
    failed, logged, stubborn, last = run(rollbar, tmp_path, ["fail", "log_and_fail", "sell", "stubborn", "again"], pool)

    assert failed["body"]["trace"]["exception"]["class"] == "ValueError"
    assert failed["body"]["trace"]["frames"][-1]["method"] == "fail"
    assert (failed["level"], failed["context"], failed["person"]) == ("error", f"{PROGRAM}.fail", {"id": "17"})
    told = failed["custom"]["celery"]
    assert (told["task"], told["args"], told["retries"], told["queue"]) == (f"{PROGRAM}.fail", [1], 0, "celery")
    assert (told["kwargs"]["basket"], len(told["id"])) == ([{"mug": 2}], 36)
    assert failed["custom"]["left_behind"] == "by fail"

    assert logged["body"]["trace"]["exception"]["description"] == "told already"
    assert logged["context"] == logged["custom"]["celery"]["task"] == f"{PROGRAM}.log_and_fail"
    assert stubborn["body"]["trace"]["exception"]["class"] == "StubbornError"
    assert "left_behind" not in last["custom"]
    assert [data.get("person") for data in (logged, stubborn, last)] == [None, None, None]
    everything = str([one.data for one in rollbar.server.occurrences()])
    assert "hunter2" not in everything
    assert "4111 1111" not in everything


def test_a_retry_is_a_warning_by_choice(rollbar: LocalRollbar, tmp_path: Path) -> None:
    """With what it is for; once. What the worker itself warns of comes as well."""
    arrived = run(rollbar, tmp_path, ["again"], RETRIES="warning", LEVEL="WARNING")
    (retried,) = [data for data in arrived if "trace" in data["body"]]

    assert retried["level"] == "warning"
    assert retried["body"]["trace"]["exception"]["class"] == "ConnectionError"
    assert retried["context"] == f"{PROGRAM}.again"


def test_a_task_within_a_task_leaves_that_as_it_was(rollbar: LocalRollbar, tmp_path: Path) -> None:
    """Of the inner task there is one report; afterwards the outer has its own name and person."""
    inner, outer, last = run(rollbar, tmp_path, ["outer"])

    assert (inner["context"], inner["custom"]["celery"]["args"]) == (f"{PROGRAM}.fail", [2])
    assert (outer["context"], outer["person"]) == (f"{PROGRAM}.outer", {"id": "18"})
    assert last["context"] == f"{PROGRAM}.last"


def assert_knows_its_message(data: dict[str, Any], name: str) -> None:
    """See that the worker's main process tells of a task what the process would have told that did it."""
    told = data["custom"]["celery"]
    assert (data["context"], told["task"]) == (f"{PROGRAM}.{name}",) * 2
    assert (told["retries"], told["queue"], told["root_id"]) == (2, "celery", told["id"])
    assert told["worker"].startswith("celery@")


def test_a_time_limit_is_one_report(rollbar: LocalRollbar, tmp_path: Path) -> None:
    """The process that does the task is ended; the worker's own reports, of all that it says, one."""
    arrived = run(rollbar, tmp_path, ["sleep"], "prefork")
    (late,) = [data for data in arrived if "sleep" in str(data)]

    assert late["body"]["trace"]["exception"]["class"] == "TimeLimitExceeded"
    assert_knows_its_message(late, "sleep")


@pytest.mark.slow
def test_a_lost_process_is_one_report_of_its_task(rollbar: LocalRollbar, tmp_path: Path) -> None:
    """Celery waits ten seconds for it to come back."""
    arrived = run(rollbar, tmp_path, ["die"], "prefork", UNTIL="WorkerLostError")
    (lost,) = [data for data in arrived if "WorkerLostError" in str(data)]

    assert_knows_its_message(lost, "die")


def test_an_option_that_cannot_work_is_refused() -> None:
    """At once."""
    from rollbar_logging.integrations import celery as rollbar_celery  # noqa: PLC0415 - skipped without Celery

    with pytest.raises(ValueError, match="retries"):
        rollbar_celery.install(retries="error")


def test_a_second_call_changes_nothing(reports: Reports) -> None:
    """Of what Celery says of a task over its time, a signal and a line, there is one report."""
    from celery import signals  # noqa: PLC0415 - skipped without Celery
    from celery.exceptions import TimeLimitExceeded  # noqa: PLC0415 - likewise

    from rollbar_logging.integrations import celery as rollbar_celery  # noqa: PLC0415 - likewise

    app = celery.Celery("shop", set_as_current=False)

    @app.task(name="sell")
    def sell() -> None:
        """Take too long."""

    rollbar_celery.install()
    rollbar_celery.install()
    given = {"task_id": "7-8-9", "exception": TimeLimitExceeded(3), "args": (), "kwargs": {}, "einfo": None}
    signals.task_failure.send(sender=sell, **given)
    logging.getLogger("celery.worker.request").error("Hard time limit (%ss) exceeded for %s[%s]", 3, "sell", "7-8-9")

    assert [report.context for report in reports] == ["sell"]
    assert "retries" not in reports[0].custom["celery"]  # of this one there is no message, which would say
