"""What a server can be like for a few seconds, and a server that changes by chance."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from typing import NamedTuple, SupportsIndex

from tests.endurance.stage import Arrivals
from tests.loopback import Loopback, Reply

_HTML = "<html><body><h1>Something between us</h1></body></html>"


class Weather(NamedTuple):
    """How a server answers.

    Attributes:
        name: For the eye.
        replies: One of these for each request, by chance; none: success.
        limit: Requests per seconds, or ``None``.
        is_closed: Nobody listens.
    """

    name: str
    replies: tuple[Reply, ...] = ()
    limit: tuple[int, float] | None = None
    is_closed: bool = False


FAIR = Weather("fair")
_FAULTS = (
    Reply(fault="reset"),
    Reply(fault="reset_sending"),
    Reply(503, fault="early"),
    Reply(503, fault="early_close"),
    Reply(fault="close"),
    Reply(fault="cut"),
    Reply(500, fault="cut"),
    Reply(fault="drip", delay=0.01),
    Reply(fault="drip_body", delay=0.02),
    Reply(fault="drip", delay=0.5),
)
FLAKY = Weather("flaky", (*_FAULTS, Reply(500), Reply(503), *[Reply()] * 40))
ALL = (
    FAIR,
    FAIR,
    FLAKY,
    Weather("closed", is_closed=True),
    *(Weather(f"{fault.fault} {fault.status}", (fault, fault, Reply())) for fault in _FAULTS),
    Weather("black hole", (Reply(fault="black_hole"), Reply())),
    Weather("500", (Reply(500),)),
    Weather("502 in HTML", (Reply(502, body=_HTML),)),
    Weather("503", (Reply(503),)),
    Weather("503, later", (Reply(503, {"Retry-After": "2"}),)),
    Weather("503, much later", (Reply(503, {"Retry-After": "5"}), Reply())),
    Weather("429, later", (Reply(429, {"Retry-After": "2"}),)),
    Weather("limit 20/1", limit=(20, 1.0)),
    Weather("limit 50/2", limit=(50, 2.0)),
    Weather("limit 5/4", limit=(5, 4.0)),
    Weather("413", (Reply(413),)),
    Weather("413 at times", (Reply(413), Reply(), Reply())),
    Weather("success in HTML", (Reply(body=_HTML),)),
    Weather("slow", (Reply(delay=0.2),)),
)


class Endless(list[Reply]):
    """A script without end: whenever an answer is taken, another is chosen."""

    def __init__(self, replies: Sequence[Reply], chance: random.Random) -> None:
        super().__init__([chance.choice(replies)])
        self._replies = replies
        self._chance = chance

    def pop(self, index: SupportsIndex = -1) -> Reply:
        """Take the one answer that is there."""
        taken = super().pop(index)
        super().append(self._chance.choice(self._replies))
        return taken


class ChangingServer:
    """A server on one port for as long as it takes. A context manager.

    Args:
        chance: What decides.

    Attributes:
        arrivals: What came.
        seconds: By the weather's name, for how long there was such weather.
    """

    def __init__(self, chance: random.Random) -> None:
        self.arrivals = Arrivals()
        self.seconds: dict[str, float] = {}
        self._chance = chance
        self._server: Loopback | None = self.arrivals.serve()
        self.endpoint = self._server.endpoint
        self._port = self._server.port
        self._weather, self._since = FAIR, time.monotonic()

    def become(self, weather: Weather) -> None:
        """Change at once. Who waits in a black hole is let go only by the server's end."""
        now = time.monotonic()
        self.seconds[self._weather.name] = self.seconds.get(self._weather.name, 0.0) + now - self._since
        had, self._weather, self._since = self._weather, weather, now
        if self._server is not None and (weather.is_closed or had.name == "black hole"):
            self._server.stop()
            self._server = None
        if weather.is_closed:
            return
        if self._server is None:
            self._server = self.arrivals.serve(self._port)
        self._server.limit = weather.limit
        # Chance of its own: how many requests come must not decide on the weather to come.
        chance = random.Random(self._chance.random())  # noqa: S311 - to be repeated, not to be guessed
        self._server.script = Endless(weather.replies, chance) if weather.replies else []

    def change(self) -> None:
        """Become anything."""
        self.become(self._chance.choice(ALL))

    def __enter__(self) -> ChangingServer:  # noqa: PYI034 - typing.Self is newer than Python 3.10
        return self

    def __exit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.stop()
