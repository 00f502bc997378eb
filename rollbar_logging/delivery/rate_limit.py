"""What the server's rate-limit headers say, how many requests they allow, and until when to hold back.

Everything here is a function of its arguments: no clock is read and no thread sleeps. The worker keeps one
`Window`, hands every answer to `observe`, and asks `admits` before it sends. Times are monotonic seconds.

Facts (Rollbar API reference, "Rate limits"): a window is fixed; it starts with the first call and lasts its
size, from a minute to 30 days. ``X-Rate-Limit-Remaining`` is what is left after the call,
``X-Rate-Limit-Remaining-Seconds`` the whole seconds to the window's end when the call arrived,
``X-Rate-Limit-Reset`` that end in Unix seconds. ``Retry-After`` is not Rollbar's, but a proxy's.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import NamedTuple

from rollbar_logging.delivery.answer import Answer

MAX_HOLD = 300.0
"""No answer stops delivery for longer; then one request probes.

A window can last 30 days, and its limit may be raised on any of them. So one refused request in five
minutes is the price of noticing.
"""

FALLBACK_HOLD = 60.0
"""After a 429 that says nothing of its end: Rollbar's shortest window. Doubled by each further such 429."""

MARGIN = 1.0
"""Added to what is told in whole seconds: it is not known which way they are rounded."""

_TOO_MANY_REQUESTS = 429


class Window(NamedTuple):
    """What is known of the access token's window.

    Attributes:
        allows: How many requests may be in flight together: what remains of the window; 1, a probe, while
            nothing is known; infinite when the server tells of no limit.
        until: When this knowledge lapses. A closed window (``allows`` is 0) is open again from then on.
        refusals: How many 429s came since the last success.
    """

    allows: float = 1
    until: float = math.inf
    refusals: int = 0


UNKNOWN = Window()
"""How every worker starts: whether the window is open, one request will tell."""


def admits(window: Window, in_flight: int, now: float) -> bool:
    """Whether one more request may go out while *in_flight* others are unanswered."""
    return in_flight < (window.allows if now < window.until else UNKNOWN.allows)


def opens_at(window: Window, now: float) -> float | None:
    """Return when a closed window opens again, or ``None`` when it is not closed."""
    return window.until if window.allows < 1 and now < window.until else None


def observe(window: Window, answer: Answer, now: float, wall: float) -> Window:
    """Learn from one answer; they may come in another order than the requests went out.

    Args:
        window: What was known before.
        answer: Any answer, also one without a status.
        now: When it came, on the clock that the worker waits on.
        wall: The same moment in Unix seconds; used only where the answer does not tell its own time.

    Returns:
        What is known now. Never raises, and never holds back for longer than `MAX_HOLD`: an odd proxy
        must not stop delivery.
    """
    if now >= window.until:
        window = UNKNOWN._replace(refusals=window.refusals)
    seconds = seconds_left(answer.headers, wall)
    if answer.status == _TOO_MANY_REQUESTS:
        return _refused(window, seconds, now)
    is_success = answer.status is not None and answer.status < 400  # noqa: PLR2004 - the border to the errors
    if is_success:
        window = window._replace(refusals=0)
    remaining = read_number(answer.headers.get("x-rate-limit-remaining"))
    if remaining is not None and remaining >= 0 and seconds is not None:
        return _told(window, math.floor(remaining), now + _bounded(seconds))
    if math.isfinite(window.until):
        # Not told what is left: take it that this request was counted, if it may have arrived.
        return window._replace(allows=max(0, window.allows - 1)) if answer.was_sent else window
    return window._replace(allows=math.inf) if is_success else window


def retry_after(headers: Mapping[str, str], wall: float | None = None) -> float | None:
    """Read ``Retry-After``: seconds, or an HTTP date.

    Args:
        headers: By lower-case name.
        wall: Unix seconds now, for a date in an answer that has no ``Date`` of its own.

    Returns:
        Seconds from now, not negative and not bounded; ``None`` when there are none to be read.
    """
    seconds = read_number(headers.get("retry-after"))
    if seconds is None:
        moment, served = _http_date(headers.get("retry-after")), _server_time(headers, wall)
        seconds = None if moment is None or served is None else moment - served
    return seconds if seconds is not None and seconds >= 0 else None


def _refused(window: Window, seconds: float | None, now: float) -> Window:
    is_closed = window.allows < 1 and math.isfinite(window.until)
    if is_closed and seconds is None:
        return window  # a request that was in flight with the one that closed it
    fallback = min(FALLBACK_HOLD * 2.0 ** min(window.refusals, 10), MAX_HOLD)
    hold = fallback if seconds is None else _bounded(seconds)
    until = max(window.until, now + hold) if is_closed else now + hold
    return Window(0, until, window.refusals + 1)


def _told(window: Window, remaining: float, until: float) -> Window:
    """Keep the smaller remainder with its own end, and of two that are equal the later end.

    An answer that was overtaken tells of more than is left. One of the window before tells an end that is
    near; believing it costs a probe.
    """
    if window.until == math.inf or (remaining, -until) < (window.allows, -window.until):
        return window._replace(allows=remaining, until=until)
    return window


def _bounded(seconds: float) -> float:
    return min(seconds + MARGIN, MAX_HOLD)


def seconds_left(headers: Mapping[str, str], wall: float) -> float | None:
    """Seconds to the window's end by the best of three headers.

    Seconds first: they need no clock in common. A moment is compared with the server's own ``Date``.
    """
    seconds = read_number(headers.get("x-rate-limit-remaining-seconds"))
    if seconds is not None and seconds >= 0:
        return seconds
    reset, served = read_number(headers.get("x-rate-limit-reset")), _server_time(headers, wall)
    if reset is not None and served is not None and reset > served:
        return reset - served
    return retry_after(headers, wall)


def _server_time(headers: Mapping[str, str], wall: float | None) -> float | None:
    served = _http_date(headers.get("date"))
    return wall if served is None else served


def _http_date(text: str | None) -> float | None:
    try:
        return parsedate_to_datetime(text).timestamp() if text else None
    except (ValueError, TypeError, IndexError, OverflowError, OSError):
        return None


def read_number(text: str | None) -> float | None:
    """Read a finite number. Of a header that was sent twice (``5, 5``), the first."""
    try:
        number = float((text or "")[:100].partition(",")[0])
    except ValueError:
        return None
    return number if math.isfinite(number) else None
