"""What is asked of the spool's tables: plain functions, each within a transaction of the caller's."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import sqlite3

RANKS = range(5)
_MANY_PAGES = 256
_STEP = 64


class Kept(NamedTuple):
    """A report that is ready to be posted.

    Attributes:
        uuid: The item's uuid.
        rank: Severity, 0 (debug) to 4 (critical).
        created: Unix seconds of the log call.
        body: The bytes to post, scrubbed.
    """

    uuid: str
    rank: int
    created: float
    body: bytes


def put(connection: sqlite3.Connection, token: str, report: Kept, owner: int | None, ours: int | None) -> bool:
    """Add a report, or put it in the place of one with its uuid.

    Args:
        connection: In a transaction.
        token: Digest of the access token.
        report: The report.
        owner: Who is to have the claim.
        ours: Who may be asked to give up a claim for that.

    Returns:
        Whether somebody else has the claim and goes on having it.
    """
    uuid, rank, created, body = report
    query = "SELECT id, owner FROM report WHERE token = ? AND uuid = ?"
    row = connection.execute(query, (token, uuid)).fetchone()
    if row is None:
        added = connection.execute(
            "INSERT INTO report (token, uuid, rank, created, size, owner) VALUES (?, ?, ?, ?, ?, ?)",
            (token, uuid, rank, created, len(body), owner),
        )
        connection.execute("INSERT INTO body (id, body) VALUES (?, ?)", (added.lastrowid, body))
        return False
    key, had = row
    is_held = had is not None and had != ours
    connection.execute(
        "UPDATE report SET rank = ?, created = ?, size = ?, owner = ? WHERE id = ?",
        (rank, created, len(body), had if is_held else owner, key),
    )
    connection.execute("UPDATE body SET body = ? WHERE id = ?", (body, key))
    return is_held


def make_room(connection: sqlite3.Connection, token: str, most: int) -> set[str]:
    """Remove the least severe, then oldest reports until at most so many bytes are left; returns their uuids."""
    row = connection.execute("SELECT bytes FROM usage WHERE token = ?", (token,)).fetchone()
    excess = (row[0] if row is not None else 0) - most
    if excess <= 0:
        return set()
    query = "SELECT id, uuid, size FROM report WHERE token = ? ORDER BY rank, created, id"
    victims: list[tuple[int, str, int]] = []
    for victim in connection.execute(query, (token,)):
        if excess <= 0:
            break
        victims.append(victim)
        excess -= victim[2]
    # The last one may be large. Whatever fits into what it leaves over need not go.
    for victim in reversed(victims[:]):
        if victim[2] <= -excess:
            excess += victim[2]
            victims.remove(victim)
    connection.executemany("DELETE FROM report WHERE id = ?", [(key,) for key, _, _ in victims])
    return {uuid for _, uuid, _ in victims}


def expire(connection: sqlite3.Connection, token: str, before: float) -> list[str]:
    """Remove unclaimed reports that were logged *before* (Unix seconds); returns their uuids."""
    query = "SELECT id, uuid FROM report WHERE token = ? AND rank = ? AND created < ? AND owner IS NULL"
    rows = [row for rank in RANKS for row in connection.execute(query, (token, rank, before)).fetchall()]
    connection.executemany("DELETE FROM report WHERE id = ?", [(key,) for key, _ in rows])
    return [uuid for _, uuid in rows]


def first_unclaimed(connection: sqlite3.Connection, token: str, most: int) -> list[int]:
    """Return the keys of at most so many reports, the most severe first, then the oldest."""
    query = "SELECT id FROM report WHERE token = ? AND rank = ? AND owner IS NULL ORDER BY created, id LIMIT ?"
    keys: list[int] = []
    for rank in reversed(RANKS):  # rank by rank, as the index has them
        if len(keys) < most:
            keys += [key for (key,) in connection.execute(query, (token, rank, most - len(keys)))]
    return keys


def read(connection: sqlite3.Connection, keys: Iterable[int]) -> list[Kept]:
    """Return the reports of these keys that are still there."""
    query = "SELECT uuid, rank, created, body FROM report JOIN body USING (id) WHERE id = ?"
    rows = (connection.execute(query, (key,)).fetchone() for key in keys)
    return [Kept(*row) for row in rows if row is not None]


def owners(connection: sqlite3.Connection) -> list[tuple[int, str, float, float]]:
    """Return key, text, and begin and end of the lease (Unix seconds) of all who have claims."""
    return connection.execute("SELECT id, who, since, until FROM owner").fetchall()


def owner_key(connection: sqlite3.Connection, who: str) -> int | None:
    """Return the key of one of them."""
    row = connection.execute("SELECT id FROM owner WHERE who = ?", (who,)).fetchone()
    return None if row is None else int(row[0])


def sign_in(connection: sqlite3.Connection, who: str, since: float, until: float) -> int:
    """Give an owner a lease; returns its key."""
    values = (since, until, who)
    if not connection.execute("UPDATE owner SET since = ?, until = ? WHERE who = ?", values).rowcount:
        connection.execute("INSERT INTO owner (since, until, who) VALUES (?, ?, ?)", values)
    return owner_key(connection, who) or 0


def sign_out(connection: sqlite3.Connection, key: int | None) -> None:
    """Take an owner's claims away."""
    connection.execute("UPDATE report SET owner = NULL WHERE owner = ?", (key,))
    connection.execute("DELETE FROM owner WHERE id = ?", (key,))


def give_back_pages(connection: sqlite3.Connection) -> None:
    """Let the file shrink a little when much of it is unused: what an outage took is given back by and by."""
    free = connection.execute("PRAGMA freelist_count").fetchone()[0]
    if free > _MANY_PAGES:
        # Each step frees one page, and a statement that is not read to its end frees fewer.
        connection.execute(f"PRAGMA incremental_vacuum({_STEP})").fetchall()
