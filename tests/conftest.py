"""Fixtures for every test: a clean environment, and a server on the loopback interface."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.loopback import Loopback

# A deadline would be an assertion on the clock, and fail where the machine is busy or coverage is measured.
settings.register_profile("no_clock", parent=settings.default, deadline=None)
settings.load_profile("no_clock")


def pytest_configure(config: pytest.Config) -> None:
    """Let those processes not be measured that a test starts: some of them count what they import.

    And let them end at Ctrl+C, also where these tests were started in the background of a shell, which ignores it.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    shares_the_work = bool(config.getoption("numprocesses", None)) and not hasattr(config, "workerinput")
    if not shares_the_work:
        os.environ.pop("COVERAGE_PROCESS_START", None)


_TRANSPORT_VARIABLES = {"REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR", "NETRC"}


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No option, proxy or certificate of the machine reaches a test."""
    for name in list(os.environ):
        if name.startswith("ROLLBAR_") or name.lower().endswith("_proxy") or name in _TRANSPORT_VARIABLES:
            monkeypatch.delenv(name)


@pytest.fixture
def loopback() -> Iterator[Loopback]:
    """A server on 127.0.0.1 that answers by its script; see `tests.loopback`."""
    with Loopback() as server:
        yield server
