"""So many calls per window and token: a fixed window that starts with its first call.

A token may have a limit of its own beside the server's; whichever is hit first applies. Source: Rollbar's guide,
"Rate Limits". The headers are Rollbar's: the limit, what is left of it (this call already taken off), whole seconds
until the window ends, and the Unix time of its end.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from rollbar_logging.server.tokens import Token

DEFAULT_RATE_LIMIT: tuple[int, float] = (50_000, 60.0)
"""Calls and seconds: the figure that Rollbar's guide to access tokens names."""


_LONGEST_WINDOW = 31 * 86_400
"""Seconds: Rollbar's longest is 30 days."""


class Window(NamedTuple):
    """One token's running window.

    Attributes:
        ends_at: Monotonic seconds.
        resets_at: Unix seconds of the same moment, rounded up; constant within a window.
        calls: Calls so far.
        started_at: Unix seconds of its first call, rounded down.
    """

    ends_at: float
    resets_at: int
    calls: int
    started_at: int


class Verdict(NamedTuple):
    """What the limit says of one call.

    Attributes:
        limit: Calls per window.
        remaining: Calls left, this one taken off; not below 0.
        remaining_seconds: Until the window ends, rounded up: 1 or more.
        resets_at: Unix seconds of the window's end.
        is_over: Whether the call is to be refused.
        is_first_over: Whether it is the window's first such call.
    """

    limit: int
    remaining: int
    remaining_seconds: int
    resets_at: int
    is_over: bool
    is_first_over: bool

    def headers(self) -> tuple[tuple[str, str], ...]:
        """Return the four ``X-Rate-Limit-*`` headers."""
        return (
            ("x-rate-limit-limit", str(self.limit)),
            ("x-rate-limit-remaining", str(self.remaining)),
            ("x-rate-limit-remaining-seconds", str(self.remaining_seconds)),
            ("x-rate-limit-reset", str(self.resets_at)),
        )


def count_call(
    window: Window | None, rate_limit: tuple[int, float], now: float, unix_time: float
) -> tuple[Window, Verdict]:
    """Count one call.

    Args:
        window: The token's window so far, or ``None``.
        rate_limit: Calls, and the seconds of a window.
        now: Monotonic seconds.
        unix_time: Unix seconds of the same moment.

    Returns:
        The window after the call, and what is to be said of the call.
    """
    limit, seconds = rate_limit
    if window is None or now >= window.ends_at:
        window = Window(now + seconds, math.ceil(unix_time + seconds), 0, int(unix_time))
    window = window._replace(calls=window.calls + 1)
    verdict = Verdict(
        limit=limit,
        remaining=max(limit - window.calls, 0),
        remaining_seconds=max(math.ceil(window.ends_at - now), 1),
        resets_at=window.resets_at,
        is_over=window.calls > limit,
        is_first_over=window.calls == limit + 1,
    )
    return window, verdict


def stricter(verdicts: Sequence[Verdict]) -> Verdict:
    """Return what is to be said of a call by all limits that it counts in: by the one that holds it up longest.

    Of limits that are not over, that is the one with the fewest calls left.
    """
    told = max(verdicts, key=lambda each: (each.is_over, -each.remaining, each.remaining_seconds))
    return told._replace(is_first_over=any(each.is_first_over for each in verdicts))


class RateLimiter:
    """The windows of all tokens. For one thread: the event loop's."""

    def __init__(
        self,
        rate_limit: tuple[int, float] | None,
        clock: Callable[[], float],
        unix_clock: Callable[[], float],
    ) -> None:
        """Keep the limit of each token, beside which it may have one of its own."""
        self._rate_limit = rate_limit
        self._clock = clock
        self._unix_clock = unix_clock
        self._windows: dict[int, Window] = {}
        self._own_windows: dict[int, Window] = {}

    def count(self, token: Token) -> Verdict | None:
        """Count one call with a token; ``None`` when there is no limit, and so nothing to say."""
        limits = ((token.rate_limit, self._own_windows), (self._rate_limit, self._windows))
        verdicts = [self._counted(token.id, limit, windows) for limit, windows in limits if limit is not None]
        return stricter(verdicts) if verdicts else None

    def _counted(self, token_id: int, rate_limit: tuple[int, float], windows: dict[int, Window]) -> Verdict:
        window = windows.get(token_id)
        windows[token_id], verdict = count_call(window, rate_limit, self._clock(), self._unix_clock())
        return verdict

    def window_of(self, token: Token) -> Window | None:
        """Return a token's running window, its own limit's if it has one; ``None`` when there is none."""
        window = (self._windows if token.rate_limit is None else self._own_windows).get(token.id)
        return window if window is not None and self._clock() < window.ends_at else None

    def forget(self, token_id: int) -> None:
        """Let the token's next call begin new windows, as after a change of its limit."""
        self._windows.pop(token_id, None)
        self._own_windows.pop(token_id, None)


def parse_rate_limit(text: str) -> tuple[int, float] | None:
    """Read ``COUNT/SECONDS`` (``50/1``), or ``off``.

    Raises:
        ValueError: The text is neither, or a number is not above 0.
    """
    if text.strip().lower() == "off":
        return None
    count, _, seconds = text.partition("/")
    try:
        rate_limit = (int(count), float(seconds))
    except ValueError:
        rate_limit = (0, 0.0)
    if rate_limit[0] < 1 or not 0 < rate_limit[1] <= _LONGEST_WINDOW:
        raise ValueError(f"{text!r} is not COUNT/SECONDS, such as 50/1, nor 'off'")
    return rate_limit
