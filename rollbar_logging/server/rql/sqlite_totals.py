"""Sums and averages in SQLite, as PostgreSQL's numbers give them.

SQLite's own ``sum`` fails beyond 64 bits, even where the sum itself is smaller, and both add floats up with an error
at each step.
"""

from __future__ import annotations

import math
from decimal import Context, Decimal

from rollbar_logging.server.rql.words import LARGEST_INTEGER

EXACT = Context(prec=700)
"""Wide enough for any two floats."""
_NOTHING = Decimal(0)


class Sum:
    """The sum of a group's numbers, exact but for its last step; an aggregate function of `sqlite3`."""

    def __init__(self) -> None:
        self._count = 0
        self._whole = 0
        self._others: Decimal | None = None
        self._beyond = 0.0  # infinities, of which every sum is one

    def step(self, value: float | None) -> None:
        """Take a number in; NULL is none."""
        if value is None:
            return
        self._count += 1
        if isinstance(value, int):
            self._whole += value
        elif math.isfinite(value):
            self._others = EXACT.add(self._others or _NOTHING, Decimal(repr(value)))
        else:
            self._beyond += value

    def finalize(self) -> float | None:
        """Return the sum: a whole number where all are and SQLite can hold it, else a float; NULL of nothing."""
        if not self._count or self._beyond:
            return self._beyond or None
        if self._others is None and abs(self._whole) <= LARGEST_INTEGER:
            return self._whole
        return float(self._sum())

    def _sum(self) -> Decimal:
        return EXACT.add(self._others or _NOTHING, Decimal(self._whole))


class Average(Sum):
    """The average of a group's numbers; likewise."""

    def finalize(self) -> float | None:
        """Return the average, a float; NULL of nothing."""
        if not self._count or self._beyond:
            return self._beyond or None
        return float(EXACT.divide(self._sum(), Decimal(self._count)))
