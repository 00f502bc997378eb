"""The demo from its first line to its exit status: each scene is played, waited for and looked up at the server."""

from __future__ import annotations

import logging
import time
from time import monotonic

from rollbar_logging.cli.demo_app import LOGGER, LOGGING, SCENES, ExceptionGroup, Scene, UuidHandler
from rollbar_logging.cli.demo_stage import NEIGHBOUR_UUID, Secrets, environment, logging_configured, use_up_window
from rollbar_logging.cli.demo_table import Row, cuts, faults_of, row_of, table, text_of
from rollbar_logging.handler import RollbarHandler
from rollbar_logging.server import LocalServer

PATIENCE = 60.0
"""Seconds for all reports together to arrive; they need about seven."""

TOKEN_NAME = "post_server_item"  # noqa: S105 - its name
_MOST_BURSTS = 3
_LOOK = 0.1


def show(
    server: LocalServer, *, is_staying: bool = False, patience: float = PATIENCE, secrets: Secrets | None = None
) -> int:
    """Play the demo on a running server, and print what came of it.

    Args:
        server: Takes what the application reports.
        is_staying: Whether to leave the server running until Ctrl-C.
        patience: Seconds for all reports together to arrive.
        secrets: Makes what must not arrive.

    Returns:
        The exit status: 0 if all is as it should be.
    """
    _say(f"The local server takes reports at {server.endpoint}")
    faults = _perform(server, monotonic() + patience, secrets or Secrets())
    for fault in faults:
        _say(f"NOT AS IT SHOULD BE: {fault}")
    _say(f"{'Not all is well' if faults else 'All arrived'}. The page: {server.url}")
    if is_staying:
        _stay(server.url)
    return 1 if faults else 0


def _perform(server: LocalServer, deadline: float, secrets: Secrets) -> list[str]:
    """Play all scenes and print the table; return in words what is not as it should be."""
    variables = {
        "ROLLBAR_ACCESS_TOKEN": server.tokens[TOKEN_NAME],
        "ROLLBAR_ENDPOINT": server.endpoint,
        "ROLLBAR_ENVIRONMENT": "demo",
        "ROLLBAR_STORM_LIMIT": "0",  # bursts of one failure are to arrive whole
    }
    with environment(variables) as aside, logging_configured(LOGGING):
        _say(f"The application is configured by logging.config.dictConfig and\n  {', '.join(variables)}")
        if aside:
            _say(f"Not used, and set again afterwards: your own\n  {', '.join(aside)}")
        if ExceptionGroup is None:
            _say("No scene with an ExceptionGroup: Python has it from 3.11 on")
        stage = _Stage(server, logging.getLogger(LOGGER), deadline, secrets)
        _say("")
        rows = [stage.play(scene, f"[{number}/{len(SCENES)}]") for number, scene in enumerate(SCENES, 1)]
        _say(f"\n{table(rows)}\n\nWhat was cut:\n{cuts(rows) or '  nothing'}\n\n{stage.summary()}\n")
        faults = [fault for row, scene in zip(rows, SCENES, strict=True) for fault in faults_of(row, scene.shows)]
        return faults + stage.faults()


class _Stage:
    """Plays scenes, and looks up on both sides of the wire what came of them."""

    def __init__(self, server: LocalServer, logger: logging.Logger, deadline: float, secrets: Secrets) -> None:
        self._server = server
        self._deadline = deadline
        self._secrets = secrets
        self._handler = next(handler for handler in logger.handlers if isinstance(handler, RollbarHandler))
        self._witness = next(handler for handler in logger.handlers if isinstance(handler, UuidHandler))

    def play(self, scene: Scene, number: str) -> Row:
        """Let the application fail, wait until its reports are settled, and look them up."""
        _say(f"{number} {scene.title}")
        self._witness.uuids.clear()
        began, deferred = monotonic(), self._handler.stats().deferred
        if "deferred" in scene.shows:
            self._play_beside_a_neighbour(scene)
        else:
            self._play_alone(scene)
        seconds = monotonic() - began
        arrived = {occurrence.uuid: occurrence for occurrence in self._server.occurrences()}
        row = row_of(scene.title, self._witness.uuids, arrived, self._handler.stats().deferred - deferred)
        _say(f"      {row.logged} logged, {row.arrived} arrived: {row.body_bytes:,} bytes in {1000 * seconds:,.0f} ms")
        return row

    def summary(self) -> str:
        """Tell what both sides counted, and what of the secrets arrived."""
        handler, server = self._handler.stats(), self._server.stats()
        of_neighbour = sum(occurrence.uuid == NEIGHBOUR_UUID for occurrence in self._server.occurrences())
        refused = ", ".join(f"answered {status}: {count}" for status, count in server.refused.items())
        return (
            f"The handler: {handler.accepted} accepted, {handler.sent} sent, {sum(handler.dropped.values())} dropped,"
            f" {handler.queued} waiting, {handler.deferred} deferred, {handler.retried} retried\n"
            f"The server:  {server.stored} stored ({of_neighbour} of the neighbour's), {refused or 'nothing refused'}\n"
            f"Secrets:     {len(self._secrets.planted)} planted, {self._leaked()} found in what arrived"
        )

    def faults(self) -> list[str]:
        """Tell what is wrong, other than with one scene."""
        stats, leaked = self._handler.stats(), self._leaked()
        faults = [f"the handler dropped {count}: {reason}" for reason, count in stats.dropped.items()]
        if stats.queued:
            faults.append(f"{stats.queued} still waiting")
        if leaked:
            faults.append(f"of the planted secrets {leaked} arrived")
        return faults

    def _play_beside_a_neighbour(self, scene: Scene) -> None:
        """Play a scene while the rate limit's window is used up; again, should it have reopened too early."""
        before = self._handler.stats().deferred
        for _ in range(_MOST_BURSTS):
            calls = use_up_window(self._server.endpoint, self._server.tokens[TOKEN_NAME])
            _say(f"      a noisy neighbour with the same access token uses up the window: {calls} calls")
            self._play_alone(scene)
            if self._handler.stats().deferred > before or monotonic() > self._deadline:
                return

    def _play_alone(self, scene: Scene) -> None:
        scene.play(*self._secrets.plant(scene.secrets))
        is_told = False
        while not self._handler.flush(_LOOK) and monotonic() < self._deadline:
            stats = self._handler.stats()
            if stats.rate_limited_until is not None and not is_told:
                is_told = True
                moment = time.strftime("%H:%M:%S", time.localtime(stats.rate_limited_until))
                _say(f"      {stats.queued} reports wait until {moment}; {stats.deferred} met the rate limit")

    def _leaked(self) -> int:
        arrived = "\n".join(text_of(occurrence.data) for occurrence in self._server.occurrences(kind=None))
        return self._secrets.found_in(arrived)


def _stay(url: str) -> None:
    try:
        _say(f"Serving on {url} until Ctrl-C")
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        _say("stopped")


def _say(text: str) -> None:
    print(text, flush=True)
