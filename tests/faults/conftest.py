"""Fixtures for the faults: pauses as short as a test, and nothing of the machine's own."""

from __future__ import annotations

import pytest

from rollbar_logging.delivery import policy, rate_limit

PAUSE = 0.05


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is tried again is tried at once; how long pauses are is told by the policy's own tests."""
    monkeypatch.setattr(policy, "backoff", lambda attempts, jitter: PAUSE)
    monkeypatch.setattr(policy, "BRIEF_HOLD", PAUSE)
    monkeypatch.setattr(policy, "MAX_HOLD", 2 * PAUSE)
    monkeypatch.setattr(policy, "MISCONFIGURED_HOLD", PAUSE)
    monkeypatch.setattr(rate_limit, "MAX_HOLD", 2 * PAUSE)
    monkeypatch.setattr(rate_limit, "FALLBACK_HOLD", PAUSE)
    monkeypatch.setattr(rate_limit, "MARGIN", PAUSE)
