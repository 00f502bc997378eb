"""Secrets that an item gives away by their names, out of its other places as well.

A password that is a local variable of that name is also a parameter of a query, an argument of a message and a part
of an exception's text, where nothing says what it is. But most values under such names may be ordinary words, too:
what is taken out of texts looks like what machines make, or has digits at least.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from rollbar_logging.item.scrub_walk import FREE, Walk
from rollbar_logging.item.secret_names import BRIEF, CHOSEN, CLEAN, MEMORABLE, SecretNames
from rollbar_logging.item.secret_text import SCRUBBED, is_prose, looks_made, placeholder_end

_SHORTEST, _LONGEST = 6, 256
_MOST = 32
_BYTES = re.compile(r"b(['\"])(.*)\1", re.DOTALL)
_TEXTS = frozenset({"body", "code", "description", "message", "raw", "title"})
"""Keys of the schema whose texts may hold a secret; what Rollbar groups by stays what it is."""


class Known(NamedTuple):
    """What was found to be a secret.

    Attributes:
        parts: Texts that are secrets wherever they stand.
        words: Texts that are where they are all of a value, and may be any word elsewhere.
    """

    parts: frozenset[str]
    words: frozenset[str]


def known_of(secrets: Iterable[tuple[int, str]], names: SecretNames) -> Known:
    """Choose those values that can be told from ordinary words.

    Args:
        secrets: Values, each with the kind of its name.
        names: Says what is a name itself, and no secret.
    """
    parts: set[str] = set()
    words: set[str] = set()
    for kind, given in secrets:
        value = _bare(given)
        if kind == BRIEF or not _is_distinct(value) or names.kind(value) != CLEAN:
            continue
        if looks_made(value):
            parts.add(value)
        elif kind in {MEMORABLE, CHOSEN}:
            words.add(value)
        if len(parts) + len(words) >= _MOST:
            break
    return Known(frozenset(parts), frozenset(words))


def hide_known(walk: Walk, known: Known, together: str, ends: Sequence[int]) -> set[int]:
    """Take what is known out of the texts and keys of an item.

    Args:
        walk: The item.
        known: What to take out.
        together: All its texts, with a NUL between one and the next.
        ends: Where each of them ends in that, and the next one begins.

    Returns:
        The numbers of the texts that hold such a secret.
    """
    found = {index for part in known.parts for index in _texts_with(part, together, ends)}
    if found:
        pattern = _pattern(known.parts)
        found = {index for index in found if _is_cleaned(walk, index, pattern)}
    framed = f"\0{together}\0" if known.words else ""
    for word in known.words:
        for index in _texts_with(f"\0{word}\0", framed, ends):
            at, key = walk.place(index)
            if walk.modes[at] == FREE:
                walk.set_text(at, key, SCRUBBED, 1)
                found.add(index)
    if known.parts:
        _hide_in_keys(walk, known.parts)
    return found


def _bare(given: str) -> str:
    as_bytes = _BYTES.fullmatch(given)
    value = as_bytes[2] if as_bytes else given
    scheme, _, rest = value.strip().partition(" ")
    return rest if rest and scheme.isalpha() else value  # `Bearer …`


def _is_distinct(value: str) -> bool:
    if not _SHORTEST <= len(value) <= _LONGEST or not value.isprintable() or " " in value:
        return False
    return "…" not in value and not is_prose(value) and placeholder_end(value, 0) != len(value)


def _texts_with(part: str, together: str, ends: Sequence[int]) -> Iterable[int]:
    at = together.find(part)
    while at >= 0:
        index = bisect_right(ends, at)
        if index >= len(ends):
            return
        yield index
        at = together.find(part, ends[index])


def _pattern(parts: Iterable[str]) -> re.Pattern[str]:
    longest_first = sorted(parts, key=lambda part: (-len(part), part))
    return re.compile(rf"(?<![A-Za-z0-9])(?:{'|'.join(map(re.escape, longest_first))})(?![A-Za-z0-9])")


def _is_cleaned(walk: Walk, index: int, pattern: re.Pattern[str]) -> bool:
    at, key = walk.place(index)
    if walk.modes[at] != FREE and key not in _TEXTS and not walk.is_code(at, key):
        return False
    text, before = walk.text_at(index)
    text, count = pattern.subn(SCRUBBED, text)
    if count:
        walk.set_text(at, key, text, before + count)
    return count > 0


def _hide_in_keys(walk: Walk, parts: frozenset[str]) -> None:
    free = [node for node, mode in zip(walk.nodes, walk.modes, strict=True) if mode == FREE and type(node) is dict]
    together = "\0".join(set().union(*free))  # the same keys come again and again
    if not any(part in together for part in parts):
        return
    pattern = _pattern(parts)
    renamed = {(at, key): clean for at, key, clean in walk.renames}
    for at, node in enumerate(walk.nodes):
        names: list[str] = list(node) if walk.modes[at] == FREE and type(node) is dict else []
        for key in names:
            clean, count = pattern.subn(SCRUBBED, renamed.get((at, key), key))
            if count:
                walk.renames.append((at, key, clean))
                walk.count += count
