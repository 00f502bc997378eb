"""How long a query's job is waited for, and what becomes of it when nobody waits any more."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable

import pytest

from rollbar_logging.client import Patience, RqlError, RqlJob, RqlTimeout, Unreachable
from rollbar_logging.client.connection import Connection
from rollbar_logging.client.rql import Rql
from tests.loopback import Loopback, Reply


class Time:
    """A clock that only sleeping moves, and each call of the API."""

    def __init__(self, loopback: Loopback, *, call: float = 0.0) -> None:
        self._loopback = loopback
        self._call = call
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        """Note it, and do not sleep."""
        self.slept.append(seconds)

    def now(self) -> float:
        """Seconds that have gone by."""
        return sum(self.slept) + self._call * len(self._loopback.requests)


def job(status: str) -> Reply:
    """Return an answer that shows job 7."""
    return Reply(200, body=json.dumps({"err": 0, "result": {"id": 7, "status": status}}))


def rql(loopback: Loopback, time: Time, sleep: Callable[[float], None] | None = None) -> Rql:
    """Return calls for RQL that do not really sleep."""
    patience = Patience(timeout=5.0, retries=1)
    connection = Connection("token", loopback.endpoint, patience, sleep=time.sleep, clock=time.now, monotonic=time.now)
    return Rql(connection, None, sleep=sleep or time.sleep, clock=time.now)


def paths(loopback: Loopback) -> list[str]:
    """Return what was called, below the endpoint."""
    return [f"{request.method} {request.path.removeprefix('/api/1/')}" for request in loopback.requests]


NEW = RqlJob(id=7, status="new")


def test_it_waits_with_growing_pauses(loopback: Loopback) -> None:
    """The first look is soon, later ones are seconds apart."""
    loopback.script[:] = [*[job("running")] * 12, job("success")]
    time = Time(loopback)

    assert rql(loopback, time).wait(NEW).status == "success"
    assert time.slept == sorted(time.slept)
    assert (time.slept[0], time.slept[-1]) == (0.1, 3.0)


@pytest.mark.parametrize("call", [0.0, 4.0])
def test_it_does_not_wait_for_ever(loopback: Loopback, call: float) -> None:
    """After the timeout it says so; time that goes by in the looks counts, too. The job is left to the caller."""
    loopback.script[:] = [job("running")] * 100
    time = Time(loopback, call=call)

    with pytest.raises(RqlTimeout, match="RQL job 7 was still running after 10 s") as raised:
        rql(loopback, time).wait(NEW, timeout=10)
    assert 10 <= time.now() <= 10 + call
    assert (raised.value.job.id, raised.value.job.status) == (7, "running")
    assert set(paths(loopback)) == {"GET rql/job/7"}
    again = pickle.loads(pickle.dumps(raised.value))  # noqa: S301 - our own
    assert (str(again), again.job) == (str(raised.value), raised.value.job)


def test_a_look_that_nobody_answers_takes_no_longer(loopback: Loopback) -> None:
    """Nor is it tried again when the time is up."""
    loopback.script[:] = [job("running"), Reply(fault="close")]
    time = Time(loopback, call=6.0)

    with pytest.raises(RqlTimeout, match="after 10 s") as raised:
        rql(loopback, time).wait(NEW, timeout=10)
    assert isinstance(raised.value.__cause__, Unreachable)
    assert len(loopback.requests) == 2


def test_who_cannot_be_reached_long_before_is_told(loopback: Loopback) -> None:
    """It is no matter of the job's time."""
    loopback.script[:] = [Reply(fault="close")] * 2

    with pytest.raises(Unreachable):
        rql(loopback, Time(loopback)).wait(NEW, timeout=600)


def test_a_job_that_takes_too_long_is_cancelled(loopback: Loopback) -> None:
    """An account may have two at work; one that nobody waits for must not be in the way."""
    loopback.script[:] = [job("running")] * 100

    with pytest.raises(RqlTimeout) as raised:
        rql(loopback, Time(loopback)).run("SELECT 1", timeout=10)
    assert raised.value.job.id == 7
    assert (paths(loopback)[0], paths(loopback)[-1]) == ("POST rql/jobs", "POST rql/job/7/cancel")


@pytest.mark.parametrize(
    ("answer", "told"), [(job("cancelled"), []), (Reply(403), ["RQL job 7 could not be cancelled"])]
)
def test_a_job_that_is_interrupted_is_cancelled(
    loopback: Loopback, caplog: pytest.LogCaptureFixture, answer: Reply, told: list[str]
) -> None:
    """Ctrl+C ends the wait; that the job cannot be cancelled is told, not raised over it."""
    loopback.script[:] = [job("new"), answer]

    def interrupt(_seconds: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rql(loopback, Time(loopback), interrupt).run("SELECT 1")
    assert paths(loopback) == ["POST rql/jobs", "POST rql/job/7/cancel"]
    assert [record.getMessage().split(",")[0] for record in caplog.records if "rollbar" in record.name] == told


def test_to_cancel_takes_no_long_wait(loopback: Loopback) -> None:
    """Over the rate limit, it is left."""
    loopback.script[:] = [job("running")] * 2 + [Reply(429, {"X-Rate-Limit-Remaining-Seconds": "60"})] * 9
    time = Time(loopback)

    with pytest.raises(RqlTimeout):
        rql(loopback, time).run("SELECT 1", timeout=0.1)
    assert time.slept == [0.1]
    assert paths(loopback)[2:] == ["POST rql/job/7/cancel"]


def test_a_job_that_has_ended_is_not_cancelled(loopback: Loopback) -> None:
    """It failed by itself."""
    loopback.script[:] = [job("new"), job("failed"), job("failed")]

    with pytest.raises(RqlError):
        rql(loopback, Time(loopback)).run("SELECT 1")
    assert [path for path in paths(loopback) if "cancel" in path] == []
