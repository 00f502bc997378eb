"""An `Occurrence` to the bytes that are posted: build, scrub, ask the application, fit, encode."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from rollbar_logging.capture.occurrence import Occurrence
from rollbar_logging.errors import in_words
from rollbar_logging.item.build import Origin, build, minimal, shortened_fingerprint
from rollbar_logging.item.scrub import Scrubber
from rollbar_logging.item.source import SourceLines
from rollbar_logging.item.truncate import fit

BeforeSend = Callable[[dict[str, Any]], dict[str, Any] | None]
Fingerprint = Callable[[dict[str, Any]], str | None]


class Assembly:
    """Makes bodies of occurrences. Used by several threads at once; its caches hold source lines only.

    Args:
        origin: What all items have in common.
        scrubber: Takes secrets out.
        limit: Bytes of the largest body.
        before_send: The application's last word on a scrubbed item.
        fingerprint: The application's grouping key.
    """

    def __init__(
        self,
        origin: Origin,
        scrubber: Scrubber,
        limit: int,
        before_send: BeforeSend | None = None,
        fingerprint: Fingerprint | None = None,
    ) -> None:
        self._origin = origin
        self._scrubber = scrubber
        self._limit = limit
        self._before_send = before_send
        self._fingerprint = fingerprint
        self._source = SourceLines(clean=lambda lines: scrubber.code(lines)[0])

    def body(self, occurrence: Occurrence) -> bytes | None:
        """Return the body to post, or ``None`` if ``before_send`` drops the report.

        Never fails: if the full item cannot be built, or the application's functions raise, a smaller
        item says so in its ``notifier.diagnostic``.
        """
        try:
            data = self._asked(self._scrubbed(build(occurrence, self._origin, self._source.around)))
        except BaseException as error:  # noqa: BLE001 - a smaller report beats none; what failed is told in it
            data = self._scrubbed(minimal(occurrence, self._origin, in_words(error)))
        # What was captured is plain; what the application's functions had in hand may be anything.
        is_plain = self._before_send is None and self._fingerprint is None
        return None if data is None else fit(data, self._limit, is_plain=is_plain)[0]

    @staticmethod
    def shrunk(body: bytes) -> bytes:
        """Return a body of at most half the bytes, for a server that refused this one as too large."""
        return fit(json.loads(body)["data"], max(len(body) // 2, 4096), is_plain=True)[0]

    def _scrubbed(self, data: dict[str, Any]) -> dict[str, Any]:
        data, scrubbed = self._scrubber.scrub(data)
        if scrubbed:
            notifier = data["notifier"]
            data["notifier"] = {**notifier, "diagnostic": {**notifier.get("diagnostic", {}), "scrubbed": scrubbed}}
        return data

    def _asked(self, data: dict[str, Any]) -> dict[str, Any] | None:
        if self._fingerprint is not None:
            chosen = self._fingerprint(data)
            text = "" if chosen is None else str(chosen)
            if text:
                data["fingerprint"] = shortened_fingerprint(text)
        if self._before_send is None:
            return data
        given = self._before_send(data)
        if given is None or issubclass(type(given), dict):
            return given
        raise TypeError(f"before_send returned a {type(given).__name__}, neither a dict nor None")
