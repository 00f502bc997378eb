"""One quick look that tells whether a text could hold a secret at all.

Nearly all text holds none, and looking must cost next to nothing. So all signs of secrets become one
pattern whose every branch begins with a single character, the rarest one of its sign: the regex engine
skips to those characters without trying anything in between.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

_COMMON_FIRST = " erostnidalfc.pu_hm:,01)(2=/g-by\"'vx38k6w4OE5N#SIT][R>+U7PB<9KA*jJFCMLq;zD%\\GVHWX}{`?&Y!@Z|Q^$~"
"""ASCII as source code and messages have it: half of each, counted."""

_RANKS = {char: rank for rank, char in enumerate(_COMMON_FIRST)}


class Sign(NamedTuple):
    """Text that a kind of secret cannot be without.

    Attributes:
        text: The text itself.
        then: Pattern of what follows it.
        before: Pattern of one character that stands before it; anything, if empty.
        any_case: Whether letter case does not matter.
    """

    text: str
    then: str = ""
    before: str = ""
    any_case: bool = False


def signs_pattern(signs: Iterable[Sign], branches: Iterable[str] = ()) -> str:
    """Return a pattern that matches where a sign is; a match begins at the sign's rarest character.

    Args:
        signs: What to look for.
        branches: Further patterns, each of which begins with a literal character.
    """
    by_anchor: dict[str, dict[str, list[str]]] = {}
    for sign in signs:
        at = max(range(len(sign.text)), key=lambda i, text=sign.text: _RANKS.get(text[i], 99))  # type: ignore[misc]
        cases = _cases if sign.any_case else re.escape
        letters = [cases(char) for char in sign.text]
        behind = f"(?<={sign.before}{''.join(letters)})" if at or sign.before else ""
        near = "".join(letters[at + 1 :]) + behind
        anchor = sign.text[at]
        for char in {anchor, anchor.lower(), anchor.upper()} if sign.any_case else {anchor}:
            by_anchor.setdefault(char, {}).setdefault(sign.then, []).append(near)
    # The commonest first: the engine tries branch after branch.
    grouped = [
        re.escape(char) + "(?:" + "|".join(f"(?:{'|'.join(nears)}){then}" for then, nears in thens.items()) + ")"
        for char, thens in sorted(by_anchor.items(), key=lambda item: _RANKS.get(item[0], 99))
        if len(char) == 1  # the capital of ß has two
    ]
    return "|".join([*branches, *grouped])


def _cases(char: str) -> str:
    """Return a character as a class of both cases: unlike a flag, it lets the engine pass over a branch at once."""
    return f"[{char.lower()}{char.upper()}]" if char.isalpha() else re.escape(char)
