"""Where a value in text ends, and what it looks like.

All of it takes time in proportion to what it reads, whatever the text: strings may have a megabyte and
may be made to be slow.
"""

from __future__ import annotations

import re
import sys
from typing import NamedTuple

Span = tuple[int, int]
"""Where something begins and ends in a text."""

SCRUBBED = "[scrubbed]"
"""What stands in the place of a secret."""

CUT = r"(?=[\"']?…[ ]\[\+\d|\Z)"
"""Pattern of where what was kept of a text ends: the note of how much is missing, or the end."""

_CUT = re.compile(r"[\"']?… \[\+\d|\Z")
_OPENING = re.compile(r"[bBuUrRfF]{0,2}(\\{0,3})(\"\"\"|'''|[\"'])")
_OPENING_ENCODED = re.compile(r"()(%2[27])")
_BRACKETS = re.compile(r"[\"'()\[\]{}]")
_QUOTES = re.compile(r"\\?[\"'`]")
_ONE_LINE = 512
_RUN = re.compile(
    r"""(?: [^\s"'`&;,()\[\]{}<>|\\…]+
          | \\(?![nrt][\w-]{1,40}[=:]|["'](?!\w))
          | [&;,](?=[^\s&;,"'(\[{])(?!(?:amp;)?[\w .\-\[\]]{1,40}=)
          | ["'`()\[\]{}<>|](?=\w)
          | …(?!\ \[\+)
        ){1,1000}""",
    re.VERBOSE,
)
_ENCODED_RUN = re.compile(r"(?:[^\s\"'&%<>…]+|%(?!(?:25)?(?:26|3[Bb]))|…(?! \[\+)){1,1000}")
_LINE = {
    '"': re.compile(r"(?:[^\r\n\"\\…]+|\\(?![rn\"])|…(?! \[\+)){1,1000}"),
    "'": re.compile(r"(?:[^\r\n'\\…]+|\\(?![rn'])|…(?! \[\+)){1,1000}"),
    "": re.compile(r"(?:[^\r\n\\…]+|\\(?![rn])|…(?! \[\+)){1,1000}"),
}
_EXPRESSION = re.compile(
    r"""(?:(?:await|not|yield|lambda|new)[ \t]+)?
        (?: [A-Za-z_]\w{0,100}(?:\.\w{1,100}){0,20}[ ]?[(\[]
          | (?:self|cls|os|app|args|config|data|env|environ|form|kwargs|options|params|request|settings)
              \.[A-Za-z_] )""",
    re.VERBOSE,
)
_CALL = re.compile(r"[A-Za-z_][\w.]{0,100}\(")
_MOST_BRACKETS = 64
_PLACEHOLDER = re.compile(
    r"""(?: %(?:\(\w{1,60}\))?[-+ #0-9.*]{0,8}[sdrifxa] | \{\{?[ \w.!:>()\[\]-]{0,60}\}?\}
          | \$\{[A-Za-z_]\w{0,60}\} | \$[A-Z_][A-Z0-9_]{0,60} | \$\d{1,3} | \*{3,} | x{4,} | \.{2,} | \? | …
        )(?![^\s"'`,;&)\]}>\\])""",
    re.VERBOSE,
)
_MADE_LENGTH = 6
_LONG_LENGTH = 20
_PROSE = frozenset(
    """
    a absent again an and any are array as at authentication bad been before blank bool boolean by bytes
    can cannot can't change changed could denied dict did didn't do does doesn't don't empty error exceeded
    expected expired fail failed failure false field float for found from function given had has have hidden
    if illegal in incorrect input int integer invalid is isn't it its keep length list long malformed match
    may minimum mismatch missing must need needed needs never new nil no none not null number object of ok
    okay old on only optional or out please redacted refused rejected removed required reset resource revoked
    scrubbed secretstr sent set short should some str string strong supplied system text than that the these
    this to too true tuple type unauthorized undefined unexpected unknown unset use used using valid value
    verification was wasn't weak were when which will with without won't wrong you your
    """.split()  # noqa: SIM905 - a table of words, not of quotes
)


class Literal(NamedTuple):
    """A quoted text: where its content begins and ends, and where the text after it begins.

    Attributes:
        start: Where the content begins.
        end: Where it ends.
        after: Where the text behind the closing quote begins.
        is_closed: Whether there is a closing quote; a text that was cut may have none.
        quote: The quote.
    """

    start: int
    end: int
    after: int
    is_closed: bool
    quote: str


def literal_at(text: str, at: int, *, encoded: bool = False) -> Literal | None:
    """Read the quoted text that begins at *at*: as Python or JSON write it, also inside of another quoted text.

    Args:
        text: The text.
        at: Where the quote is, or what Python has before it.
        encoded: Whether it stands in a URL, quote and all.
    """
    opening = (_OPENING_ENCODED if encoded else _OPENING).match(text, at)
    if opening is None:
        return None
    depth, quote, start = len(opening[1]), opening[2], opening.end()
    closing = _closing(text, quote, start, depth)
    if closing < 0:
        end = cut_at(text, start)
        return Literal(start, end, end, is_closed=False, quote=quote)
    # The backslashes before a closing quote belong to the quote.
    end = closing - min(depth, _backslashes(text, closing, start))
    return Literal(start, end, closing + len(quote), is_closed=True, quote=quote)


def cut_at(text: str, start: int) -> int:
    """Return where the text that was kept ends, looking from *start* on."""
    found = _CUT.search(text, start)
    return found.start() if found else len(text)


def bracket_end(text: str, at: int, most: int = sys.maxsize) -> int:
    """Return where the bracket that opens at *at* has been closed, or -1; quoted brackets do not count."""
    depth = 0
    while (found := _BRACKETS.search(text, at)) and most > 0:
        most -= 1
        char, at = found[0], found.end()
        if char in "\"'":
            end = _closing(text, char, at, _backslashes(text, found.start(), 0))
            if end < 0:
                return -1
            at = end + 1
        elif char in "([{":
            depth += 1
        else:
            depth -= 1
            if depth <= 0:
                return at
    return -1


def run_end(text: str, at: int, *, encoded: bool = False) -> int:
    """Return where an unquoted value ends: at white space or at what parts it from the next.

    Args:
        text: The text.
        at: Where the value begins.
        encoded: Whether the value stands in a URL that is itself part of a URL.
    """
    return _repeated(_ENCODED_RUN if encoded else _RUN, text, at)


def call_end(text: str, at: int) -> int:
    """Return where the call that begins at *at* ends, as in ``SecretStr('…')``, or -1 if there is none."""
    call = _CALL.match(text, at)
    return bracket_end(text, call.end() - 1, _MOST_BRACKETS) if call else -1


def run_of_line(text: str, at: int, quote: str) -> int:
    """Return where the line ends that *at* is in, or the quoted text if it stands in one."""
    return _repeated(_LINE[quote], text, at)


def placeholder_end(text: str, at: int) -> int:
    """Return where what stands for a value ends, as ``%s``, ``{password}``, ``$TOKEN`` and ``***`` do; else -1."""
    found = _PLACEHOLDER.match(text, at)
    return found.end() if found else -1


def is_expression(text: str, at: int) -> bool:
    """Whether what begins at *at* is a call or a subscript in source code."""
    return _EXPRESSION.match(text, at) is not None


def is_in_string(text: str, at: int) -> bool:
    """Whether *at* is within a quoted text of its line of source code, and not in a field of an f-string."""
    start = max(at - _ONE_LINE, text.rfind("\n", 0, at) + 1)
    quote = ""
    for found in _QUOTES.finditer(text, start, at):
        if not quote:
            quote, start = found[0][-1:], found.end()
        elif found[0] == quote:
            quote = ""
    return quote in {'"', "'"} and text.count("{", start, at) <= text.count("}", start, at)


def is_prose(word: str) -> bool:
    """Whether messages and signatures use this word after a name: ``password: required``, ``password: str``."""
    return word.lower().strip(".:!?") in _PROSE


def looks_made(word: str) -> bool:
    """Whether this may have been made by a machine: it has digits, or is longer than words are."""
    if len(word) < _MADE_LENGTH:
        return False
    return len(word) >= _LONG_LENGTH or any(map(str.isdigit, word))


def _repeated(pattern: re.Pattern[str], text: str, at: int) -> int:
    # In portions, as the regex engine keeps a note of every repetition.
    while (found := pattern.match(text, at)) is not None:
        at = found.end()
    return at


def _closing(text: str, quote: str, start: int, depth: int) -> int:
    """Return where the quote closes that was opened behind *depth* backslashes; -1 if it does not."""
    at = start
    while (at := text.find(quote, at)) >= 0:
        # Text in text in text: each level doubles the backslashes of the one inside and adds one to its quotes.
        behind = _backslashes(text, at, start)
        if behind < depth or behind % (2 * depth + 2) == depth:
            return at
        at += 1
    return -1


def _backslashes(text: str, at: int, start: int) -> int:
    first = at
    while first > start and text[first - 1] == "\\":
        first -= 1
    return at - first


def replaced(text: str, spans: list[Span]) -> tuple[str, int]:
    """Replace *spans*, which are in order, by `SCRUBBED`; of two that overlap, the first.

    Returns:
        The text, the same object if there are none, and how many were replaced.
    """
    parts: list[str] = []
    done = 0
    for start, end in spans:
        if start >= done:
            parts += (text[done:start], SCRUBBED)
            done = end
    return ("".join([*parts, text[done:]]), len(parts) // 2) if parts else (text, 0)
