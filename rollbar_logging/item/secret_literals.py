"""A secret's name in text with what follows it; and what of it is the value where that is quoted or in brackets."""

from __future__ import annotations

import re
from typing import NamedTuple

from rollbar_logging.item.secret_names import BRIEF, CHOSEN, MADE, MEMORABLE, PLURAL
from rollbar_logging.item.secret_text import (
    SCRUBBED,
    Literal,
    Span,
    bracket_end,
    cut_at,
    is_prose,
    literal_at,
    looks_made,
    placeholder_end,
)

COMPARISONS = frozenset({"==", "===", "!="})
OPEN = ("(", "[", "{")
_CLOSED = (")", "]")
_AFTER_CLOSING = ("", " ", "\n", "\\", ")", ",", "]", "}", ";", ":", "+", "%", ".")
_CLOSING_MARKS = (")", ",", "]", "}", ";", ":")
_TAKES_PAIR = re.compile(r"(?:env|get|set|header|default|add|put)\w{0,20}\($", re.IGNORECASE)
_NUMBER = re.compile(r"\d{4,}(?![\w.])")
_NOTHING_INSIDE = re.compile(r"\(\s*\)|\[\s*\]|\{\s*\}|\[scrubbed\]")
_GAP = re.compile(r"(?:\s{1,200}|\#[^\n]{0,200}\n){0,4}")
_CONTINUED = re.compile(r"[ \t]{0,8}\\?\n[ \t]{0,100}(?=[bBuUrRfF]{0,2}[\"'])")
_TAG = re.compile(r"<(?:[\w.-]{1,30}:)?\Z")
_CDATA = "<![CDATA["
_NOTE = "… [+"
_AFTER_ELEMENT = ("</", "<\\/", _NOTE)
_CODE_MARKS = frozenset("\"'{%")
_ONE_LINE = 512
_CALL_TEXT = 40
_SHOWN = 80


class Pair(NamedTuple):
    """A secret's name in a text, and what stands between it and its value.

    Attributes:
        key: The name.
        kind: What it names; see `secret_names`.
        start: Where the name begins.
        close: What ends the name: a quote, a bracket, or nothing.
        separator: What stands between them, without the spaces; empty if there are only spaces.
        is_tight: Whether there are no spaces.
        at: Where the value begins.
    """

    key: str
    kind: int
    start: int
    close: str
    separator: str
    is_tight: bool
    at: int

    @property
    def is_quoted(self) -> bool:
        """Whether the name stands in quotes."""
        return self.close.endswith(('"', "'", "%22", "%27"))

    @property
    def is_free(self) -> bool:
        """Whether one of the kinds whose values may be any word."""
        return self.kind in {MEMORABLE, CHOSEN}

    @property
    def is_flag(self) -> bool:
        """Whether the name is an option of a command line."""
        return self.key.startswith("--") or (self.key.startswith("-") and self.kind in {MEMORABLE, MADE, CHOSEN})

    @property
    def is_beside_value(self) -> bool:
        """Whether the name and its value have names of their own: ``"name": "token", "value": "…"``."""
        return "alue" in self.separator and not self.separator.endswith(">")

    @property
    def is_data(self) -> bool:
        """Whether the pair is written as data are, not as prose or code may be."""
        if self.separator == "=":
            return self.is_tight and not self.close.endswith(('"]', "']"))
        return "%" in self.separator or self.separator == "=>" or (self.separator == ":" and self.is_quoted)


def in_literal(text: str, pair: Pair, literal: Literal, *, code: bool) -> Span | None:
    """Return where the value is, if the quoted text behind a name is one."""
    start, end = literal.start, literal.end
    content = text[start : min(end, start + _SHOWN)]
    if content.startswith(SCRUBBED) or placeholder_end(text, start) == end:
        return None
    if pair.is_beside_value:
        is_value = pair.is_quoted and (not code or _is_secret_in_code(pair, content))
    elif pair.separator == ",":
        is_value = pair.is_quoted and (pair.is_flag or _is_listed(text, pair, literal, code=code))
    elif not pair.separator:
        is_value = pair.is_flag or (literal.is_closed and not code and _is_password(pair) and " " not in content)
    elif not pair.is_quoted and _is_closing(text, pair, literal):
        is_value = False
    elif pair.separator == ":" and not pair.is_quoted:
        is_value = _is_quoted_in_prose(pair, content)
    elif code or pair.separator in COMPARISONS:
        is_value = _is_secret_in_code(pair, content)
    else:
        is_value = pair.separator == "=" or not _is_identifier(pair)
    return (start, end) if is_value else None


def _is_identifier(pair: Pair) -> bool:
    """Whether it is a ``"sid"`` of JSON: in messages of services and in policies that is no session's."""
    return pair.kind == BRIEF and pair.key.lower().endswith("sid")


def _is_secret_in_code(pair: Pair, content: str) -> bool:
    """Whether it is a password or looks like what machines make: ``token = "NAME"`` is a parser's."""
    if pair.is_free or (pair.kind == BRIEF and pair.key.lower().endswith("pass")):
        return True
    return pair.kind in {MADE, PLURAL} and (looks_made(content) or content.isdigit())


def _is_password(pair: Pair) -> bool:
    return pair.kind == MEMORABLE and not pair.is_quoted and "secret" not in pair.key.lower()


def _is_listed(text: str, pair: Pair, literal: Literal, *, code: bool) -> bool:
    """Whether name and value are a pair in brackets, as lists of headers have it."""
    before = text[max(0, pair.start - _CALL_TEXT) : pair.start].rstrip("\"'\\").rstrip("bBuU")
    if not before.endswith(("(", "[")) or text[literal.after : literal.after + 1] not in _CLOSED:
        return False
    return not code or _TAKES_PAIR.search(before) is not None


def _is_closing(text: str, pair: Pair, literal: Literal) -> bool:
    """Whether the quote ends the text that the name stands in: ``input("Password: ")``."""
    if text[literal.start : literal.start + 1] not in _AFTER_CLOSING:
        return False
    line = text.rfind("\n", max(0, pair.start - _ONE_LINE), pair.start) + 1 or max(0, pair.start - _ONE_LINE)
    return text.count(literal.quote[0], line, pair.start) % 2 == 1


def _is_quoted_in_prose(pair: Pair, content: str) -> bool:
    if content.startswith(_CLOSING_MARKS):
        return False
    if pair.is_free:
        return not is_prose(content)
    return pair.kind == MADE and looks_made(content)


def next_line(text: str, at: int) -> int:
    """Return where the literal begins that stands in the next line of source code; *at*, if there is none."""
    found = _CONTINUED.match(text, at)
    return found.end() if found else at


def in_code(text: str, at: int) -> Span | None:
    """Return where the value is in source code, of what is no quoted text: numbers, and brackets of literals."""
    if text[at : at + 1] in OPEN and literal_at(text, _GAP.match(text, at + 1).end()) is not None:  # type: ignore[union-attr]
        return in_brackets(text, at)
    number = _NUMBER.match(text, at)
    return number.span() if number else None


def in_element(text: str, pair: Pair, *, code: bool) -> Span | None:
    """Return where the value is in an XML element that has the name: ``<password>…</password>``."""
    if not _TAG.search(text, max(0, pair.start - _CALL_TEXT), pair.start):
        return None
    is_escaped = text.startswith(_CDATA, pair.at)
    start = pair.at + len(_CDATA) if is_escaped else pair.at
    # What is taken is not looked at again, which keeps this quick; of code not all is taken.
    limit = start + _ONE_LINE if code else len(text)
    end = text.find("]]>" if is_escaped else "<", start, limit)
    if end < 0:  # of a text that was cut
        end = text.find(_NOTE, start, limit)
    if end < 0 and is_escaped and not code:
        end = len(text)
    if end < 0 or not (is_escaped or text.startswith(_AFTER_ELEMENT, end)):
        return None
    value = text[start:end]
    if not value.strip() or value == SCRUBBED or placeholder_end(value, 0) == len(value):
        return None
    is_count = pair.kind in {PLURAL, BRIEF} and value.isdigit()
    is_built = code and not _CODE_MARKS.isdisjoint(value)
    return None if is_count or is_built else (start, end)


def in_brackets(text: str, at: int) -> Span | None:
    """Return where a container is that is a value as a whole; an empty one is none."""
    if _NOTHING_INSIDE.match(text, at):
        return None
    end = bracket_end(text, at)
    return at, end if end > 0 else cut_at(text, at)
