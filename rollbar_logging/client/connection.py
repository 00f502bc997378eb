"""One call of the API: sent, waited for, tried again where that is safe, and turned into a value or an error."""

from __future__ import annotations

import copy
import logging
import math
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any, NamedTuple

import requests
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from rollbar_logging.client.errors import ApiError, RateLimited, ServerError, Unreachable, error_class
from rollbar_logging.errors import RollbarError
from rollbar_logging.version import VERSION

DEFAULT_ENDPOINT = "https://api.rollbar.com/api/1/"
HEADER = "X-Rollbar-Access-Token"

_logger = logging.getLogger("rollbar_logging")

_REPEATABLE = frozenset({"GET", "HEAD", "PUT"})
_PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Seconds before the second, third … attempt; the last one stands for all later ones."""
_DEFAULT_WAIT = 60.0
_LEAST_TIMEOUT = 0.1
"""Seconds: a call that is made at all gets as much."""
_LONGEST_MESSAGE = 500
_OK, _FIRST_ERROR, _RATE_LIMITED, _FIRST_SERVER_ERROR = 200, 400, 429, 500


class Patience(NamedTuple):
    """How long a client puts up with failures.

    Attributes:
        timeout: Seconds for connecting, and for each part of the answer.
        retries: Further attempts after no answer or a server's error, where repeating does no harm.
        rate_limit_wait: Seconds that one call may wait in all for windows of the rate limit to end; 0: not at all.
    """

    timeout: float = 30.0
    retries: int = 3
    rate_limit_wait: float = 300.0


class Connection:
    """The way to the API with one access token. Keeps its connections open until `close`."""

    def __init__(
        self,
        access_token: str,
        endpoint: str,
        patience: Patience,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Keep what calls need; nothing is opened before the first.

        Args:
            access_token: A project's or the account's.
            endpoint: The API's base.
            patience: See `Patience`.
            sleep: Waits so many seconds.
            clock: Unix seconds.
            monotonic: Seconds that only go forward.

        Raises:
            RollbarError: The access token has signs that none can have.
        """
        if not (access_token.isascii() and access_token.isprintable() and " " not in access_token):
            raise RollbarError("the access token has signs that none can have: maybe more was copied than the token")
        self._access_token = access_token
        self._endpoint = endpoint if endpoint.endswith("/") else f"{endpoint}/"
        self._patience = patience
        self._sleep = sleep
        self._clock = clock
        self._monotonic = monotonic
        self._deadline = math.inf
        self._session = requests.Session()
        self._session.headers.update({"User-Agent": f"rollbar-logging/{VERSION}", "Accept": "application/json"})
        self._session.auth = _no_authentication

    def __repr__(self) -> str:
        return f"Connection({self._endpoint!r})"

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def within(self, seconds: float) -> Connection:
        """Return the same way, over the same connections, with so much time from now on.

        Calls over it neither pause beyond that, nor wait longer than what is left of it for an answer.
        """
        bounded = copy.copy(self)
        bounded._deadline = self._monotonic() + seconds  # noqa: SLF001 - it is one of us
        return bounded

    def get(self, path: str, **params: Any) -> Any:
        """Call ``GET`` and return ``result``; parameters that are ``None`` are left out."""
        return self.call("GET", path, params=params)

    def call(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        files: Mapping[str, Any] | None = None,
        form: Mapping[str, Any] | None = None,
        is_repeatable: bool | None = None,
        key: str = "result",
    ) -> Any:
        """Make a call and return a part of its answer.

        Args:
            method: Of HTTP.
            path: Below the endpoint, without a slash at either end.
            params: Of the query; those that are ``None`` are left out.
            json: Value of a JSON body.
            files: Of a multipart body, by field.
            form: Other fields of a multipart body or a form.
            is_repeatable: Whether it does no harm to make the call twice; by default, for GET, HEAD and PUT. One that
                found no connection is repeated in any case: nothing was sent.
            key: The part of the answer.

        Raises:
            ApiError: There was no answer, or none of success.
        """
        answer = self._answer(method, path, params, json, files, form, is_repeatable)
        return answer.get(key)

    def ping(self) -> str:
        """Call the API's ``ping`` and return its answer.

        Raises:
            ApiError: There was no answer, or it is none of the API's.
        """
        path = "status/ping"
        response = self._send("GET", path, {}, is_repeatable=True)
        if "pong" not in response.text[:100]:
            raise ServerError(response.status_code, f"no pong: {self._told(response)}", "GET", path)
        return response.text.strip()

    def _answer(
        self, method: str, path: str, params: Any, json: Any, files: Any, form: Any, is_repeatable: bool | None
    ) -> Mapping[str, Any]:
        more: dict[str, Any] = {"params": {key: value for key, value in (params or {}).items() if value is not None}}
        if json is not None:
            more["json"] = json
        if files is not None:
            more["files"] = files
        if form is not None:
            more["data"] = form
        repeatable = method in _REPEATABLE if is_repeatable is None else is_repeatable
        response = self._send(method, path, more, is_repeatable=repeatable)
        answer = _json(response)
        if not isinstance(answer, dict) or answer.get("err"):
            raise ServerError(response.status_code, self._told(response), method, path)
        return answer

    def _send(self, method: str, path: str, more: dict[str, Any], *, is_repeatable: bool) -> requests.Response:
        attempts, waited = 0, 0.0
        while True:
            outcome = self._try(method, path, more)
            if isinstance(outcome, requests.RequestException):
                error: ApiError = Unreachable(0, self._shown(_in_short(outcome)), method, path)
                may_repeat = is_repeatable or _is_unsent(outcome)
            elif outcome.status_code < _FIRST_ERROR:
                return outcome
            elif outcome.status_code == _RATE_LIMITED:
                wait = self._wait_of(outcome)
                if waited + wait > self._patience.rate_limit_wait or wait > self._left():
                    raise self._rate_limited(outcome, method, path, wait)
                waited += wait
                _logger.warning("over the rate limit of the API: waiting %.0f s", wait)
                self._sleep(wait)
                continue
            else:
                error = error_class(outcome.status_code)(outcome.status_code, self._told(outcome), method, path)
                may_repeat = is_repeatable and isinstance(error, ServerError)
            pause = _PAUSES[min(attempts, len(_PAUSES) - 1)]
            if not may_repeat or attempts >= self._patience.retries or pause > self._left():
                raise error
            self._sleep(pause)
            attempts += 1

    def _try(self, method: str, path: str, more: dict[str, Any]) -> requests.Response | requests.RequestException:
        try:
            return self._session.request(
                method,
                self._endpoint + path,
                headers={HEADER: self._access_token},
                timeout=min(self._patience.timeout, max(self._left(), _LEAST_TIMEOUT)),
                allow_redirects=False,
                **more,
            )
        except requests.RequestException as error:
            return error

    def _left(self) -> float:
        """Return the seconds until the deadline."""
        return self._deadline - self._monotonic()

    def _rate_limited(self, response: requests.Response, method: str, path: str, wait: float) -> RateLimited:
        resets_at = datetime.fromtimestamp(self._clock(), timezone.utc) + timedelta(seconds=wait)
        return RateLimited(self._told(response), method, path, wait, resets_at)

    def _wait_of(self, response: requests.Response) -> float:
        seconds = _number(response.headers.get("X-Rate-Limit-Remaining-Seconds"))
        if seconds is None:
            reset = _number(response.headers.get("X-Rate-Limit-Reset"))
            seconds = None if reset is None else reset - self._clock()
        if seconds is None:
            seconds = _number(response.headers.get("Retry-After"))
        return _DEFAULT_WAIT if seconds is None else max(seconds, 1.0)

    def _told(self, response: requests.Response) -> str:
        """Return what the answer says, in words, without the token."""
        answer = _json(response)
        told = answer.get("message") or answer.get("result") if isinstance(answer, dict) else None
        text = told if isinstance(told, str) else f"{response.reason}: {' '.join(response.text.split())}"
        return self._shown(text)

    def _shown(self, text: str) -> str:
        """Return a text without the token, of bounded length; cut first, it could end in a part of the token."""
        hidden = text.replace(self._access_token, "<access token>") if self._access_token else text
        return hidden[:_LONGEST_MESSAGE]


def _no_authentication(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Keep `requests` from taking a password for the API's host out of ``.netrc``."""
    return request


def _json(response: requests.Response) -> Any:
    try:
        return response.json()
    except ValueError:
        return None


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if 0 <= number < float("inf") else None


def _is_unsent(error: requests.RequestException) -> bool:
    """Return whether no connection came about, not even to a proxy: then nothing was sent."""
    failure = error.args[0] if error.args else None
    reason = getattr(failure, "reason", None)
    reason = getattr(reason, "original_error", reason)  # a proxy's is wrapped once more
    return isinstance(reason, (NewConnectionError, ConnectTimeoutError))


def _in_short(error: requests.RequestException) -> str:
    if isinstance(error, requests.Timeout):
        return "no answer in time"
    reason: BaseException = error
    while (inner := reason.__cause__ or reason.__context__) is not None and reason is not inner:
        reason = inner
    return f"{type(error).__name__}: {reason}"
