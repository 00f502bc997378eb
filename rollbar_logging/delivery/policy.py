"""What an answer means for the item it answers: sent, once more, smaller, or dropped, and why.

A function of its arguments: no clock is read, no dice are thrown, no state is kept. What 429s and
rate-limit headers mean for all items together is told by `rate_limit`.

Facts (Rollbar API reference, "Status codes"): 200 done; 400, 404 and 422 will never be accepted; 403 is a
missing, wrong or disabled access token or a blocked address; 413 too large; 429 over the rate limit, not
processed. Proxies add 3xx, 407, 408, 502 to 504. The server drops a second item of the same uuid.
"""

from __future__ import annotations

from typing import Literal, NamedTuple
from urllib.parse import urlsplit

from rollbar_logging.delivery.answer import Answer
from rollbar_logging.delivery.rate_limit import MAX_HOLD, retry_after

MAX_BACKOFF = 60.0
MISCONFIGURED_HOLD = 60.0
"""A wrong access token or endpoint costs one request a minute, not one per report."""

BRIEF_HOLD = 0.5
"""After an answer that may be this one item's fault: enough to spare a server that fails for all."""

_GATEWAY = {407, 502, 503, 504}
_TRY_AGAIN = {407, 408, 425}
_DENIED = {401, 403}


class Outcome(NamedTuple):
    """What becomes of an item after one attempt.

    Attributes:
        kind: ``sent``: done. ``defer``: back to its place until the rate limit's window opens. ``retry``: once
            more after ``delay``. ``shrink``: once more at once, smaller. ``drop``: given up.
        reason: Why it was not sent, as a short stable name: ``rate_limited``, ``too_large``, ``expired``,
            ``redirected``, ``rejected_<status>``, ``unreachable``, ``failed_<status>``. Empty when sent.
        delay: Seconds until this item may be tried again.
        hold: Seconds for which no item is sent, but for the one that tries first afterwards.
        message: What to tell the application's log, in one line; empty for nothing. The caller sees to it that
            the log hears a reason once in a while only.
    """

    kind: Literal["sent", "defer", "retry", "shrink", "drop"]
    reason: str = ""
    delay: float = 0.0
    hold: float = 0.0
    message: str = ""


def backoff(attempts: int, jitter: float) -> float:
    """Return the seconds to wait after so many failed attempts: doubling from 1 to 60, less up to a half.

    Args:
        attempts: From 1.
        jitter: From 0 up to 1, at random: many processes must not come back in step.
    """
    return min(MAX_BACKOFF, 2.0 ** min(max(attempts, 1) - 1, 10)) * (0.5 + jitter / 2)


def decide(
    answer: Answer,
    attempts: int,
    age: float,
    *,
    max_age: float,
    on_rate_limit: Literal["defer", "drop"],
    shrunk: bool,
    jitter: float,
) -> Outcome:
    """Decide what becomes of an item.

    Args:
        answer: The answer to the latest attempt.
        attempts: How many attempts there were, this one included.
        age: Seconds since the report was made.
        max_age: The option: an older report is dropped when it would have to be tried again.
        on_rate_limit: The option.
        shrunk: Whether the item was made smaller already because of a 413.
        jitter: From 0 up to 1, at random.
    """
    status = answer.status
    if status is not None and 200 <= status < 300:  # noqa: PLR2004 - the successes
        # Done by its status. With a message it was not Rollbar that answered, or not with success: worth a word.
        return Outcome("sent", message=f"unexpected answer {status}: {answer.message}" if answer.message else "")
    if status == 429:  # noqa: PLR2004 - over the rate limit
        outcome = Outcome("drop" if on_rate_limit == "drop" else "defer", "rate_limited", message=_said(answer))
    elif status is None or status >= 500 or status < 200 or status in _TRY_AGAIN:  # noqa: PLR2004 - not final
        outcome = _again(answer, attempts, jitter)
    else:
        return _never(answer, status, shrunk=shrunk)
    if outcome.kind != "drop" and age > max_age:
        return Outcome("drop", "expired", hold=outcome.hold, message=f"given up after {age:.0f} s: {_said(answer)}")
    return outcome


def _again(answer: Answer, attempts: int, jitter: float) -> Outcome:
    """Nothing was said about the item itself."""
    delay = max(backoff(attempts, jitter), min(retry_after(answer.headers) or 0.0, MAX_HOLD))
    if answer.status is None:
        return Outcome("retry", "unreachable", delay, delay, _said(answer))
    hold = delay if answer.status in _GATEWAY else min(BRIEF_HOLD, delay)
    return Outcome("retry", f"failed_{answer.status}", delay, hold, _said(answer))


def _never(answer: Answer, status: int, *, shrunk: bool) -> Outcome:
    """The same item would get the same answer."""
    if status == 413:  # noqa: PLR2004 - too large
        return Outcome("drop" if shrunk else "shrink", "too_large", message=_said(answer) if shrunk else "")
    if status < 400:  # noqa: PLR2004 - a redirection
        target = _host(answer.headers.get("location", ""))
        message = f"the endpoint redirects{target} ({status}), which is not followed: check the option endpoint"
        return Outcome("drop", "redirected", hold=MISCONFIGURED_HOLD, message=message)
    hold = MISCONFIGURED_HOLD if status in _DENIED else 0.0
    return Outcome("drop", f"rejected_{status}", hold=hold, message=_said(answer))


def _host(location: str) -> str:
    try:
        parts = urlsplit(location)
    except ValueError:
        return ""
    host = parts.netloc.rpartition("@")[2]
    return f" to {parts.scheme}://{host}"[:200] if host and host.isprintable() else ""


def _said(answer: Answer) -> str:
    if answer.status is None:
        return f"no answer from Rollbar: {answer.error or 'unknown error'}"
    return f"Rollbar answered {answer.status}{': ' if answer.message else ''}{answer.message}"
