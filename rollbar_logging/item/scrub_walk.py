"""An item while it is gone through, and the changed copy that comes of it."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

SCHEMA, FREE, SOURCE = range(3)
"""Whose keys a container has: Rollbar's; the application's; Rollbar's, in frames, whose texts are the program's."""

_SCHEMA_KEYS = frozenset(
    {"argspec", "body", "context", "crash_report", "exception", "message", "post", "pre", "telemetry", "trace"}
    | {"trace_chain", "notifier"}
)
"""Keys of the schema's own containers; what is under any other key is the application's."""

_CODE_LISTS = frozenset({"pre", "post"})


def mode_of(key: Any, mode: int) -> int:
    """Return the mode of what is under *key* in a container of a mode other than `FREE`."""
    if type(key) is int or key in _SCHEMA_KEYS:
        return mode
    return SOURCE if key == "frames" else FREE


class Walk:
    """One item while it is gone through.

    Attributes:
        nodes: Its containers, the outer ones first.
        links: For each of them, the number of the container it is in and its key there.
        modes: For each of them, one of the constants of this module.
        starts: For each of them, the number of its first text.
        texts: The strings of all of them.
        keys: For each text, its key.
        unseen: Numbers of the containers in frames with texts that were not seen before.
        changes: Values to replace as a whole: number of the container, key, new value.
        renames: Keys to replace, likewise; of two for one key the last counts.
        secrets: Texts that were taken out as a whole, with the kinds of their names.
        count: How many secrets were found in keys.
    """

    def __init__(self, data: dict[str, Any]) -> None:
        self.nodes: list[Any] = [data]
        self.links: list[tuple[int, Any]] = [(0, None)]
        self.modes = [SCHEMA]
        self.starts: list[int] = []
        self.texts: list[str] = []
        self.keys: list[Any] = []
        self.unseen: list[int] = []
        self.renames: list[tuple[int, str, str]] = []
        self.count = 0
        self.changes: list[tuple[int, Any, str]] = []
        self.secrets: list[tuple[int, str]] = []
        self._changed_texts: dict[tuple[int, Any], tuple[str, int]] = {}
        self._copies: dict[int, Any] = {}

    def place(self, index: int) -> tuple[int, Any]:
        """Return the number of the container that a text is in, and its key there."""
        return bisect_right(self.starts, index) - 1, self.keys[index]

    def set_text(self, at: int, key: Any, text: str, count: int) -> None:
        """Replace a text by one that has lost so many secrets in all."""
        self._changed_texts[at, key] = text, count

    def text_at(self, index: int) -> tuple[str, int]:
        """Return a text by its number, as it is by now, and how many secrets it has lost."""
        return self._changed_texts.get(self.place(index)) or (self.texts[index], 0)

    def unseen_texts(self) -> Iterator[int]:
        """Yield the numbers of the texts in frames that were not seen before."""
        for at in self.unseen:
            end = self.starts[at + 1] if at + 1 < len(self.starts) else len(self.texts)
            yield from range(self.starts[at], end)

    def number_of(self, at: int, key: str) -> int | None:
        """Return the number of the container under *key* in the container number *at*, if it was gone through."""
        return self.links.index((at, key)) if (at, key) in self.links else None

    def is_code(self, at: int, key: Any) -> bool:
        """Whether the schema has source code there."""
        return self.modes[at] != FREE and (key == "code" or self.links[at][1] in _CODE_LISTS)

    def result(self) -> tuple[dict[str, Any], int]:
        """Return the item with all changes, copied as far as needed, and how many secrets were found."""
        # Whole values last: one may be in a container that is taken out as a whole.
        for (at, key), (text, _) in self._changed_texts.items():
            self._own(at)[key] = text
        for at, key, value in self.changes:
            self._own(at)[key] = value
        renames: defaultdict[int, dict[str, str]] = defaultdict(dict)
        for at, key, name in self.renames:
            renames[at][key] = name
        for at, names in renames.items():
            _rename(self._own(at), names)
        whole = {(at, key) for at, key, _ in self.changes}
        in_texts = sum(count for place, (_, count) in self._changed_texts.items() if place not in whole)
        return self._copies.get(0, self.nodes[0]), self.count + in_texts + len(whole)

    def _own(self, at: int) -> Any:
        """Return a copy of a container, in a copy of all that holds it."""
        path = []
        while at not in self._copies:
            path.append(at)
            self._copies[at] = self.nodes[at].copy()
            at = self.links[at][0]
        for number in path:
            if number:
                holder, key = self.links[number]
                self._copies[holder][key] = self._copies[number]
        return self._copies[path[0] if path else at]


def _rename(node: dict[str, Any], names: dict[str, str]) -> None:
    """Rename keys in place: in their order, and each to a name that no other has."""
    entries = list(node.items())
    taken = {key for key in node if key not in names}
    numbers: Counter[str] = Counter()
    node.clear()
    for key, value in entries:
        name = wanted = names.get(key, key)
        while key in names and name in taken:
            numbers[wanted] += 1
            name = f"{wanted} #{numbers[wanted] + 1}"
        taken.add(name)
        node[name] = value
