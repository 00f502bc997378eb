"""Two servers that use one PostgreSQL database give what one would: the second finds what the first has done."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from typing import Any

import pytest
from sqlalchemy import Connection, func, select, text

from rollbar_logging.errors import RollbarError
from rollbar_logging.server import LocalServer
from rollbar_logging.server.arrival import Arrival, Sender, arrival_of
from rollbar_logging.server.storage.access_tokens import add_token, list_tokens
from rollbar_logging.server.storage.database import Database
from rollbar_logging.server.storage.invites import add_invite, list_invites
from rollbar_logging.server.storage.opening import Store, open_store
from rollbar_logging.server.storage.people import ensure_user, list_users
from rollbar_logging.server.storage.projects import add_project, list_projects
from rollbar_logging.server.storage.removal import add_people_job, find_people_job, remove_person
from rollbar_logging.server.storage.rql_jobs import claim, list_jobs, take_job
from rollbar_logging.server.storage.tables import hourly_counts, item_events, items, occurrences
from rollbar_logging.server.storage.teams import add_team, list_teams
from rollbar_logging.server.storage.uploads import Upload, keep_uploads
from rollbar_logging.server.storage.writing import add_all
from tests.server.conftest import Caller, item

NOW = 1_700_000_000
WAIT = 60.0
_WAITING = text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")

Job = Callable[[Connection], Any]


def until(is_so: Callable[[], Any]) -> None:
    """Wait until something is so."""
    ends_at = time.monotonic() + WAIT
    while not is_so():
        assert time.monotonic() < ends_at
        time.sleep(0.02)


@pytest.fixture
def stores(postgres_url: str) -> Iterator[tuple[Store, Store]]:
    """What two servers have open."""
    with closing(open_store(postgres_url, NOW)) as first, closing(open_store(postgres_url, NOW)) as second:
        yield first, second


def waiting(store: Store) -> int:
    """How many transactions wait for another."""
    assert store.readers is not None
    with store.readers.connect() as connection:
        return int(connection.scalar(_WAITING) or 0)


def overlapping(stores: tuple[Store, Store], first: Job, second: Job) -> tuple[Any, Any]:
    """Have the second begin, and go as far as it can, before the first has ended; return what came of both."""

    def run_second() -> Any:
        try:
            with stores[1].writer.begin() as connection:
                return second(connection)
        except RollbarError as error:
            return str(error)

    with ThreadPoolExecutor(1) as other:
        with stores[0].writer.begin() as connection:
            begun = first(connection)
            running: Future[Any] = other.submit(run_second)
            until(lambda: running.done() or waiting(stores[0]))
        return begun, running.result(WAIT)


def arrival(**data: Any) -> Arrival:
    """Return an occurrence that arrives."""
    return arrival_of(item("boom", **data)["data"], Sender(1, "token", "", NOW, 100))


def read(stores: tuple[Store, Store], question: Job) -> Any:
    """Ask the database."""
    with stores[0].writer.connect() as connection:
        return question(connection)


def test_an_item_is_made_once(stores: tuple[Store, Store]) -> None:
    """Of two first occurrences of one failure each server has one."""
    one, other = (arrival(fingerprint="same", environment=name) for name in ("a", "b"))
    first, second = overlapping(
        stores,
        lambda found: add_all(found, [one], NOW),
        lambda found: add_all(found, [one._replace(uuid="u"), other], NOW),
    )

    assert [added.is_duplicate for added in (*first, *second)] == [False] * 3
    assert second[0].item_id == first[0].item_id != second[1].item_id
    rows = read(stores, lambda found: found.execute(select(items.c.counter, items.c.total_occurrences)).all())
    assert sorted(rows) == [(1, 2), (2, 1)]


def test_a_uuid_is_stored_once(stores: tuple[Store, Store]) -> None:
    """Whichever server it is sent to again."""
    again = arrival(uuid="same")
    first, second = overlapping(
        stores, lambda found: add_all(found, [again], NOW), lambda found: add_all(found, [again], NOW)
    )

    assert (first[0].is_duplicate, second[0].is_duplicate) == (False, True)
    assert read(stores, lambda found: found.scalar(select(func.count()).select_from(occurrences))) == 1


def test_an_item_is_reactivated_once(stores: tuple[Store, Store]) -> None:
    """The second occurrence finds it active, and is counted with the first."""
    with stores[0].writer.begin() as connection:
        add_all(connection, [arrival(fingerprint="same")], NOW)
        connection.execute(items.update().values(status="resolved"))
    again = arrival(fingerprint="same")
    overlapping(
        stores,
        lambda found: add_all(found, [again], NOW),
        lambda found: add_all(found, [again._replace(uuid="other")], NOW),
    )

    assert read(stores, lambda found: found.scalar(select(items.c.total_occurrences))) == 2
    events = read(stores, lambda found: found.scalars(select(item_events.c.event)).all())
    assert sorted(events) == ["new", "reactivated"]


_ONCE: dict[str, tuple[Job, Job, Any, Any]] = {
    "project": (
        lambda found: add_project(found, "Shop", NOW),
        lambda found: add_project(found, "shop", NOW),
        "Project with this name already exists.",
        lambda found: [project.name for project in list_projects(found)][1:],
    ),
    "team": (
        lambda found: add_team(found, "Blue", "standard").name,
        lambda found: add_team(found, "blue", "standard"),
        "Team with this name already exists.",
        lambda found: [team.name for team in list_teams(found) if team.access_level == "standard"],
    ),
    "user": (
        lambda found: ensure_user(found, "ann", "Ann@example.com", NOW),
        lambda found: ensure_user(found, "ann", "ann@example.com", NOW),
        None,
        lambda found: [user.username for user in list_users(found)][1:],
    ),
    "invite": (
        lambda found: add_invite(found, 1, "ann@example.com", NOW).id,
        lambda found: add_invite(found, 1, "Ann@example.com", NOW).id,
        1,
        lambda found: [invite.id for invite in list_invites(found, 1, limit=5)],
    ),
    "query": (
        lambda found: take_job(found, 1, "SELECT 1 FROM deploy", is_refreshed=False, now=NOW).id,
        lambda found: take_job(found, 1, "SELECT 1 FROM deploy", is_refreshed=False, now=NOW).id,
        1,
        lambda found: [job.id for job in list_jobs(found, 1, limit=5, offset=0, now=NOW)],
    ),
    "token": (
        lambda found: add_token(found, "text", "one", ["read"], project_id=1, now=NOW),
        lambda found: add_token(found, "text", "two", ["read"], project_id=1, now=NOW),
        "the access token given for two is in use already: give another one",
        lambda found: [token.name for token in list_tokens(found, 1)],
    ),
    "upload": (
        lambda found: keep_uploads(found, 1, [Upload("1", "u", "source_map", b"first")], NOW),
        lambda found: keep_uploads(found, 1, [Upload("1", "u", "source_map", b"second")], NOW),
        None,
        lambda found: [bytes(row) for row in found.scalars(text("SELECT content FROM source_maps"))],
    ),
}


@pytest.mark.parametrize("what", _ONCE)
def test_what_is_to_be_there_once_is_made_once(stores: tuple[Store, Store], what: str) -> None:
    """The second server finds what the first has made, though it began before that was there."""
    first, second, told, ask = _ONCE[what]

    assert overlapping(stores, first, second)[1] == told
    assert len(read(stores, ask)) == 1


def test_a_new_database_is_made_by_one_of_them(postgres_url: str) -> None:
    """The others wait, and find it."""
    start = threading.Barrier(4)

    def open_it() -> list[str]:
        start.wait(WAIT)
        with closing(open_store(postgres_url, NOW)) as store, store.writer.connect() as connection:
            return [project.name for project in list_projects(connection)]

    with ThreadPoolExecutor(4) as pool:
        opened = [pool.submit(open_it) for _ in range(4)]
        assert [each.result(WAIT) for each in opened] == [["local"]] * 4


def test_a_server_that_stands_still_loses_its_turn(stores: tuple[Store, Store]) -> None:
    """PostgreSQL ends its transaction after a minute, and the others go on."""
    with stores[0].writer.connect() as connection:
        assert connection.scalar(text("SHOW idle_in_transaction_session_timeout")) == "1min"
        connection.rollback()


def test_a_person_is_removed_by_both_and_that_is_no_failure(postgres_url: str) -> None:
    """As it happens when the second server starts while the first is at it: whoever is later has nothing to do."""
    with closing(Database(lambda: open_store(postgres_url, NOW), lambda: NOW)) as database:
        database.start()
        arrivals = [arrival(person={"id": f"p{number % 2}"}, fingerprint="f") for number in range(6)]
        database.change(lambda found: add_all(found, arrivals, NOW)).result(WAIT)
        job = database.change(lambda found: add_people_job(found, "id", "p1", NOW)).result(WAIT)
        states: list[str] = []
        remove_person(database, job)
        remove_person(database, job)

        def is_over() -> bool:
            found = database.change(lambda connection: find_people_job(connection, job)).result(WAIT)
            states.append(found.state if found else "")
            return states[-1] not in {"new", "running"}

        until(is_over)
        for _ in range(5):  # what the later one has still to do comes before these
            is_over()
        left = database.ask(lambda found: found.scalars(select(occurrences.c.user_id)).all()).result(WAIT)
    assert (set(states) - {"new", "running"}, set(left)) == ({"success"}, {"p0"})


def test_a_query_is_run_by_one_of_them(stores: tuple[Store, Store]) -> None:
    """The other one leaves it alone as long as that is at work."""
    assert stores[0].readers is not None
    assert stores[1].readers is not None
    with stores[0].readers.connect() as first, stores[1].readers.connect() as second:
        assert (claim(first, 7), claim(second, 7), claim(second, 8)) == (True, False, True)
        first.rollback()
        assert claim(second, 7)


@pytest.fixture
def callers(postgres_url: str) -> Iterator[list[Caller]]:
    """Callers of two servers with the same tokens."""
    names = ("post_server_item", "post_client_item", "read", "write", "account_read", "account_write")
    tokens = {name: f"{name}-of-both" for name in names}
    with (
        LocalServer(database=postgres_url, tokens=tokens) as one,
        LocalServer(database=postgres_url, tokens=tokens) as two,
    ):
        both = [Caller(one), Caller(two)]
        with both[0].session, both[1].session:
            yield both


def test_whatever_comes_to_both_at_once_is_counted_once(callers: list[Caller]) -> None:
    """Each item has a counter of its own, each uuid is stored once, and all figures add up."""
    start = threading.Barrier(6)

    def post(number: int) -> Counter[int]:
        caller = Caller(callers[number % 2].server)
        with caller.session:
            start.wait(WAIT)
            # Pairs of callers, one of each server, send the same uuids; all send the same failures.
            return Counter(
                caller.post(item(fingerprint=f"f{index % 15}", uuid=f"{number // 2}-{index}")).status_code
                for index in range(30)
            )

    with ThreadPoolExecutor(6) as pool:
        statuses = sum(pool.map(post, range(6)), Counter[int]())

    assert statuses == {200: 180}
    found = callers[0].get("items").json()["result"]["items"]
    assert sorted(each["counter"] for each in found) == list(range(1, 16))
    assert {each["total_occurrences"] for each in found} == {6}
    with (
        closing(open_store(str(callers[0].server._options.database), NOW)) as store,
        store.writer.connect() as database,
    ):
        assert database.scalar(select(func.count()).select_from(occurrences)) == 90
        assert database.scalar(select(func.sum(hourly_counts.c.count))) == 90
        assert database.scalars(select(item_events.c.event)).all() == ["new"] * 15


def test_a_deploy_is_finished_once(callers: list[Caller], postgres_url: str) -> None:
    """The second to tell how it ended is told that it has."""
    deploy = (
        callers[0]
        .call("POST", "deploy", "post_server_item", json={"environment": "e", "revision": "r", "status": "started"})
        .json()["data"]["deploy_id"]
    )
    with closing(open_store(postgres_url, NOW)) as store, ThreadPoolExecutor(2) as pool:
        assert store.readers is not None
        with store.readers.begin() as holding:
            holding.execute(text("SELECT id FROM deploys FOR UPDATE"))
            answers = [
                pool.submit(caller.call, "PATCH", f"deploy/{deploy}", "post_server_item", json={"status": status})
                for caller, status in zip(callers, ("succeeded", "failed"), strict=True)
            ]
            until(lambda: waiting(store) == 2)
        assert sorted(answer.result(WAIT).status_code for answer in answers) == [200, 409]


def test_each_learns_of_the_others_tokens(callers: list[Caller]) -> None:
    """A new one, one that is deleted, and a new limit count for both within seconds."""
    one, other = callers
    project = {"name": "extra", "scopes": ["read"]}
    made = one.call("POST", "project/1/access_tokens", "account_write", json=project).json()["result"]
    headers = {"X-Rollbar-Access-Token": made["access_token"]}

    def answer() -> Any:
        return other.session.get(other.server.endpoint + "items", headers=headers, timeout=WAIT)

    until(lambda: answer().status_code == 200)
    limit = {"rate_limit_window_size": 3600, "rate_limit_window_count": 1000}
    changed = one.call("PATCH", f"project/1/access_token/{made['public_id']}", "account_write", json=limit)
    assert changed.status_code == 200, changed.text
    until(lambda: answer().headers["X-Rate-Limit-Limit"] == "1000")
    assert one.call("DELETE", f"project/1/access_token/{made['public_id']}", "account_write").status_code == 200
    until(lambda: answer().status_code == 403)
    assert json.loads(answer().text)["message"].startswith("access token not found")


def test_a_job_that_is_at_work_elsewhere_is_left_alone(callers: list[Caller], postgres_url: str) -> None:
    """Whoever looks at it does not have it run again, until the server that had it at work is gone."""
    caller = callers[1]

    def status(job: int) -> str:
        return str(caller.get(f"rql/job/{job}").json()["result"]["status"])

    with closing(open_store(postgres_url, NOW)) as store:
        with store.writer.begin() as connection:
            job = take_job(connection, 1, "SELECT 1 FROM deploy", is_refreshed=False, now=time.time()).id
        assert store.readers is not None
        with store.readers.connect() as elsewhere:
            assert claim(elsewhere, job)
            until(lambda: status(job) == "running")
            other = caller.call("POST", "rql/jobs", json={"query_string": "SELECT 2 FROM deploy"}).json()["result"][
                "id"
            ]
            until(lambda: status(other) == "success")
            assert status(job) == "running"
        until(lambda: status(job) == "success")
