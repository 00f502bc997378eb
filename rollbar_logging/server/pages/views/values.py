"""Any JSON value as a tree with types. Pure.

A report may hold a hundred thousand small values: a page shows the first `MOST_NODES` of each tree, and of trees
that share a `Room` no more than it has, and says how many more there are.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple

from rollbar_logging.server.pages.views.wording import json_text, times

MOST_NODES = 1500
_DEEPEST = 12
_LONGEST_TEXT = 20_000
_PREVIEW = 72
_GLIMPSE = 24

SCRUBBED = re.compile(r"\[scrubbed\]|\[FILTERED\]|\[Filtered\]|\A\*{4,}\Z", re.IGNORECASE)
"""Marks that senders leave in place of a secret."""
CUT = re.compile(r"… \(\d{1,10} characters\)\Z|… \[\+\d{1,10} chars?\]\Z|\A… \d{1,10} more\Z|\.\.\.\Z|…\Z")
"""Marks that senders leave where something was shortened."""

_CLASS = "<class>"
_REPRESENTED = re.compile(r"\A<(?:[\w.]+)[^<>]*>\Z", re.DOTALL)
_LITERALS = {"true": "True", "false": "False", "null": "None"}
"""How Python writes what JSON writes otherwise."""
_NAMES = {
    "python": {bool: "bool", int: "int", float: "float", str: "str", list: "list", dict: "dict", type(None): "None"},
    "": {
        bool: "boolean",
        int: "number",
        float: "number",
        str: "string",
        list: "array",
        dict: "object",
        type(None): "null",
    },
}


class Node(NamedTuple):
    """One value of a tree.

    Attributes:
        name: Its key or index.
        kind: Its type in words.
        text: The value itself, or of a collection a short preview.
        children: What is in it; empty for a plain value.
        is_used: Whether the failing line names it.
        is_argument: Whether it was passed to the function.
        mark: ``scrubbed`` or ``cut`` when its text says so.
    """

    name: str
    kind: str
    text: str
    children: tuple[Node, ...] = ()
    is_used: bool = False
    is_argument: bool = False
    mark: str = ""


class Room:
    """How many nodes may still be made."""

    def __init__(self, nodes: int) -> None:
        """Have room for so many."""
        self.left = nodes


def tree_of(
    values: Mapping[str, Any],
    language: str = "",
    *,
    used: Collection[str] = (),
    arguments: Collection[str] = (),
    room: Room | None = None,
) -> tuple[Node, ...]:
    """Return the tree of a mapping's values.

    Args:
        values: By name.
        language: Of the program, which names the types.
        used: Names that the failing line uses; they come first.
        arguments: Names of the function's parameters.
        room: What trees of one page share; without it, this one has a tree's own.
    """
    own = Room(MOST_NODES if room is None else min(room.left, MOST_NODES))
    given = own.left
    names = _NAMES["python" if language.lower().startswith("python") else ""]
    ordered = sorted(values.items(), key=lambda entry: entry[0] not in used)
    nodes = [
        node._replace(is_used=node.name in used, is_argument=node.name in arguments)
        for node in _nodes(ordered, names, own, _DEEPEST)
    ]
    if room is not None:
        room.left -= given - own.left
    return tuple(nodes)


def _nodes(entries: Iterable[tuple[str, Any]], names: Mapping[type, str], room: Room, depth: int) -> list[Node]:
    entries = list(entries)
    nodes: list[Node] = []
    for index, (name, value) in enumerate(entries):
        if room.left <= 0:
            nodes.append(Node("…", "", f"{len(entries) - index:,} more: see the raw JSON", mark="cut"))
            break
        room.left -= 1
        nodes.append(_node(name, value, names, room, depth))
    return nodes


def _node(name: str, value: Any, names: Mapping[type, str], room: Room, depth: int) -> Node:
    if isinstance(value, (dict, list)) and value:
        return _branch(name, value, names, room, depth)
    text = _text(value)
    if not isinstance(value, str) and names is _NAMES["python"]:
        text = _LITERALS.get(text, text)
    if isinstance(value, str) and _REPRESENTED.match(value):
        return Node(name, "object", text)
    return Node(name, names.get(type(value), type(value).__name__), text, mark=_mark(value))


def _branch(name: str, value: dict[str, Any] | list[Any], names: Mapping[type, str], room: Room, depth: int) -> Node:
    kind = f"{names[type(value)]} of {len(value)}"
    if isinstance(value, dict) and isinstance(value.get(_CLASS), str):
        kind = value[_CLASS].rpartition(".")[2] or kind
    if depth == 0:
        return Node(name, kind, _shortened(json_text(value), _LONGEST_TEXT))
    entries = value.items() if isinstance(value, dict) else ((str(index), each) for index, each in enumerate(value))
    return Node(name, kind, preview(value), tuple(_nodes(entries, names, room, depth - 1)))


def preview(value: Any) -> str:
    """Say in a few words what is in a value."""
    if isinstance(value, dict):
        parts = (f"{key}: {_glimpse(inner)}" for key, inner in value.items() if key != _CLASS)
        return "{" + _joined(parts) + "}"
    if isinstance(value, list):
        return "[" + _joined(_glimpse(inner) for inner in value) + "]"
    return _shortened(_text(value), _PREVIEW)


def _joined(parts: Iterable[str]) -> str:
    text = ""
    for part in parts:
        if len(text) + len(part) > _PREVIEW:
            return f"{text}…" if text else f"{part[:_PREVIEW]}…"
        text += f"{', ' if text else ''}{part}"
    return text


def _glimpse(value: Any) -> str:
    if isinstance(value, (dict, list)):
        return ("{…}" if isinstance(value, dict) else "[…]") if value else ("{}" if isinstance(value, dict) else "[]")
    text = _text(value)
    return text if len(text) <= _GLIMPSE else f"{text[:_GLIMPSE]}…"


def _text(value: Any) -> str:
    return _shortened(value, _LONGEST_TEXT) if isinstance(value, str) else json.dumps(value)


def _shortened(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[:longest]}… {times(len(text) - longest, 'character')} more"


def _mark(value: Any) -> str:
    if not isinstance(value, str):
        return ""
    if SCRUBBED.search(value):
        return "scrubbed"
    return "cut" if CUT.search(value) else ""


_NAME = re.compile(r"(?<![\w.])[A-Za-z_$][\w$]*")


def names_in(code: Any) -> frozenset[str]:
    """Return the names that a line of code uses; those behind a dot are attributes, and are left out."""
    return frozenset(_NAME.findall(code)) if isinstance(code, str) else frozenset()
