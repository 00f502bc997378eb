"""What is reported, for tests of integrations that need no server."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from rollbar_logging import RollbarHandler
from rollbar_logging.testing import Reports, capture_reports


@pytest.fixture
def reports() -> Iterator[Reports]:
    """What is reported, through a handler on the root logger."""
    handler = RollbarHandler(access_token="0123456789abcdef", capture_budget=10)  # also on a slow machine
    logging.getLogger().addHandler(handler)
    with capture_reports() as captured:
        yield captured
    logging.getLogger().removeHandler(handler)
    handler.close()
