"""What a pipeline without threads stands on: two clocks, a server that answers by a script, a spool that remembers."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from rollbar_logging.delivery.answer import Answer
from rollbar_logging.delivery.spool import KeepResult, Spool
from rollbar_logging.delivery.spool_file import SpoolFile

MAX_AGE_ON_DISK = 900.0
LEASE = 60


class Clock:
    """Both clocks of the machine."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.leap = 1_700_000_000.0

    def monotonic(self) -> float:
        """Return seconds since some time."""
        return self.now

    def time(self) -> float:
        """Return Unix seconds, which may leap."""
        return self.leap + self.now


class Server:
    """Answers by a script, and remembers what arrived. Also the transport.

    Args:
        clock: An exchange takes its time.
        notice: Called with the uuid of each report that is about to be sent.

    Attributes:
        script: The next answers; ``True`` says that the item arrived, whatever the answer.
        arrived: How often each report did.
        taken: How often a report was answered with a 200.
        meanwhile: What happens in the middle of the next exchange.
        taken_meanwhile: Reports that were answered so after that.
    """

    def __init__(self, clock: Clock, notice: Callable[[str], None]) -> None:
        self.script: list[tuple[Answer, bool]] = []
        self.arrived: Counter[str] = Counter()
        self.taken: Counter[str] = Counter()
        self.meanwhile: Callable[[], None] | None = None
        self.taken_meanwhile: list[str] = []
        self._clock = clock
        self._notice = notice

    def send(self, body: bytes, _timeout: float) -> Answer:
        """Give the next answer."""
        self._clock.now += 0.01
        uuid, text = map(json.loads(body)["data"].get, ("uuid", "text"))
        answer, has_arrived = self.script.pop(0) if self.script else (Answer(200), True)
        is_own = text.startswith("rollbar_logging dropped reports")  # which is no report of the application's
        if not is_own:
            self._notice(uuid)
            self.arrived[uuid] += has_arrived
            self.taken[uuid] += answer.status == 200
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile is not None:
            meanwhile()
            if answer.status == 200 and not is_own:
                self.taken_meanwhile.append(uuid)
        return answer

    def close(self) -> None:
        """Nothing is open."""


def limited(status: int, remaining: str, seconds: str) -> Answer:
    """An answer with the rate limit's headers."""
    return Answer(status, {"x-rate-limit-remaining": remaining, "x-rate-limit-remaining-seconds": seconds})


ANSWERS = st.sampled_from(
    [
        (Answer(200), True),
        (limited(200, "0", "5"), True),
        (limited(200, "3", "30"), True),
        (limited(429, "0", "2"), False),
        (Answer(429), False),
        (Answer(500), False),
        (Answer(503, {"retry-after": "7"}), False),
        (Answer(422, message="no"), False),
        (Answer(413), False),
        (Answer(403), False),
        (Answer(None, error="refused", was_sent=False), False),
        (Answer(None, error="timed out"), True),
    ]
)


class RememberingSpool(Spool):
    """Remembers what gave way, became too old, or found no room, and how long its claims hold. Waits for nobody.

    Attributes:
        had_no_room_for: Reports that it did not keep.
        holds: Unix seconds between which its claims hold.
    """

    def __init__(self, folder: str, gone: set[str], clock: Clock) -> None:
        super().__init__(folder, token="t" * 32, max_bytes=4000, max_age=MAX_AGE_ON_DISK, clock=clock.time)
        self.file = SpoolFile(folder, busy_timeout=0.0)
        self._gone = gone
        self.had_no_room_for: set[str] = set()
        self.holds = range(0)

    def _sign_in(self, connection: Any, now: float) -> int:
        self.holds = range(int(now), int(now + LEASE))
        return super()._sign_in(connection, now)

    def keep(self, reports: Any, *, is_claimed: bool = False) -> KeepResult:
        """Remember what is lost by that."""
        result = super().keep(reports, is_claimed=is_claimed)
        self._gone.update(result.gave_way)
        self.had_no_room_for.update(result.refused)
        return result

    def take_expired(self) -> list[str]:
        """Remember what became too old."""
        expired = super().take_expired()
        self._gone.update(expired)
        return expired

    def uuids(self) -> set[str]:
        """All reports on disk, whoever has claimed them."""
        return {row[0] for row in self._rows("SELECT uuid FROM report{}")}


class Holder:
    """Another process that holds the spool's file, so that nobody can write to it."""

    def __init__(self) -> None:
        self._connection: sqlite3.Connection | None = None

    @property
    def is_holding(self) -> bool:
        """Whether it does at the moment."""
        return self._connection is not None

    def hold(self, file: SpoolFile) -> None:
        """Begin; what is there already can still be read."""
        if not self.is_holding:
            file.run(lambda _: None)
            connection = sqlite3.connect(file.path, isolation_level=None, timeout=0)
            connection.execute("BEGIN IMMEDIATE")
            self._connection = connection

    def let_go(self) -> None:
        """End."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
