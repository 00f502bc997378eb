"""Private keys as PEM, OpenSSH and PGP write them: with line ends or escapes for them, as URLs have them, in part."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from rollbar_logging.item.secret_text import Span, cut_at, replaced

KEY_SIGNS = ("-----BEGIN", "-----END")
"""What no text with such a key is without."""

_NAME = r"[A-Z0-9 +%]{1,40}PRIVATE(?:[ +]|%20)KEY(?:(?:[ +]|%20)BLOCK)?-----"
_BEGIN_ALONE = re.compile(rf"\s*-----BEGIN{_NAME}\s*")
_BEGIN = re.compile(rf"-----BEGIN{_NAME}(?=(?:\s|\\+[nr]|%0[AaDd])*[A-Za-z0-9+/])")
_END = re.compile(rf"-----END{_NAME}")
_WORDS = re.compile(r"(?P<gap>(?:\\+[nr]|[\s\"',])+)|(?P<word>[A-Za-z0-9+/=]+)|(?P<other>.)", re.DOTALL)
_LONG = 32
"""Characters that a line of a key has at least, but for its last."""
_MOST = 8192


def scrub_private_keys(text: str) -> tuple[str, int]:
    """Replace keys, also such as lack their end or their beginning.

    Returns:
        The text, the same object if there was nothing to replace, and how many keys were replaced.
    """
    if not any(sign in text for sign in KEY_SIGNS):
        return text, 0
    spans: list[Span] = []
    at = 0
    has_end = True
    while (begin := _BEGIN.search(text, at)) is not None:
        spans += _tails(text, at, begin.start())
        found = _END.search(text, begin.end()) if has_end else None
        has_end = found is not None
        at = found.end() if found else cut_at(text, begin.end())
        spans.append((begin.start(), at))
    return replaced(text, spans + _tails(text, at, len(text)))


def lines_of_key(entries: Sequence[Any], at: int) -> range:
    """Return where in a list of lines the key is that begins with line number *at*; an empty range if none does."""
    if _BEGIN_ALONE.fullmatch(entries[at]) is None:
        return range(0)
    texts = range(at + 1, len(entries))
    end = next((index for index in texts if type(entries[index]) is not str or _END.search(entries[index])), -1)
    return range(at, end + 1 if end >= 0 else len(entries))


def _tails(text: str, start: int, end: int) -> list[Span]:
    """Return where the ends of keys are whose beginnings are not there."""
    spans: list[Span] = []
    for found in _END.finditer(text, start, end):
        first = _tail(text, max(start, found.start() - _MOST), found.start())
        if first >= 0:
            spans.append((first, found.end()))
        start = found.end()
    return spans


def _tail(text: str, start: int, end: int) -> int:
    """Return where the lines of a key begin that end at *end*, or -1."""
    first, is_over = -1, False
    for found in _WORDS.finditer(text, start, end):
        if found.lastgroup == "gap":
            continue
        is_long = found.lastgroup == "word" and len(found[0]) >= _LONG
        if found.lastgroup == "other" or (is_over and not is_long):
            first, is_over = -1, False
        elif is_long:
            first = found.start() if first < 0 or is_over else first
            is_over = False
        else:
            is_over = True
    return first
