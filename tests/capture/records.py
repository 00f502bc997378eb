"""Log records made by hand for the tests, and what is captured of them and of requests."""

from __future__ import annotations

import logging
from typing import Any

from rollbar_logging.capture.occurrence import Occurrence
from rollbar_logging.capture.request import read_request
from tests.capture.material import assert_plain, reading, recorder


def capture(record: logging.LogRecord, **options: Any) -> Occurrence:
    """Capture a record that was made by hand."""
    occurrence = recorder(**options).capture(record)
    assert occurrence is not None
    assert_plain(list(occurrence))
    return occurrence


def made(**facts: Any) -> logging.LogRecord:
    """Make a record by hand, as what comes from another process is made."""
    return logging.makeLogRecord({"levelno": logging.ERROR, "name": "app", **facts})


def read(request: Any, **bounds: Any) -> Any:
    """Read a request with ample time, and see that the result is plain."""
    found = read_request(request, reading(**bounds))
    assert_plain(found)
    return found
