"""What the processes that share a spool know together of the access token's rate limit.

Before each request a process takes a ticket, and after each answer it tells what it learnt. There are as many tickets
as requests remain in the window, less those that are unanswered; while nothing is known, there is one. So a limit costs
one refused request at most, however many processes there are. What the headers mean is told by `rate_limit`.

Times are Unix seconds, as processes have no other clock in common. A clock that is put forward lets one request too
early; one that is put back holds for no longer than `MAX_HOLD`.
"""

from __future__ import annotations

import contextlib
import math
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from rollbar_logging.delivery.answer import Answer
from rollbar_logging.delivery.rate_limit import FALLBACK_HOLD, MARGIN, MAX_HOLD, read_number, seconds_left

if TYPE_CHECKING:
    import sqlite3

    from rollbar_logging.delivery.spool_file import SpoolFile

PROBE_TIME = 2.0
"""Seconds that the others wait for the answer to the first request of a window."""

PROBE_POLL = 0.05
"""Seconds after which they ask again."""

RECHECK = 0.25
"""Seconds after which to ask again when all that remains is on its way: a request that fails gives its ticket back."""

_MOST_TICKETS = 1000
_LOST = 60.0
"""Seconds after which a ticket whose request was not answered is forgotten, so that others are not taken for it."""

_TOO_MANY_REQUESTS = 429


class Shared(NamedTuple):
    """What is known.

    Attributes:
        generation: Number of the window; tickets of an earlier one count no more.
        allows: How many requests remain of it; infinite when the server tells of no limit.
        until: When this knowledge lapses.
        refusals: How many 429s came since the last success.
        outstanding: Tickets that were taken and not answered.
        prober: Who sent the request that will tell; empty when there is none.
        margin: Seconds to add to what the server tells: `MARGIN` when it is known to round down.
    """

    generation: int = 0
    allows: float = 1.0
    until: float = 0.0
    refusals: int = 0
    outstanding: int = 0
    prober: str = ""
    margin: float = 0.0


class Ticket(NamedTuple):
    """What was taken: in which window, whether it is the one request that will tell of it, and when."""

    generation: int
    is_probe: bool
    taken: float


def ask(shared: Shared, now: float, who: str, is_gone: Callable[[str], bool]) -> tuple[Shared, float]:
    """Decide whether one more request may go out.

    Args:
        shared: What is known.
        now: Unix seconds.
        who: The process that asks.
        is_gone: Whether a process has certainly ended.

    Returns:
        What is known then, and the seconds to wait; 0 with a ticket.
    """
    if _has_lapsed(shared, now) or (shared.prober and is_gone(shared.prober)):
        probing = shared._replace(generation=shared.generation + 1, allows=1.0, outstanding=1)
        return probing._replace(until=now + PROBE_TIME, prober=who), 0.0
    left = shared.until - now
    if shared.prober:
        return shared, min(PROBE_POLL, left)
    if math.isinf(shared.allows):
        return shared, 0.0
    if shared.allows - shared.outstanding >= 1:
        return shared._replace(outstanding=shared.outstanding + 1), 0.0
    return shared, left if shared.allows < 1 else min(RECHECK, left)


def tell(shared: Shared, answer: Answer, now: float, ticket: Ticket | None) -> Shared:  # noqa: PLR0911 - cases
    """Learn from one answer; they may come in another order than the requests went out.

    Args:
        shared: What was known before.
        answer: Any answer, also one without a status.
        now: Unix seconds.
        ticket: The request's; ``None`` when it went out without.
    """
    is_probing = bool(shared.prober)
    if ticket is not None and ticket.generation == shared.generation:
        shared = shared._replace(outstanding=max(0, shared.outstanding - 1))
    elif ticket is not None and not (is_probing and ticket.is_probe):
        return shared  # of a window that is over
    if not is_probing and _has_lapsed(shared, now):
        return shared
    is_unknown = is_probing or math.isinf(shared.allows)
    seconds = seconds_left(answer.headers, now)
    if answer.status == _TOO_MANY_REQUESTS:
        return _refused(shared, seconds, now, is_unknown=is_unknown)
    is_success = answer.status is not None and answer.status < 400  # noqa: PLR2004 - the border to the errors
    if is_success:
        shared = shared._replace(refusals=0)
    remaining = read_number(answer.headers.get("x-rate-limit-remaining"))
    if remaining is not None and remaining >= 0 and seconds is not None:
        return _told(shared, math.floor(remaining), seconds, now, is_unknown=is_unknown)
    if not is_unknown:
        # Not told what is left: take it that this request was counted, if it may have arrived.
        return shared._replace(allows=max(0.0, shared.allows - 1)) if answer.was_sent else shared
    if is_success:
        return shared._replace(allows=math.inf, until=now + MAX_HOLD, prober="")
    if is_probing and (ticket is None or ticket.generation == shared.generation):
        return shared._replace(until=now, prober="")  # the next one may try
    return shared


def _told(shared: Shared, remaining: float, seconds: float, now: float, *, is_unknown: bool) -> Shared:
    """Keep the smaller remainder, and the earlier end: whole seconds that are rounded up name the end too late."""
    margin = MARGIN if seconds == 0 else shared.margin
    until = now + min(seconds + margin, MAX_HOLD)
    if not is_unknown:
        remaining, until = min(remaining, shared.allows), min(until, shared.until)
    return shared._replace(allows=remaining, until=until, prober="", margin=margin)


def _refused(shared: Shared, seconds: float | None, now: float, *, is_unknown: bool) -> Shared:
    """Close the window. Requests that were in flight with the one that closed it change nothing."""
    if not is_unknown and shared.allows < 1:
        return shared
    refusals = shared.refusals + 1
    if seconds is None:
        hold, margin = min(FALLBACK_HOLD * 2.0 ** min(shared.refusals, 10), MAX_HOLD), shared.margin
    else:
        margin = MARGIN if seconds == 0 else shared.margin
        hold = min(seconds + margin, MAX_HOLD)
    until = now + hold if is_unknown else min(now + hold, shared.until)
    return shared._replace(allows=0.0, until=until, refusals=refusals, prober="", margin=margin)


def _has_lapsed(shared: Shared, now: float) -> bool:
    return not now < shared.until <= now + MAX_HOLD + MARGIN


class SharedWindow:
    """Tickets for one access token's requests. Usable from several threads; it is ``Spool.window``.

    Both methods may raise `SpoolError`; then there is nothing known, and each process goes by itself.
    """

    def __init__(self, file: SpoolFile, token: str) -> None:
        """Share *file*'s knowledge of the access token with this digest."""
        self._file = file
        self._token = token
        self._who = ""
        self._tickets: deque[Ticket] = deque(maxlen=_MOST_TICKETS)
        self._looks_first = False

    def take(self, now: float) -> float:
        """Take a ticket for one request.

        Args:
            now: Unix seconds.

        Returns:
            The seconds to wait before asking again; 0 when the request may go out now.
        """
        owner = self._file.owner
        self._notice_fork(owner.text)
        if self._looks_first:  # when as a rule there is nothing to write, nobody is kept from writing
            shared = self._file.run(self._load, writes=False)
            asked, wait = ask(shared, now, owner.text, owner.is_gone)
            if asked == shared:
                return wait

        def work(connection: sqlite3.Connection) -> tuple[Shared, bool, float]:
            shared = self._load(connection)
            asked, wait = ask(shared, now, owner.text, owner.is_gone)
            if asked != shared:
                self._store(connection, asked)
            return asked, asked != shared, wait

        shared, has_ticket, wait = self._file.run(work)
        self._looks_first = not has_ticket
        if has_ticket:
            self._tickets.append(Ticket(shared.generation, bool(shared.prober), now))
        return wait

    def learn(self, answer: Answer, now: float) -> None:
        """Tell of the answer to a request: of the one of this process that went out first and was not answered.

        Args:
            answer: Any answer, also one without a status.
            now: When it came, in Unix seconds.
        """
        self._notice_fork(self._file.owner.text)
        ticket = self._oldest(now)
        self._file.run(lambda connection: self._tell(connection, answer, now, ticket))

    def give_back(self) -> None:
        """Give back the ticket that this process took last: the request does not go out."""
        self._notice_fork(self._file.owner.text)
        try:
            ticket = self._tickets.pop()
        except IndexError:
            return
        unsent = Answer(None, error="not sent", was_sent=False)
        self._file.run(lambda connection: self._tell(connection, unsent, 0.0, ticket))

    def _oldest(self, now: float) -> Ticket | None:
        with contextlib.suppress(IndexError):
            while True:
                ticket = self._tickets.popleft()
                if abs(now - ticket.taken) < _LOST:
                    return ticket
        return None

    def _notice_fork(self, who: str) -> None:
        if who != self._who:
            self._who, self._looks_first = who, False
            self._tickets.clear()

    def _tell(self, connection: sqlite3.Connection, answer: Answer, now: float, ticket: Ticket | None) -> None:
        shared = self._load(connection)
        told = tell(shared, answer, now, ticket)
        # That there is still no limit need not be written each time.
        is_worth_it = told._replace(until=shared.until) != shared or told.until - shared.until > MAX_HOLD / 10
        if told != shared and (is_worth_it or not math.isinf(told.allows)):
            self._store(connection, told)

    def _load(self, connection: sqlite3.Connection) -> Shared:
        query = (
            "SELECT generation, allows, until, refusals, outstanding, prober, margin FROM rate_window WHERE token = ?"
        )
        row = connection.execute(query, (self._token,)).fetchone()
        return Shared() if row is None else Shared(*row)

    def _store(self, connection: sqlite3.Connection, shared: Shared) -> None:
        connection.execute(
            "INSERT OR REPLACE INTO rate_window "
            "(token, generation, allows, until, refusals, outstanding, prober, margin) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (self._token, *shared),
        )
