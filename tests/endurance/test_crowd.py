"""A small crowd: what holds for many processes holds for a few."""

from __future__ import annotations

import pytest

from tests.endurance.crowd import Crowd

pytestmark = pytest.mark.slow


def test_processes_that_share_a_spool_share_the_rate_limit() -> None:
    """All their reports arrive, once, and the limit costs hardly more than one refused request a window."""
    verdict = Crowd(processes=4, reports=60, rate=0.0, limit=60, window=1.0).run()

    assert not verdict.failures, "\n".join([*verdict.failures, *verdict.lines])
