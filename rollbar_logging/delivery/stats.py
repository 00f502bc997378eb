"""The counts that always add up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Stats(NamedTuple):
    """A snapshot of a handler's counts.

    At any moment ``accepted == sent + sum(dropped.values()) + spooled + queued``.

    Attributes:
        accepted: Reports taken in.
        sent: Reports that Rollbar has.
        suppressed: Records not taken in because the same failure came too often; told of in reports of their own.
        dropped: Reports given up, by reason: ``queue_full``, ``rate_limited``, ``expired``, ``too_large``,
            ``redirected``, ``rejected_<status>``, ``before_send``, ``shutdown``, ``spool_full``, ``reentrant``,
            ``internal_error``.
        spooled: Reports that this process left on disk; another process may have sent them since.
        queued: Reports that wait, or are being sent.
        retried: Attempts that were made again, for whatever reason but a rate limit.
        deferred: Reports that were put back because of a rate limit, once for each time.
        rate_limited_until: Unix seconds until which the rate limit holds all reports back, or ``None``.
    """

    accepted: int = 0
    sent: int = 0
    suppressed: int = 0
    dropped: Mapping[str, int] = {}
    spooled: int = 0
    queued: int = 0
    retried: int = 0
    deferred: int = 0
    rate_limited_until: float | None = None
