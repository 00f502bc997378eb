"""Fixtures for the tests of what users test with."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Iterator

import pytest

_numbers = itertools.count(1)


@pytest.fixture
def logger() -> Iterator[logging.Logger]:
    """A logger of the test's own, which in the end has no handlers."""
    logger = logging.getLogger(f"shop{next(_numbers)}")
    yield logger
    for handler in list(logger.handlers):
        logger.removeHandler(handler)
        handler.close()
    logger.propagate = True
