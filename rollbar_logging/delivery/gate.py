"""When a report may go out: what all answers so far mean for all reports."""

from __future__ import annotations

import contextlib
import random
import threading
import time
from time import monotonic
from typing import TYPE_CHECKING, Literal

from rollbar_logging.delivery.answer import Answer
from rollbar_logging.delivery.policy import BRIEF_HOLD, Outcome, decide
from rollbar_logging.delivery.rate_limit import UNKNOWN, Window, admits, observe, opens_at
from rollbar_logging.errors import RollbarError

if TYPE_CHECKING:
    from rollbar_logging.delivery.shared_window import SharedWindow


_REPAIR = 10.0
"""Seconds for which nobody is asked any more when the others could not be: to find that out may take a while."""

_BRIEF = 0.3
"""Seconds: to wait so long for other processes is no rate limit, but their turn."""


class Gate:
    """Lets reports pass, or tells how long to wait. Belongs to the senders of one pipeline.

    Args:
        on_rate_limit: ``defer`` or ``drop``.
        shared: What the processes that share a spool know together of the token's rate limit.

    Attributes:
        lock: To be held from asking until what may pass counts as in flight. Never taken by the application's threads.
    """

    def __init__(self, on_rate_limit: Literal["defer", "drop"], shared: SharedWindow | None = None) -> None:
        self.renew_lock()
        self._on_rate_limit = on_rate_limit
        self._shared = shared
        self._is_alone = shared is None
        self._window: Window = UNKNOWN
        self._held_until = 0.0
        self._queued_until = 0.0  # by what the other processes know
        self._apart_until = 0.0
        self._failures = 0
        self._is_in_doubt = False  # whether the way is free: the next report finds out, and the others wait for that
        self._was_passed = False

    def renew_lock(self) -> None:
        """Take a lock of the present kind, after the library was patched."""
        self.lock = threading.Lock()

    @property
    def is_clear(self) -> bool:
        """Whether the last answer was a success."""
        return self._was_passed and not self._failures and not self._held_until

    def opens_at(self, now: float) -> float | None:
        """Return when the rate limit's window opens again, or ``None`` when it is open."""
        if self._is_alone:
            return opens_at(self._window, now)
        return self._queued_until if self._queued_until - now > _BRIEF else None

    def blocked_for(self, now: float) -> float:
        """Return the seconds for which nothing passes; 0 when something may."""
        limit = opens_at(self._window, now) or 0.0 if self._is_alone else self._queued_until
        return max(self._held_until, limit, now) - now

    def admits(self, in_flight: int, now: float) -> bool:
        """Whether one more may pass while *in_flight* others are unanswered; the other processes are asked last."""
        if self._is_in_doubt and in_flight:
            return False
        return not self._is_alone or admits(self._window, in_flight, now)

    def must_queue(self, now: float) -> bool:
        """Ask the other processes whether one more may pass; if not, `blocked_for` tells when to ask again."""
        if self._shared is None or now < self._apart_until:
            return False
        try:
            self._queued_until = now + self._shared.take(time.time())
        except RollbarError:  # the spool is out of order, which its keeper tells; then each process goes by itself
            self._is_alone, self._apart_until = True, monotonic() + _REPAIR
            return False
        self._is_alone = False
        return self._queued_until > now

    def give_back(self) -> None:
        """Tell the other processes that what might have passed did not."""
        if self._shared is not None and not self._is_alone:
            with contextlib.suppress(RollbarError):
                self._shared.give_back()

    def learn(self, answer: Answer, attempts: int, age: float, *, max_age: float, is_shrunk: bool) -> Outcome:
        """Read from an answer what it means for all reports, and return what it means for this one.

        Args:
            answer: What came back.
            attempts: How often this report was tried.
            age: Seconds since it was logged.
            max_age: Seconds after which it is given up.
            is_shrunk: Whether it was made smaller already.
        """
        now, wall = monotonic(), time.time()
        with self.lock:
            self._window = observe(self._window, answer, now, wall)
            # Those that were under way together fail together, and that is one failure.
            is_further = not self._failures or now >= self._held_until
            outcome = decide(
                answer,
                max(attempts, self._failures + is_further),
                age,
                max_age=max_age,
                on_rate_limit=self._on_rate_limit,
                shrunk=is_shrunk,
                jitter=random.random(),  # noqa: S311 - spreads attempts
            )
            # What held the others for a moment only says nothing of the way.
            self._is_in_doubt = outcome.hold > BRIEF_HOLD
            is_failure = self._is_in_doubt and is_further
            self._failures = self._failures + is_failure if outcome.kind == "retry" else 0
            self._was_passed = outcome.kind == "sent"
            if outcome.hold:
                self._held_until = max(self._held_until, now + outcome.hold)
            elif outcome.kind == "sent":
                self._held_until = 0.0
        if self._shared is not None and now >= self._apart_until:
            with contextlib.suppress(RollbarError):
                self._shared.learn(answer, wall)
        return outcome
