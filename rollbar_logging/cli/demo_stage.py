"""What surrounds the demo's application: environment, logging, secrets, a neighbour that uses up the rate limit."""

from __future__ import annotations

import logging
import os
import secrets as random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from logging.config import dictConfig
from typing import Any

import requests

PREFIX = "ROLLBAR_"
NEIGHBOUR_UUID = "a-noisy-neighbour"
_NEIGHBOUR = "a noisy neighbour says the same again and again"
_NO_PROXY = ("no_proxy", "NO_PROXY")
_OK, _TOO_MANY = 200, 429
_LEAST_SECONDS = 2
"""What the server must tell is left of a used-up window: it rounds up, so that more than one second is."""
_MOST_WINDOWS = 4


@contextmanager
def environment(variables: Mapping[str, str]) -> Iterator[list[str]]:
    """Set environment variables for a while, and no other of ours; no proxy stands between this machine and itself.

    Args:
        variables: Names, which begin with `PREFIX`, and values.

    Yields:
        The names of the variables that are set aside meanwhile.
    """
    aside = {name: value for name, value in os.environ.items() if name.startswith(PREFIX)}
    before = {name: os.environ.get(name) for name in (*aside, *variables, *_NO_PROXY)}
    try:
        for name in aside:
            del os.environ[name]
        os.environ.update({**variables, **dict.fromkeys(_NO_PROXY, "127.0.0.1")})
        yield sorted(aside)
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextmanager
def logging_configured(config: dict[str, Any]) -> Iterator[None]:
    """Configure `logging` for a while; then the handlers of *config* are closed, and all is as it was.

    ``dictConfig`` closes every handler of the process, so those that are there are hidden from it. It resets the
    loggers below those that it configures, so the states of all are kept.
    """
    states = _states()
    references, by_name = list(_references()), dict(_by_name())
    _references().clear()
    _by_name().clear()
    try:
        dictConfig(config)
        yield
    finally:
        own = [handler for name in config["handlers"] if (handler := _by_name().get(name)) is not None]
        for handler in own:
            handler.close()
        # What was collected meanwhile could not take itself out of the list; what others made meanwhile stays.
        kept = [*references, *(made for made in _references() if made() not in own)]
        _references()[:] = [reference for reference in kept if reference() is not None]
        _by_name().update(by_name)
        for logger in _states():
            _restore(logger, states.get(logger, _UNTOUCHED))


class Secrets:
    """Makes secrets at random and remembers them, so that they can be looked for in what arrives."""

    def __init__(self) -> None:
        self.planted: list[str] = []

    def plant(self, count: int) -> list[str]:
        """Return new ones of 32 hex digits."""
        made = [random.token_hex(16) for _ in range(count)]
        self.planted += made
        return made

    def found_in(self, text: str) -> int:
        """Count the secrets of which *text* holds all or the beginning."""
        return sum(secret[:12] in text for secret in self.planted)


def use_up_window(endpoint: str, access_token: str, sleep: Callable[[float], None] = time.sleep) -> int:
    """Post as another application with the same token would, until the rate limit's window has no call left.

    Args:
        endpoint: The API's base, with a final slash.
        access_token: Whose window.
        sleep: Waits for the next window, when too little is left of this one.

    Returns:
        The calls that were made. When the last was made, the window was to stay closed for more than a second;
        unless the server tells of no limit, or takes nothing.
    """
    # The same uuid each time: the server counts every call, and keeps one report.
    body = {"message": {"body": _NEIGHBOUR}}
    item = {"data": {"environment": "demo", "level": "info", "uuid": NEIGHBOUR_UUID, "body": body}}
    calls = windows = 0
    with requests.Session() as session:
        session.trust_env = False
        session.headers["X-Rollbar-Access-Token"] = access_token
        while windows < _MOST_WINDOWS:
            answer = session.post(f"{endpoint}item/", json=item, timeout=10)
            calls += 1
            if answer.status_code not in {_OK, _TOO_MANY} or "x-rate-limit-remaining" not in answer.headers:
                return calls
            if answer.headers["x-rate-limit-remaining"] == "0":
                windows += 1
                seconds = int(answer.headers["x-rate-limit-remaining-seconds"])
                if seconds >= _LEAST_SECONDS:
                    return calls
                sleep(seconds)
    return calls


_State = tuple[int, list[logging.Handler], bool, bool]
_UNTOUCHED: _State = (logging.NOTSET, [], True, False)


def _states() -> dict[logging.Logger, _State]:
    root = logging.getLogger()
    return {
        logger: (logger.level, logger.handlers[:], logger.propagate, logger.disabled)
        for logger in (root, *root.manager.loggerDict.values())
        if isinstance(logger, logging.Logger)  # and no placeholder for one
    }


def _restore(logger: logging.Logger, state: _State) -> None:
    level, handlers, logger.propagate, logger.disabled = state
    logger.handlers[:] = handlers
    logger.setLevel(level)


# `logging` has no public way to all its handlers.


def _references() -> list[Any]:
    return logging._handlerList  # type: ignore[attr-defined,no-any-return]  # noqa: SLF001 - see above


def _by_name() -> Any:
    return logging._handlers  # type: ignore[attr-defined]  # noqa: SLF001 - see above
