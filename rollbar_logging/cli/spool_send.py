"""Sending what is kept on disk, one report after the other, for ``rollbar-logging spool send``."""

from __future__ import annotations

import random
import sys
import time
from collections import Counter
from contextlib import closing
from time import monotonic

from rollbar_logging.delivery.answer import Answer
from rollbar_logging.delivery.policy import Outcome, decide
from rollbar_logging.delivery.spool import Kept, Spool
from rollbar_logging.delivery.transport import HttpTransport
from rollbar_logging.errors import in_words
from rollbar_logging.item.assembly import Assembly
from rollbar_logging.settings import Settings

_BATCH = 20
_PROGRESS = 5.0
_RENEWAL = 15.0
_MISDIRECTED = {401, 403, 404}


def send_all(spool: Spool, settings: Settings, timeout: float) -> int:
    """Send what can be claimed, most severe first, and print what became of it.

    Args:
        spool: Where it is.
        settings: Where it goes.
        timeout: Seconds for all of it.

    Returns:
        Exit status: 0 nothing is left, 1 something is.
    """
    with closing(HttpTransport(settings.endpoint, settings.access_token or "", pool_size=1)) as transport:
        sending = _Sending(spool, transport, settings.timeout, monotonic() + timeout)
        sending.run()
    left = spool.contents()
    counts = sending.counts
    refused = sum(n for what, n in counts.items() if what != "sent")
    why = ", ".join(f"{n} {what}" for what, n in sorted(counts.items()) if what != "sent")
    if sending.is_late:
        print("the time is up, or would be before the next attempt: --timeout gives it more", file=sys.stderr)
    print(f"{counts['sent']} sent, {refused} given up{why and f' ({why})'}, {left.number} left", flush=True)
    if left.claimed:
        print(f"{left.claimed} of them another process is about to send", file=sys.stderr)
    return 0 if not left.number else 1


class _Sending:
    """One run.

    Attributes:
        counts: Reports by what became of them: ``sent``, or the reason for which they were given up.
        is_late: Whether it ended for want of time.
    """

    def __init__(self, spool: Spool, transport: HttpTransport, timeout: float, deadline: float) -> None:
        self.counts: Counter[str] = Counter()
        self._spool = spool
        self._transport = transport
        self._timeout = timeout
        self._deadline = deadline
        self._renew_at = self._tell_at = monotonic()
        self._said = ""
        self.is_late = False

    def run(self) -> None:
        """Send until nothing can be claimed, the time is up, or the server takes nothing from us."""
        goes_on = True
        while goes_on:
            batch = self._spool.claim(_BATCH)
            self.counts["expired"] += len(self._spool.take_expired())
            if not batch:
                break
            left = [kept.uuid for kept in batch]
            try:
                for kept in batch:
                    goes_on = self._settle(kept)
                    if not goes_on:
                        break
                    left.remove(kept.uuid)
            finally:  # also when interrupted
                self._spool.release(left)
        self.counts = +self.counts

    def _settle(self, kept: Kept) -> bool:
        """Send one report until it is settled; ``False`` if it is not and nothing more should be tried."""
        attempts, body, is_shrunk = 0, kept.body, False
        while self._wait_for_ticket():
            attempts += 1
            self._renew()
            answer = self._transport.send(body, min(self._timeout, max(self._deadline - monotonic(), 1.0)))
            self._spool.window.learn(answer, time.time())
            outcome = self._decide(kept, answer, attempts, is_shrunk=is_shrunk)
            if outcome.kind == "shrink":
                is_shrunk, smaller = True, self._shrunk(kept)
                if smaller is None:
                    outcome = self._decide(kept, answer, attempts, is_shrunk=True)
                else:
                    body = smaller
            if outcome.message:
                self._complain(outcome.message)
            if answer.status in _MISDIRECTED or outcome.reason == "redirected":
                # It is not the report that is refused: with the right token and endpoint it would be taken.
                self._complain("check ROLLBAR_ACCESS_TOKEN and ROLLBAR_ENDPOINT; the reports stay where they are")
                return False
            if outcome.kind in {"sent", "drop"}:
                self._spool.remove([kept.uuid])
                self.counts["sent" if outcome.kind == "sent" else outcome.reason] += 1
                self._tell_progress()
                return True
            if not self._wait(outcome.delay):
                break
        return False

    def _shrunk(self, kept: Kept) -> bytes | None:
        """Make the body smaller as the handler does; ``None``, and a word, if that is not possible."""
        try:
            return Assembly.shrunk(kept.body)
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:  # it is no item
            self._complain(f"{kept.uuid} is too large, and cannot be made smaller: {in_words(error)}")
            return None

    def _decide(self, kept: Kept, answer: Answer, attempts: int, *, is_shrunk: bool) -> Outcome:
        return decide(
            answer,
            attempts,
            time.time() - kept.created,
            max_age=self._spool.max_age,
            on_rate_limit="defer",
            shrunk=is_shrunk,
            jitter=random.random(),  # noqa: S311 - spreads attempts
        )

    def _wait_for_ticket(self) -> bool:
        while monotonic() < self._deadline:
            seconds = self._spool.window.take(time.time())
            if not seconds:
                return True
            if seconds > 1:
                self._complain(f"the rate limit holds for {seconds:.0f} s")
            if not self._wait(seconds):
                break
        self.is_late = True
        return False

    def _wait(self, seconds: float) -> bool:
        """Wait; ``False`` if the time is up before."""
        until = monotonic() + seconds
        while True:
            now = monotonic()
            self._renew()
            if until > self._deadline:
                self.is_late = True
                return False
            if now >= until:
                return True
            time.sleep(min(until - now, _RENEWAL))

    def _renew(self) -> None:
        """Give the other processes a sign of life from time to time, so that our claims hold."""
        if monotonic() >= self._renew_at:
            self._spool.renew()
            self._renew_at = monotonic() + _RENEWAL

    def _tell_progress(self) -> None:
        if monotonic() >= self._tell_at + _PROGRESS:
            self._tell_at = monotonic()
            print(f"{self.counts['sent']} sent so far", flush=True)

    def _complain(self, message: str) -> None:
        """Say it, but not again and again."""
        if message != self._said:
            self._said = message
            print(message, file=sys.stderr, flush=True)
