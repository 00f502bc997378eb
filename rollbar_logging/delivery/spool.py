"""Undelivered reports on disk: they outlive the process, and any process of the application may send them.

What may be sent is claimed first, under a lease, so that no two processes hold the same report. All processes with the
same folder and access token share what is in it. Times are Unix seconds: they must mean the same to all of them.
"""

from __future__ import annotations

import contextlib
import hashlib
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from rollbar_logging.delivery.shared_window import SharedWindow
from rollbar_logging.delivery.spool_file import SpoolFile
from rollbar_logging.delivery.spool_place import SpoolError
from rollbar_logging.delivery.spool_rows import (
    RANKS,
    Kept,
    expire,
    first_unclaimed,
    give_back_pages,
    make_room,
    owner_key,
    owners,
    put,
    read,
    sign_in,
    sign_out,
)

if TYPE_CHECKING:
    import sqlite3

__all__ = ["Contents", "KeepResult", "Kept", "Spool", "SpoolError"]

_PAGE = 50
_LEAP = 300.0
"""Seconds that a lease may begin in the future; beyond, it was given before the clock was put back."""


class KeepResult(NamedTuple):
    """What became of reports that were to be kept. All are uuids.

    Attributes:
        kept: Those that are on disk now.
        refused: Those for which there was no room.
        gave_way: Earlier ones, of whichever process, that are gone for them.
        held: Those of ``kept`` that another process is about to send: it goes on having the claim.
    """

    kept: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    gave_way: tuple[str, ...] = ()
    held: tuple[str, ...] = ()


class Contents(NamedTuple):
    """What is in the spool.

    Attributes:
        number: Reports.
        bytes: Of their bodies.
        oldest: Unix seconds of the oldest log call, or ``None``.
        claimed: Reports that a process is about to send.
        levels: Reports by severity, from 0 (debug) to 4 (critical).
        others: Reports of other access tokens, which are in none of the other counts.
    """

    number: int = 0
    bytes: int = 0
    oldest: float | None = None
    claimed: int = 0
    levels: tuple[int, ...] = (0, 0, 0, 0, 0)
    others: int = 0


class Spool:
    """The store of one access token's undelivered reports. Usable from several threads.

    Every method but `after_fork` and `close` may raise `SpoolError`; nothing has happened then.

    Args:
        folder: Made when needed, for this user alone.
        token: The access token; only a digest of it is written. ``None``: the reports of all tokens, to look at,
            but neither to be kept nor claimed.
        max_bytes: Bytes of bodies; beyond, the least severe and oldest report gives way.
        max_age: Seconds after which a report is given up.
        lease: Seconds for which a claim holds, counted from the last sign of life: `claim`, `keep` or `renew`.
        clock: Unix seconds.
        on_notice: Told in one line when a damaged file was put aside.

    Attributes:
        file: The file behind it.
        max_age: As given.
    """

    def __init__(
        self,
        folder: str,
        *,
        token: str | None,
        max_bytes: int = 64 * 1024 * 1024,
        max_age: float = 7 * 86_400.0,
        lease: float = 60.0,
        clock: Callable[[], float] = time.time,
        on_notice: Callable[[str], None] | None = None,
    ) -> None:
        self.file = SpoolFile(folder, on_notice=on_notice)
        self._token = None if token is None else hashlib.sha256(token.encode()).hexdigest()[:16]
        self._max_bytes = max_bytes
        self.max_age = max_age
        self._lease = lease
        self._clock = clock
        self._expired: list[str] = []
        self._window: SharedWindow | None = None

    @property
    def recovered(self) -> str | None:
        """What was told of the last damaged file, or ``None``."""
        return self.file.recovered

    @property
    def window(self) -> SharedWindow:
        """What all processes with this folder and access token know of the rate limit."""
        if self._window is None:
            self._window = SharedWindow(self.file, self._own_token())
        return self._window

    def keep(self, reports: Sequence[Kept], *, is_claimed: bool = False) -> KeepResult:
        """Keep reports, all or none of them but for want of room.

        One that is there already is replaced. Of reports for which there is no room, and of those that make room,
        the least severe go first, then the oldest.

        Args:
            reports: What to keep; of two with the same uuid, the last.
            is_claimed: With a claim of ours at once.
        """
        token, now = self._own_token(), self._clock()
        latest = {report.uuid: report for report in reports}
        fitting = [report for report in latest.values() if len(report.body) <= self._max_bytes]

        def work(connection: sqlite3.Connection) -> KeepResult:
            ours = self._sign_in(connection, now) if is_claimed else self._key(connection)
            owner = ours if is_claimed else None
            held = [report for report in fitting if put(connection, token, report, owner, ours)]
            if held:  # or so it seems
                self._free(connection, now)
                held = [report for report in held if put(connection, token, report, owner, ours)]
            gone = make_room(connection, token, self._max_bytes) if fitting else set()
            kept = [report.uuid for report in fitting if report.uuid not in gone]
            return KeepResult(
                tuple(kept),
                tuple(uuid for uuid in latest if uuid not in kept),
                tuple(gone - latest.keys()),
                tuple(report.uuid for report in held if report.uuid not in gone),
            )

        return self.file.run(work) if latest else KeepResult()

    def claim(self, most: int) -> list[Kept]:
        """Claim at most so many reports, the most severe first, then the oldest.

        Those that nobody has claimed, or whose claim has run out, or whose owner has ended. What is older than
        ``max_age`` is removed instead; see `take_expired`.
        """
        token, now = self._own_token(), self._clock()

        def work(connection: sqlite3.Connection) -> tuple[list[Kept], list[str]]:
            self._free(connection, now)
            expired = expire(connection, token, now - self.max_age)
            keys = first_unclaimed(connection, token, most)
            if keys:
                ours = self._sign_in(connection, now)
                connection.executemany("UPDATE report SET owner = ? WHERE id = ?", [(ours, key) for key in keys])
            return read(connection, keys), expired

        kept, expired = self.file.run(work)
        self._expired += expired
        return kept

    def take_expired(self) -> list[str]:
        """Return the uuids of what `claim` has removed as too old since this was last asked."""
        expired, self._expired = self._expired, []
        return expired

    def renew(self) -> None:
        """Make all our claims hold for another lease from now."""
        now = self._clock()
        if self._token is not None:
            self.file.run(lambda connection: self._sign_in(connection, now))

    def release(self, uuids: Iterable[str]) -> list[str]:
        """Give our claims back; returns the uuids of those that are still there."""
        token, wanted = self._own_token(), list(uuids)

        def work(connection: sqlite3.Connection) -> list[str]:
            ours = self._key(connection)
            connection.executemany(
                "UPDATE report SET owner = NULL WHERE token = ? AND uuid = ? AND owner = ?",
                [(token, uuid, ours) for uuid in wanted],
            )
            query = "SELECT 1 FROM report WHERE token = ? AND uuid = ?"
            return [uuid for uuid in wanted if connection.execute(query, (token, uuid)).fetchone()]

        return self.file.run(work) if wanted else []

    def remove(self, uuids: Iterable[str]) -> None:
        """Remove what was sent, or refused for good, whoever has the claim now."""
        keys = [(self._own_token(), uuid) for uuid in uuids]

        def work(connection: sqlite3.Connection) -> None:
            connection.executemany("DELETE FROM report WHERE token = ? AND uuid = ?", keys)
            give_back_pages(connection)

        if keys:
            self.file.run(work)

    def contents(self) -> Contents:
        """Count what is there, all at one moment."""
        query = "SELECT token, rank, owner, count(*), sum(size), min(created) FROM report GROUP BY token, rank, owner"
        found, known = self.file.run(
            lambda connection: (connection.execute(query).fetchall(), owners(connection)), writes=False
        )
        rows = [row[1:] for row in found if self._token in {None, row[0]}]
        alive = self._living(known)
        return Contents(
            sum(row[2] for row in rows),
            sum(row[3] for row in rows),
            min((row[4] for row in rows), default=None),
            sum(row[2] for row in rows if row[1] in alive),
            tuple(sum(row[2] for row in rows if row[0] == rank) for rank in RANKS),
            sum(row[3] for row in found) - sum(row[2] for row in rows),
        )

    def entries(self) -> Iterator[Kept]:
        """Look at all reports, the most severe first, then the oldest; claims nothing, and reads a few at a time."""
        keys = [row[0] for row in self._rows("SELECT id FROM report{} ORDER BY rank DESC, created, id")]
        for i in range(0, len(keys), _PAGE):
            page = keys[i : i + _PAGE]
            yield from self.file.run(partial(read, keys=page), writes=False)

    def claimed(self) -> set[str]:
        """Return the uuids of the reports that a process is about to send."""
        rows = self._rows("SELECT uuid, owner FROM report{}")
        alive = self._living(self.file.run(owners, writes=False))
        return {row[0] for row in rows if row[1] in alive}

    def clear(self) -> int:
        """Remove all reports, claimed or not; returns how many."""
        where, values = self._where, self._values

        def work(connection: sqlite3.Connection) -> int:
            number = connection.execute(f"SELECT count(*) FROM report{where}", values).fetchone()[0]  # noqa: S608 - ours
            connection.execute(f"DELETE FROM report{where}", values)  # noqa: S608 - nothing but a placeholder
            connection.execute("PRAGMA incremental_vacuum").fetchall()
            return int(number)

        return self.file.run(work)

    def close(self, *, is_over: bool = False) -> None:
        """Give our claims back and close the file; what cannot be given back now runs out. Opens again when used.

        Args:
            is_over: As of `SpoolFile.close`.
        """
        if self.file.is_open and self._token is not None:
            with contextlib.suppress(Exception):  # the lease ends them
                self.file.run(self._sign_out)
        self.file.close(is_over=is_over)

    def after_fork(self) -> None:
        """Begin anew in a forked child: with a connection of its own, and without the parent's claims."""
        self._expired = []
        self.file.after_fork()

    def _own_token(self) -> str:
        if self._token is None:
            raise SpoolError(f"{self.file.path}: an access token is needed to keep, claim, give back or remove reports")
        return self._token

    @property
    def _where(self) -> str:
        return "" if self._token is None else " WHERE token = ?"

    @property
    def _values(self) -> tuple[str, ...]:
        return () if self._token is None else (self._token,)

    def _rows(self, query: str) -> list[tuple]:  # type: ignore[type-arg]
        sql = query.format(self._where)
        return self.file.run(lambda connection: connection.execute(sql, self._values).fetchall(), writes=False)

    def _living(self, found: Iterable[tuple[int, str, float, float]]) -> set[int]:
        now = self._clock()
        return {key for key, who, since, until in found if not self._is_over(who, since, until, now)}

    def _is_over(self, who: str, since: float, until: float, now: float) -> bool:
        return not since - _LEAP <= now < until or self.file.owner.is_gone(who)

    def _free(self, connection: sqlite3.Connection, now: float) -> None:
        # Not our own, though a machine that slept may have let our lease run out: what we claimed we still have.
        for key, who, since, until in owners(connection):
            if who != self.file.owner.text and self._is_over(who, since, until, now):
                sign_out(connection, key)

    def _key(self, connection: sqlite3.Connection) -> int | None:
        return owner_key(connection, self.file.owner.text)

    def _sign_in(self, connection: sqlite3.Connection, now: float) -> int:
        return sign_in(connection, self.file.owner.text, now, now + self._lease)

    def _sign_out(self, connection: sqlite3.Connection) -> None:
        sign_out(connection, self._key(connection))
