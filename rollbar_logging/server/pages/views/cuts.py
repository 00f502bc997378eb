"""What a report's sender has cut or hidden, by its own marks and by what it says of itself. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from rollbar_logging.server.pages.views.values import CUT, SCRUBBED
from rollbar_logging.server.pages.views.wording import mapping, text_of, times

_MOST = 40
_DOTS = ("...", "…")


class Cuts(NamedTuple):
    """What was cut or scrubbed.

    Attributes:
        told: Sentences of the sender's ``notifier.diagnostic``: a name and what it says.
        scrubbed: Where a mark stands in place of a secret, at most 40.
        cut: Where a text or collection was shortened, at most 40.
        more: How many marked places are not among those.
    """

    told: tuple[tuple[str, str], ...]
    scrubbed: tuple[str, ...]
    cut: tuple[str, ...]
    more: int

    @property
    def is_any(self) -> bool:
        """Whether there is anything to say."""
        return bool(self.told or self.scrubbed or self.cut)


def cuts_of(data: Mapping[str, Any]) -> Cuts:
    """Find what was cut or scrubbed in a stored ``data``."""
    found: dict[str, list[str]] = {"scrubbed": [], "cut": []}
    more = 0
    for path, kind in _marks(data, ""):
        if len(found[kind]) < _MOST:
            found[kind].append(path)
        else:
            more += 1
    diagnostic = mapping(mapping(data.get("notifier")).get("diagnostic"))
    return Cuts(tuple(_told(diagnostic)), tuple(found["scrubbed"]), tuple(found["cut"]), more)


def _told(diagnostic: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in diagnostic.items():
        if name == "truncation" and isinstance(value, dict):
            for part, note in value.items():
                yield f"cut from {part}", text_of(note)
        elif name == "scrubbed" and isinstance(value, int):
            yield "scrubbed", times(value, "value")
        else:
            yield name, text_of(value)


def _marks(value: Any, path: str) -> Iterator[tuple[str, str]]:
    waiting: list[tuple[Any, str]] = [(value, path)]
    while waiting:
        each, where = waiting.pop()
        if isinstance(each, dict):
            waiting += [(inner, f"{where}.{key}" if where else key) for key, inner in reversed(each.items())]
        elif isinstance(each, list):
            waiting += [(inner, f"{where}[{index}]") for index, inner in reversed(list(enumerate(each)))]
        elif isinstance(each, str):
            if SCRUBBED.search(each):
                yield where, "scrubbed"
            # Three dots may end any sentence; a mark that counts is the sender's.
            elif CUT.search(each) and not each.endswith(_DOTS):
                yield where, "cut"
