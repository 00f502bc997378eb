"""What every test of a fault asks in the end: is each report accounted for, and did each arrive?"""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from rollbar_logging.handler import RollbarHandler
from tests.loopback import Loopback
from tests.pipelines import adds_up, uuids


def wait_until(happened: Callable[[], object], timeout: float = 60.0) -> None:
    """Wait for what another thread does."""
    deadline = time.monotonic() + timeout
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def all_arrived(handler: RollbarHandler, loopback: Loopback, count: int) -> bool:
    """Whether all reports are sent, none is dropped, and the server has said yes to each: so many uuids.

    More than one request to a uuid is the price of faults: the server drops the second. A new uuid would be a lie.
    """
    assert handler.flush(60)
    stats = handler.stats()
    assert adds_up(stats)
    assert (stats.accepted, stats.sent, stats.queued, stats.dropped) == (count, count, 0, {})
    assert len(set(uuids(loopback, 200))) == count
    assert set(uuids(loopback)) == set(uuids(loopback, 200))
    return True


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What the product said in the log."""
    return [record.getMessage() for record in caplog.records if record.name == "rollbar_logging"]
