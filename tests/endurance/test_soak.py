"""The soak for some seconds: what holds for minutes holds for these."""

from __future__ import annotations

import sys

import pytest

from tests.endurance.soak import soak

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the process measures itself in /proc"),
]


def test_every_report_is_accounted_for_whatever_the_server_does() -> None:
    """Delivered, on disk or counted as dropped; the counts add up throughout; threads, files and memory are bounded."""
    verdict = soak(8.0, seed=3, span=(0.3, 1.0), patience=3.0)

    assert not verdict.failures, "\n".join([*verdict.failures, *verdict.lines])
