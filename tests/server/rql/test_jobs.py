"""Jobs over HTTP: asked for, looked at, cancelled, taken up again."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from rollbar_logging.server import LocalServer
from rollbar_logging.server.rql import jobs as jobs_module
from rollbar_logging.server.rql.run import RqlResult, run_rql
from rollbar_logging.server.storage.rql_jobs import KEPT_SECONDS
from tests.server.conftest import Caller, item

COUNT = "SELECT count(*) FROM item_occurrence"


def result_of(answer: Any, status: int = 200) -> Any:
    """The result of an answer of that status."""
    assert answer.status_code == status, answer.text
    return answer.json().get("result", answer.json().get("message"))


def ended(caller: Caller, job: dict[str, Any], **more: Any) -> Any:
    """The job with its result, as soon as it has ended."""
    ends_at = time.monotonic() + 60
    while job["status"] in {"new", "running"}:
        assert time.monotonic() < ends_at, job
        job = result_of(caller.call("GET", f"rql/job/{job['id']}?expand=result", **more))
    return job


def run(caller: Caller, query: str, **fields: Any) -> Any:
    """The job of a query, as soon as it has ended."""
    job = result_of(caller.call("POST", "rql/jobs/", json={"query_string": query, **fields}))
    return result_of(caller.call("GET", f"rql/job/{ended(caller, job)['id']}?expand=result"))


class Gate:
    """Holds up queries until it is opened."""

    def __init__(self) -> None:
        self.is_open = threading.Event()
        self.inside = 0
        self.most_inside = 0
        self.stopped = 0
        self._lock = threading.Lock()

    def run(self, *given: Any, **more: Any) -> RqlResult:
        """Run a query, once the gate is open or the query is stopped."""
        with self._lock:
            self.inside += 1
            self.most_inside = max(self.most_inside, self.inside)
        ends_at = time.monotonic() + 60
        while not self.is_open.wait(0.005) and not more["stop"].is_set() and time.monotonic() < ends_at:
            pass
        with self._lock:
            self.inside -= 1
            self.stopped += more["stop"].is_set()
        return run_rql(*given, **more)

    def wait_inside(self, count: int) -> None:
        """Wait until so many are held up."""
        ends_at = time.monotonic() + 60
        while self.inside < count:
            assert time.monotonic() < ends_at
            time.sleep(0.005)


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    """A gate before every query."""
    gate = Gate()
    monkeypatch.setattr(jobs_module, "run_rql", gate.run)
    yield gate
    gate.is_open.set()


@pytest.fixture
def filed(tmp_path: Path) -> Iterator[Caller]:
    """A caller of a server whose database is a file, so that queries run beside everything else."""
    with LocalServer(database=tmp_path / "rql.db", rate_limit=None) as server:
        caller = Caller(server)
        with caller.session:
            yield caller


def test_from_query_to_result(caller: Caller) -> None:
    """A job has the documented fields, ends, and its result has rows aligned with columns."""
    for number in range(3):
        caller.post(item("hello", custom={"n": number}))
    query = "SELECT body.message.body, sum(custom.n) FROM item_occurrence GROUP BY 1"

    job = result_of(caller.call("POST", "rql/jobs/", json={"query_string": query}))
    assert set(job) == {"id", "project_id", "query_string", "status", "job_hash", "date_created", "date_modified"}
    assert (job["project_id"], job["query_string"]) == (1, query)
    assert job["status"] in {"new", "running", "success"}

    done = ended(caller, job)
    assert done["status"] == "success"
    answer = result_of(caller.call("GET", f"rql/job/{job['id']}/result?expand=job"))
    assert answer["job_id"] == job["id"]
    assert answer["job"]["status"] == "success"
    assert set(answer["job"]) == set(job)
    result = answer["result"]
    assert isinstance(result.pop("executionTime"), int)
    assert result == {
        "rows": [["hello", 3]],
        "selectionColumns": ["body.message.body", "sum(custom.n)"],
        "columns": ["body.message.body", "sum(custom.n)"],
        "errors": [],
        "warnings": [],
        "rowcount": 1,
    }
    plain = result_of(caller.call("GET", f"rql/job/{job['id']}"))
    assert set(plain) == set(job)
    assert "job" not in result_of(caller.call("GET", f"rql/job/{job['id']}/result"))


@pytest.mark.parametrize(
    "body",
    [
        lambda query: {"json": {"query_string": query, "force_refresh": True}},
        lambda query: {"data": {"query_string": query, "force_refresh": "true"}},
        lambda query: {"files": {"query_string": (None, query), "force_refresh": (None, "1")}},
    ],
    ids=["json", "form", "multipart"],
)
def test_bodies(shared_caller: Caller, body: Callable[[str], dict[str, Any]]) -> None:
    """JSON, a form and a form in parts are understood alike, with a final slash and without."""
    for path in ("rql/jobs", "rql/jobs/"):
        job = result_of(shared_caller.call("POST", path, **body(COUNT)))
        assert job["query_string"] == COUNT
        assert ended(shared_caller, job)["status"] == "success"


def test_the_same_query_has_the_same_job(caller: Caller) -> None:
    """Until a fresh result is asked for; a query that failed is tried again."""
    first = run(caller, COUNT)
    caller.post(item())

    again = run(caller, f" {COUNT} ")
    assert again["id"] == first["id"]
    assert again["result"]["rows"] == [[0]]
    fresh = run(caller, COUNT, force_refresh=True)
    assert fresh["id"] != first["id"]
    assert fresh["job_hash"] == first["job_hash"]
    assert fresh["result"]["rows"] == [[1]]
    assert run(caller, COUNT)["id"] == fresh["id"]
    failed = [run(caller, "SELECT") for _ in range(2)]
    assert failed[0]["id"] != failed[1]["id"]
    jobs = result_of(caller.call("GET", "rql/jobs/"))
    assert [job["id"] for job in jobs] == sorted((job["id"] for job in jobs), reverse=True)
    assert len(jobs) == 4
    assert result_of(caller.call("GET", "rql/jobs/?page=2")) == []


def test_a_query_that_is_none_fails(shared_caller: Caller) -> None:
    """The job failed, and its result says why."""
    job = run(shared_caller, "SELECT DISTINCT uuid FROM item_occurrence")

    assert job["status"] == "failed"
    assert job["result"]["rows"] == []
    assert "DISTINCT" in job["result"]["errors"][0]
    answer = result_of(shared_caller.call("GET", f"rql/job/{job['id']}/result"))
    assert answer["result"] == job["result"]


def test_show_tables(shared_caller: Caller) -> None:
    """Runs as a job like any other."""
    assert run(shared_caller, "show tables")["result"]["rows"] == [["item_occurrence"], ["deploy"]]


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({}, 422),
        ({"query_string": ""}, 422),
        ({"query_string": 5}, 422),
        ({"query_string": "x" * 20_001}, 422),
        ({"query_string": COUNT, "force_refresh": "maybe"}, 422),
        ([COUNT], 400),
    ],
)
def test_refused_bodies(shared_caller: Caller, fields: Any, status: int) -> None:
    """What is no query is refused before there is a job."""
    result_of(shared_caller.call("POST", "rql/jobs/", json=fields), status)


def test_who_may(caller: Caller) -> None:
    """Reading tokens of the project, and an account's that names it; nobody sees another project's jobs."""
    body = {"query_string": COUNT}
    job = run(caller, COUNT)
    account = caller.call("POST", "rql/jobs/", "account_read", json={**body, "project_id": 1})

    assert result_of(account)["id"] == job["id"]
    result_of(caller.call("POST", "rql/jobs/", "post_server_item", json=body), 403)
    result_of(caller.call("GET", f"rql/job/{job['id']}", "post_server_item"), 403)
    result_of(caller.call("GET", f"rql/job/{job['id']}", "account_read"), 422)
    other = result_of(caller.call("POST", "projects", "account_write", json={"name": "other"}))
    for path in (f"rql/job/{job['id']}", f"rql/job/{job['id']}/result"):
        result_of(caller.call("GET", f"{path}?project_id={other['id']}", "account_read"), 404)
    result_of(caller.call("POST", f"rql/job/{job['id']}/cancel?project_id={other['id']}", "account_write"), 404)
    assert result_of(caller.call("GET", f"rql/jobs?project_id={other['id']}", "account_read")) == []


@pytest.mark.parametrize("path", ["rql/job/999", "rql/job/999/result", f"rql/job/{2**70}"])
def test_no_such_job(shared_caller: Caller, path: str) -> None:
    """404 in the API's form."""
    assert result_of(shared_caller.call("GET", path), 404) == "not found"


def test_two_run_at_a_time_and_nothing_else_waits(filed: Caller, gate: Gate) -> None:
    """The third job is new until one has ended; items are taken and pages are read meanwhile."""
    jobs = [result_of(filed.call("POST", "rql/jobs", json={"query_string": f"{COUNT} LIMIT {n}"})) for n in (1, 2, 3)]
    gate.wait_inside(2)

    statuses = [result_of(filed.call("GET", f"rql/job/{job['id']}"))["status"] for job in jobs]
    assert statuses == ["running", "running", "new"]
    assert filed.post(item()).status_code == 200
    assert result_of(filed.call("GET", "items"))["total_count"] == 1
    message = result_of(filed.call("GET", f"rql/job/{jobs[2]['id']}/result"), 404)
    assert message == "The job has no result; its status is new."
    assert result_of(filed.call("GET", f"rql/job/{jobs[2]['id']}?expand=result"))["result"] is None
    gate.is_open.set()
    assert [ended(filed, job)["status"] for job in jobs] == ["success"] * 3
    assert gate.most_inside == 2


def test_cancelled(filed: Caller, gate: Gate) -> None:
    """A running job and a waiting one are cancelled, at once; one that has ended stays as it is."""
    jobs = [result_of(filed.call("POST", "rql/jobs", json={"query_string": f"{COUNT} LIMIT {n}"})) for n in (1, 2, 3)]
    gate.wait_inside(2)
    for job in (jobs[0], jobs[2]):
        assert result_of(filed.call("POST", f"rql/job/{job['id']}/cancel"))["status"] == "cancelled"
    gate.is_open.set()

    assert ended(filed, jobs[1])["status"] == "success"
    for job in (jobs[0], jobs[2]):
        again = result_of(filed.call("GET", f"rql/job/{job['id']}?expand=result"))
        assert (again["status"], again["result"]) == ("cancelled", None)
        result_of(filed.call("GET", f"rql/job/{job['id']}/result"), 404)
    assert result_of(filed.call("POST", f"rql/job/{jobs[1]['id']}/cancel"))["status"] == "success"
    fresh = result_of(filed.call("POST", "rql/jobs", json={"query_string": f"{COUNT} LIMIT 1"}))
    assert fresh["id"] != jobs[0]["id"]


def test_a_job_that_takes_too_long(filed: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its status says so, and so does the error."""
    late = RqlResult([], [], ["too long"], [], 0, 1.0, is_timed_out=True)
    monkeypatch.setattr(jobs_module, "run_rql", lambda *_, **__: late)

    job = run(filed, COUNT)

    assert (job["status"], job["result"]["errors"]) == ("timed_out", ["too long"])


def test_a_job_that_breaks(filed: Caller, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """It fails, and ends."""

    def broken(*_: Any, **__: Any) -> RqlResult:
        raise RuntimeError("broken")

    monkeypatch.setattr(jobs_module, "run_rql", broken)

    job = run(filed, COUNT)

    assert (job["status"], job["result"]["errors"]) == ("failed", ["The query could not be run."])
    assert "broken" in caplog.text


def test_a_stopped_server_leaves_its_jobs_to_the_next(tmp_path: Path, gate: Gate) -> None:
    """The end does not wait for queries; who looks at the job then has it run."""
    tokens = {"read": "r" * 32}
    with LocalServer(database=tmp_path / "rql.db", tokens=tokens) as server:
        caller = Caller(server)
        with caller.session:
            job = result_of(caller.call("POST", "rql/jobs", json={"query_string": COUNT}))
            gate.wait_inside(1)
    assert gate.stopped == 1
    gate.is_open.set()
    with LocalServer(database=tmp_path / "rql.db", tokens=tokens) as server:
        caller = Caller(server)
        with caller.session:
            assert ended(caller, job)["result"]["rows"] == [[0]]


def test_results_are_kept_for_a_week(tmp_path: Path) -> None:
    """Then the job is marked, its result is gone, and the query runs anew."""
    now = [1_700_000_000.0]
    with LocalServer(database=tmp_path / "rql.db", unix_clock=lambda: now[0]) as server:
        caller = Caller(server)
        with caller.session:
            job = run(caller, COUNT)
            now[0] += KEPT_SECONDS
            assert result_of(caller.call("GET", f"rql/job/{job['id']}"))["status"] == "success"
            now[0] += 1
            for _ in range(2):  # before and after something was written
                aged = result_of(caller.call("GET", f"rql/job/{job['id']}?expand=result"))
                assert (aged["status"], aged["result"]) == ("deleted", None)
                assert "deleted" in {each["status"] for each in result_of(caller.call("GET", "rql/jobs"))}
                assert run(caller, COUNT)["id"] != job["id"]
