"""Deploys and queries."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from rollbar_logging.client import (
    Conflict,
    NotFound,
    RollbarClient,
    RqlError,
    ServerError,
    Unprocessable,
)
from rollbar_logging.client.rql import RqlResult
from rollbar_logging.server import LocalServer
from tests.client.conftest import QUICK, post
from tests.loopback import Loopback, Reply


def test_a_deploy_is_reported_and_read(poster: RollbarClient, reader: RollbarClient) -> None:
    """What was reported comes back, with moments in UTC."""
    deploy_id = poster.deploys.report("production", "abc123", comment="at last", local_username="me")
    deploy = reader.deploys.get(deploy_id)

    assert (deploy.environment, deploy.revision, deploy.status) == ("production", "abc123", "succeeded")
    assert (deploy.comment, deploy.local_username) == ("at last", "me")
    assert deploy.started_at is not None
    assert [each.id for each in reader.deploys.list()] == [deploy_id]
    with pytest.raises(NotFound):
        reader.deploys.get(4711)
    with pytest.raises(Unprocessable):
        poster.deploys.report("", "")


def test_a_deploy_that_is_tracked_ends_as_it_went(poster: RollbarClient, reader: RollbarClient) -> None:
    """Started while the block runs, then succeeded; failed when the block raises, whose error goes on."""
    with poster.deploys.track("production", "1") as good:
        assert reader.deploys.get(good).status == "started"
    assert reader.deploys.get(good).status == "succeeded"
    assert reader.deploys.get(good).finished_at is not None

    def fail() -> None:
        with poster.deploys.track("production", "2"):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert [each.status for each in reader.deploys.list()] == ["failed", "succeeded"]
    with pytest.raises(Conflict, match="not started"):
        poster.deploys.update(good, "failed")


def test_the_blocks_own_error_wins(server: LocalServer, poster: RollbarClient) -> None:
    """When the server has gone, the error of the block is raised all the same."""

    def fail() -> None:
        with poster.deploys.track("production", "3"):
            server.stop()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()


def test_the_end_of_a_deploy_is_reported_again_after_a_failure(loopback: Loopback) -> None:
    """Once ended it cannot be ended again, so repeating does no harm; to report another one would."""
    loopback.script[:] = [Reply(503), Reply(200, body='{"err": 0, "result": {}}')]
    with RollbarClient("token", loopback.endpoint, patience=QUICK) as client:
        client.deploys.update(7, "succeeded")
        assert len(loopback.requests) == 2
        loopback.script[:] = [Reply(503)]
        with pytest.raises(ServerError):
            client.deploys.report("e", "r")
    assert len(loopback.requests) == 3


def test_more_deploys_than_a_page_holds(poster: RollbarClient, reader: RollbarClient) -> None:
    """All come, the last first."""
    ids = [poster.deploys.report("production", str(number)) for number in range(45)]

    assert [each.id for each in reader.deploys.list()] == ids[::-1]


def test_a_query_is_answered(server: LocalServer, reader: RollbarClient) -> None:
    """Rows come as lists, as dicts and by column."""
    post(server, "one", environment="a")
    post(server, "two", environment="b")
    post(server, "two", environment="b")
    result = reader.rql.run(
        "SELECT item.environment, count(*) FROM item_occurrence GROUP BY item.environment ORDER BY 2 DESC"
    )

    assert [list(row) for row in result.rows] == [["b", 2], ["a", 1]]
    assert result.column("item.environment") == ["b", "a"]
    assert next(result.dicts())["item.environment"] == "b"
    with pytest.raises(ValueError, match="is not in list"):
        result.column("nonsense")
    assert [job.status for job in reader.rql.list()] == ["success"]


def test_a_query_that_fails_says_why(reader: RollbarClient) -> None:
    """What the API found wrong is in the error."""
    with pytest.raises(RqlError) as raised:
        reader.rql.run("SELECT FROM nowhere")
    assert raised.value.job.status == "failed"
    assert raised.value.errors


@pytest.mark.parametrize(
    "wrap", [lambda result: result, lambda result: {"job_id": 1, "result": result}], ids=["bare", "in its job"]
)
@pytest.mark.parametrize("rows", [[[1, "a"]], [{"n": 1, "t": "a"}]], ids=["lists", "objects"])
def test_rows_may_be_lists_or_objects(wrap: Callable[[Any], Any], rows: list[Any]) -> None:
    """The API's documentation shows objects, its clients know both."""
    result = RqlResult.of(wrap({"rows": rows, "selectionColumns": ["n", "t"], "errors": [], "warnings": None}))

    assert [list(row) for row in result.rows] == [[1, "a"]]
    assert list(result.dicts()) == [{"n": 1, "t": "a"}]
