"""The doctor's look at the API: does it answer, and what does it say to a report of the real handler?"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import LocationParseError

from rollbar_logging.cli.doctor.options import without_options
from rollbar_logging.cli.doctor.report import Finding
from rollbar_logging.cli.doctor.steps import MARGIN, within
from rollbar_logging.cli.doctor.verdicts import ROLLBAR_ENDPOINT, answer_findings
from rollbar_logging.delivery.answer import Answer, Transport
from rollbar_logging.delivery.transport import HttpTransport
from rollbar_logging.handler import RollbarHandler
from rollbar_logging.settings import Settings
from rollbar_logging.version import NOTIFIER, VERSION

TITLE = "Test of rollbar-logging doctor"
_OWN_LOGGER = "rollbar_logging"
_LONGEST_PONG = 4096
_MOST_SKEW = 300
_LOOK = 0.02
_SHORTEST_TIMEOUT = 0.01  # that the option takes


def check_ping(endpoint: str, timeout: float) -> Iterator[Finding]:
    """Ask the API whether it is up: ``GET status/ping``, without a token, which answers ``pong``."""
    start = monotonic()
    try:
        status, headers, body = within(timeout + MARGIN, lambda: _ping(f"{endpoint}status/ping", timeout))
    except (OSError, ValueError) as error:
        yield Finding("problem", f"no answer to the ping: {_reason(error, timeout)}", "see the way to the endpoint")
        return
    took = f"{(monotonic() - start) * 1000:.0f} ms"
    text = body.decode("utf-8", "replace").strip()
    if status == 200 and text == "pong":  # noqa: PLR2004 - done
        yield Finding("ok", f"the API answers the ping in {took}")
        yield from _clock(headers.get("Date"))
    elif 300 <= status < 400:  # noqa: PLR2004 - the redirections
        host = _host(headers.get("Location", ""))
        mend = "redirections are not followed: set the option endpoint to where the API is"
        yield Finding("problem", f"the ping is redirected ({status}) to {host}", mend)
    elif status >= 500:  # noqa: PLR2004 - the server's own faults
        yield Finding("problem", f"the ping is answered {status}", "the API or a proxy before it is out of order: wait")
    else:
        mend = f"the option endpoint must be the API's base, as {ROLLBAR_ENDPOINT}; or a proxy or portal answers"
        beginning = f" with {text[:80]!r}" if text else ""
        yield Finding("problem", f"what answers the ping ({status}{beginning}) is not the Rollbar API", mend)


def _host(location: str) -> str:
    try:
        return urlsplit(location).hostname or "elsewhere"
    except ValueError:
        return "elsewhere"


class _Straight(requests.Session):
    """Does not even read where a redirection leads, as the base class does although nothing is to be followed."""

    def get_redirect_target(self, resp: requests.Response) -> None:  # noqa: ARG002 - the base class's name
        return None


def _ping(url: str, timeout: float) -> tuple[int, Any, bytes]:
    with _Straight() as session:
        # An authentication of one's own keeps requests from looking into .netrc, as in the transport.
        auth = None if "@" in url else (lambda request: request)
        headers = {"User-Agent": f"{NOTIFIER}/{VERSION}"}
        with session.get(
            url, timeout=timeout, headers=headers, auth=auth, allow_redirects=False, stream=True
        ) as answer:
            return answer.status_code, answer.headers, next(answer.iter_content(_LONGEST_PONG), b"")


def _reason(error: Exception, timeout: float) -> str:
    if isinstance(error, (TimeoutError, requests.Timeout)):
        return f"nothing came within {timeout:g} s"
    if isinstance(error, (requests.exceptions.InvalidURL, LocationParseError)):
        return "the address cannot be understood"
    if isinstance(error, requests.exceptions.SSLError):
        return "TLS failed"
    if isinstance(error, requests.exceptions.ProxyError):
        return "the proxy failed"
    if isinstance(error, requests.ConnectionError):
        return "the connection failed, or was closed without an answer"
    return type(error).__name__  # its words may hold the proxy's URL


def _clock(date: str | None) -> Iterator[Finding]:
    try:
        skew = time.time() - parsedate_to_datetime(date).timestamp() if date else 0.0
    except ValueError:
        return
    if abs(skew) > _MOST_SKEW:
        way = "ahead of" if skew > 0 else "behind"
        yield Finding("warning", f"this machine's clock is {abs(skew):.0f} s {way} the API's", "let NTP set it")


class WatchedTransport:
    """A `Transport` that remembers the first answer of another one."""

    def __init__(self, inner: Transport) -> None:
        self._inner = inner
        self.came = threading.Event()
        self.answer: Answer | None = None

    def send(self, body: bytes, timeout: float) -> Answer:
        """Deliver as the other one does."""
        try:
            answer = self._inner.send(body, timeout)
        except Exception as error:  # a carrier of the user's may break its promise
            answer = Answer(None, error=f"the option transport raised {type(error).__name__}: {error}")
            self._note(answer)
            raise
        self._note(answer)
        return answer

    def close(self) -> None:
        """Close the other one."""
        self._inner.close()

    def _note(self, answer: Answer) -> None:
        if self.answer is None:
            self.answer = answer
            self.came.set()


class Probe:
    """One report through a real handler with the user's options.

    Attributes:
        uuid: Of the report; ``None`` before it is made.
    """

    def __init__(self) -> None:
        self.uuid: str | None = None

    def check(self, settings: Settings, timeout: float) -> Iterator[Finding]:
        """Send it, and tell what the API says.

        Args:
            settings: The user's, without a fault.
            timeout: Seconds to connect, and to wait for the answer.
        """
        transport = WatchedTransport(
            settings.transport or HttpTransport(settings.endpoint, settings.access_token or "")
        )
        with _quiet(), without_options():
            handler = RollbarHandler(**_options(settings, timeout, transport))
            try:
                record = _record(handler.level)
                handler.handle(record)
                self.uuid = getattr(record, "rollbar_uuid", None)
                _wait(handler, transport, timeout + MARGIN)
                dropped = dict(handler.stats().dropped)
            finally:
                handler.close()
        if transport.answer is not None:
            yield from answer_findings(transport.answer, settings, self.uuid)
        elif dropped.get("before_send"):
            mend = "let it return the data that it is given; reports are lost like this one"
            yield Finding("warning", "the option before_send drops the test report, so nothing was sent", mend)
        else:
            reasons = f" ({', '.join(dropped)})" if dropped else ""
            yield Finding(
                "problem", f"the test report had no answer within {timeout:g} s{reasons}", "see the way above"
            )


def _options(settings: Settings, timeout: float, transport: Transport) -> Any:
    """Return the user's options, but for those that would keep the report, or make it wait."""
    own = {
        "timeout": max(timeout, _SHORTEST_TIMEOUT),
        "transport": transport,
        "storm_limit": 0,
        "spool_dir": None,
        "spool": None,
        "flush_interval": 0,
        "shutdown_timeout": 0,
    }
    return {name: value for name, value in {**settings._asdict(), **own}.items() if value is not None}


def _record(level: int) -> logging.LogRecord:
    words = "This is a test of rollbar-logging doctor. Somebody checks whether reports arrive; nothing has failed."
    record = logging.LogRecord("rollbar-logging doctor", level or logging.ERROR, __file__, 1, words, None, None)
    record.__dict__.update(rollbar_title=TITLE, rollbar_fingerprint="rollbar-logging doctor")
    return record


def _wait(handler: RollbarHandler, transport: WatchedTransport, seconds: float) -> None:
    """Wait for the first answer, or until the report is settled without one."""
    deadline = monotonic() + seconds
    while monotonic() < deadline and not transport.came.wait(_LOOK):
        if not handler.stats().queued:
            return


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the handler's own words from the log: what happens is told by the findings."""
    logger = logging.getLogger(_OWN_LOGGER)
    silence, propagate = logging.NullHandler(), logger.propagate
    logger.addHandler(silence)
    logger.propagate = False
    try:
        yield
    finally:
        logger.propagate = propagate
        logger.removeHandler(silence)
