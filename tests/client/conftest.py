"""A server with something in it, and clients with each kind of token."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
import requests

from rollbar_logging.client import Patience, RollbarClient
from rollbar_logging.server import LocalServer
from tests.server.conftest import error_item, item

QUICK = Patience(timeout=60.0, retries=2, rate_limit_wait=5.0)


@pytest.fixture
def server() -> Iterator[LocalServer]:
    """A server that nobody has called yet."""
    with LocalServer(rate_limit=None) as up:
        yield up


@pytest.fixture
def client_of(server: LocalServer) -> Iterator[Callable[..., RollbarClient]]:
    """Make a client with the token of that name."""
    with ExitStack() as stack:

        def make(token: str, **options: Any) -> RollbarClient:
            return stack.enter_context(
                RollbarClient(server.tokens[token], server.endpoint, **{"patience": QUICK, **options})
            )

        yield make


@pytest.fixture
def reader(client_of: Callable[..., RollbarClient]) -> RollbarClient:
    """A client that may read."""
    return client_of("read")


@pytest.fixture
def writer(client_of: Callable[..., RollbarClient]) -> RollbarClient:
    """A client that may change things."""
    return client_of("write")


@pytest.fixture
def poster(client_of: Callable[..., RollbarClient]) -> RollbarClient:
    """A client that may report deploys."""
    return client_of("post_server_item")


@pytest.fixture
def account(client_of: Callable[..., RollbarClient]) -> RollbarClient:
    """A client of the account that may do everything."""
    return client_of("account_write")


def post(to: LocalServer, text: str = "boom", /, *, is_error: bool = False, **data: Any) -> str:
    """Post an item; return its uuid."""
    payload = error_item(text, **data) if is_error else item(text, **data)
    headers = {"X-Rollbar-Access-Token": to.tokens["post_server_item"]}
    answer = requests.post(to.endpoint + "item/", json=payload, headers=headers, timeout=10)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["result"]["uuid"])
