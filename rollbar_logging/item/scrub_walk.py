"""An item while it is gone through, and the changed copy that comes of it."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

from rollbar_logging.item.secret_text import SCRUBBED

SCHEMA, FREE, SOURCE = range(3)
"""Whose keys a container has: Rollbar's; the application's; Rollbar's, and its texts are the program's, as in frames."""

_FREE_KEYS = frozenset(
    {"args", "attributes", "client", "custom", "extra", "kwargs", "locals", "params", "person", "request", "server"}
)
"""Keys of the schema under which the data are the application's."""

_CODE_LISTS = frozenset({"pre", "post"})


class Walk:
    """One item while it is gone through.

    Attributes:
        nodes: Its containers, the outer ones first.
        links: For each of them, the number of the container it is in and its key there.
        modes: For each of them, one of the constants of this module.
        starts: For each of them, the number of its first text.
        texts: The strings of all of them.
        keys: For each text, its key.
        changed_texts: Texts to replace: number of the container, key, new text.
        renames: Keys to replace, likewise.
        count: How many secrets were found.
    """

    def __init__(self, data: dict[str, Any]) -> None:
        self.nodes: list[Any] = [data]
        self.links: list[tuple[int, Any]] = [(0, None)]
        self.modes = [SCHEMA]
        self.starts: list[int] = []
        self.texts: list[str] = []
        self.keys: list[Any] = []
        self.changed_texts: list[tuple[int, Any, str]] = []
        self.renames: list[tuple[int, str, str]] = []
        self.count = 0
        self._changes: list[tuple[int, Any, str]] = []
        self._copies: dict[int, Any] = {}

    def add(self, node: Any, at: int, key: Any, mode: int) -> None:
        """Go through *node* too, which is under *key* in the container number *at* of that mode."""
        self.nodes.append(node)
        self.links.append((at, key))
        if mode != FREE:
            mode = FREE if key in _FREE_KEYS else SOURCE if key == "frames" else mode
        self.modes.append(mode)

    def change(self, at: int, key: Any) -> None:
        """Take out a value as a whole."""
        self._changes.append((at, key, SCRUBBED))
        self.count += 1

    def place(self, index: int) -> tuple[int, Any]:
        """Return the number of the container that a text is in, and its key there."""
        return bisect_right(self.starts, index) - 1, self.keys[index]

    def source_texts(self) -> Iterator[int]:
        """Yield the numbers of the texts in frames."""
        after = [*self.starts[1:], len(self.texts)]
        for mode, first, end in zip(self.modes, self.starts, after, strict=True):
            if mode == SOURCE:
                yield from range(first, end)

    def number_of(self, at: int, key: str) -> int | None:
        """Return the number of the container under *key* in the container number *at*, if it was gone through."""
        return self.links.index((at, key)) if (at, key) in self.links else None

    def is_code(self, at: int, key: Any) -> bool:
        """Whether the schema has source code there."""
        return self.modes[at] != FREE and (key == "code" or self.links[at][1] in _CODE_LISTS)

    def result(self) -> tuple[dict[str, Any], int]:
        """Return the item with all changes, copied as far as needed, and how many secrets were found."""
        # Whole values last: one may be in a container that is taken out as a whole.
        for at, key, value in [*self.changed_texts, *self._changes]:
            self._own(at)[key] = value
        renames: defaultdict[int, dict[str, str]] = defaultdict(dict)
        for at, key, name in self.renames:
            renames[at][key] = name
        for at, names in renames.items():
            _rename(self._own(at), names)
        return self._copies.get(0, self.nodes[0]), self.count

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
