"""A few kills: what holds for fifty holds for these."""

from __future__ import annotations

import signal

import pytest

from tests.endurance.kill import kill

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system does not kill"),
]


def test_what_was_logged_a_second_before_a_kill_arrives() -> None:
    """With ``spool="always"``, a flaky server and another process beside it; and it arrives under one uuid."""
    verdict = kill(4, seed=2, together=2, longest=2.0, patience=60.0)

    assert not verdict.failures, "\n".join([*verdict.failures, *verdict.lines])
