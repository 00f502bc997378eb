"""Secrets in SQL: values and parameters in a secret column's place, passwords of logins, keys that are not unique.

Databases and SQLAlchemy tell of the statement that failed with its parameters, where a value's name is not beside it
but in another list, at the same place.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from rollbar_logging.item.secret_names import CLEAN, SecretNames
from rollbar_logging.item.secret_text import SCRUBBED, Span, cut_at, literal_at, replaced

LOGIN_WORDS = ("identified by", "identified with", "set password")
"""What in a statement stands before the password of a login, in any case and with a space behind it."""

_INTO = re.compile(
    r"\b(?:insert|replace|merge)\s[^()\n]{0,100}?\binto\s[^()\n]{1,200}\(([^()]{1,4000})\)", re.IGNORECASE
)
_VALUES = re.compile(r"[^()\n]{0,60}?\bvalues\s{0,4}(?=\()", re.IGNORECASE)
_COMMA = re.compile(r"\s{0,4},\s{0,4}(?=\()")
_HOLDER = re.compile(
    r"'(?:[^'\\]|\\.|'')*'|(?P<place>\?|%s|\$(?P<number>\d{1,4})|(?<!:):(?P<colon>\w{1,64})|%\((?P<name>\w{1,64})\)s)"
)
_NAME_BEFORE = re.compile(r"([\w.\"`\[\]]{1,128})\s{0,4}(?:=|<>|!=|\blike\b)\s{0,4}\Z", re.IGNORECASE)
_STATEMENT = re.compile(r"\[SQL: ")
_PARAMETERS = re.compile(r"\](?:\s|\\+n){1,4}\[parameters: ")
_KEY = re.compile(r"\bKey \(([^()]{1,400})\)=\(")
_KEY_END = re.compile(r"\) (?:already|is (?:not|still)|conflicts)|\)?\.?\Z|… \[\+")
_LOGIN = re.compile(
    r"\b(?:(?:user|grant)\s[^;\n]{0,200}?\bidentified\s{1,4}(?:with\s{1,4}\S{1,64}\s{1,4})?(?:by|as)\s{1,4}(?:password\s{1,4})?"
    r"|set\s{1,4}password\s{1,4}(?:for\s{1,4}[^=\n]{1,200})?=\s{0,4}(?:password\(\s{0,4})?)(?=\\{0,3}['\"])",
    re.IGNORECASE,
)
_TOKEN = re.compile(r"\\{0,3}[\"']|[()\[\]{},]")
_NUMBER = re.compile(r"\d+")
_LOGIN_BEGINNINGS = ("identified", "set password")
_MOST_ROWS = 1000
_LONGEST = 140
_QUOTES = '"`[] \t\r\n\\'


class SecretSql:
    """Finds the values of secret columns.

    Args:
        names: Says which names are secret.
    """

    def __init__(self, names: SecretNames) -> None:
        self._names = names

    def scrub(self, text: str, *, code: bool = False) -> tuple[str, int]:
        """Replace the values; see `SecretPairs.scrub`. Source code has statements, but tells of no parameters."""
        spans = [*self._logins(text), *self._inserted(text)]
        if not code:
            spans += [*self._keys(text), *self._parameters(text)]
        return replaced(text, sorted(span for span in spans if span[0] < span[1])) if spans else (text, 0)

    def parameters(self, text: str) -> list[str]:
        """Return the secrets among the parameters that are told with a statement."""
        return [text[start:end] for start, end in self._parameters(text) if start < end]

    def _is_secret(self, column: str) -> bool:
        return self._names.kind(column.strip(_QUOTES).rpartition(".")[2].strip(_QUOTES)) != CLEAN

    def _logins(self, text: str) -> Iterator[Span]:
        lowered = text.lower()
        for found in _LOGIN.finditer(text) if any(words in lowered for words in _LOGIN_BEGINNINGS) else ():
            literal = literal_at(text, found.end())
            if literal and not text.startswith(SCRUBBED, literal.start):
                yield literal.start, literal.end

    def _inserted(self, text: str) -> Iterator[Span]:
        for columns, items in self._rows(text):
            yield from _taken(text, items, [at for at, is_secret in enumerate(columns) if is_secret])

    def _rows(self, text: str) -> Iterator[tuple[list[bool], list[Span]]]:
        """Find the rows of values to insert: which of the columns are secret, if any is, and where the values are."""
        at = 0 if "into " in text or "INTO " in text else -1
        while at >= 0 and (found := _INTO.search(text, at)) is not None:
            at = found.end()
            columns = [self._is_secret(column) for column in found[1].split(",")]
            more = _VALUES.match(text, at) if any(columns) else None
            for _ in range(_MOST_ROWS):
                if more is None:
                    break
                # What was read to the end is not looked at again, which keeps this quick; here and below.
                items, at = _items_at(text, more.end())
                yield columns, items
                more = _COMMA.match(text, at) if at > 0 else None

    def _keys(self, text: str) -> Iterator[Span]:
        at = 0 if "Key (" in text else len(text)
        while (found := _KEY.search(text, at)) is not None:
            at = found.end()
            columns = [self._is_secret(column) for column in found[1].split(",")]
            end = _KEY_END.search(text, at) if any(columns) else None
            if end is None:
                continue
            start, values, at = at, text[at : end.start()].split(", "), end.end()
            if len(values) != len(columns):
                yield start, end.start()
                continue
            for is_secret, value in zip(columns, values, strict=True):
                if is_secret and value not in {SCRUBBED, "null"}:
                    yield start, start + len(value)
                start += len(value) + 2

    def _parameters(self, text: str) -> Iterator[Span]:
        """Find the parameters that SQLAlchemy shows behind a statement."""
        at = 0
        while at >= 0 and (begin := _STATEMENT.search(text, at)) is not None:
            given = _PARAMETERS.search(text, begin.end())
            if given is None:
                return
            at = given.end()
            places, names = self._secret_places(text[begin.end() : given.start()])
            if places or names:
                rows, at = _items_at(text, at) if text.startswith("[", at) else ([(at, at)], _items_at(text, at)[1])
                for start, _ in rows[:_MOST_ROWS]:
                    yield from _in_row(text, start, places, names)

    def _secret_places(self, statement: str) -> tuple[list[int], set[str]]:
        """Return which parameters of a statement are secrets: by their places from 0, and by their names."""
        secret = [
            span
            for columns, items in self._rows(statement)
            for span, is_secret in zip(items, columns, strict=False)
            if is_secret
        ]
        starts = {place for start, stop in secret for place in range(start, min(stop, start + _LONGEST))}
        holders = [found for found in _HOLDER.finditer(statement) if found["place"]]
        places, names = [], set()
        for at, holder in enumerate(holders):
            before = _NAME_BEFORE.search(statement, max(0, holder.start() - _LONGEST), holder.start())
            if holder.start() not in starts and not (before and self._is_secret(before[1])):
                continue
            name = holder["name"] or holder["colon"]
            if name:
                names.add(name)
            else:
                places.append(int(holder["number"]) - 1 if holder["number"] else at)
        return places, names


def _in_row(text: str, start: int, places: list[int], names: set[str]) -> Iterator[Span]:
    """Find secret parameters in a tuple or a dict."""
    if text.startswith("(", start):
        yield from _taken(text, _items_at(text, start)[0], places)
    elif text.startswith("{", start) and names:
        for begin, end in _items_at(text, start)[0]:
            key = literal_at(text, begin)
            if key and text[key.start : key.end] in names and text.startswith(": ", key.after):
                yield _value(text, key.after + 2, end)


def _taken(text: str, items: list[Span], places: Iterable[int]) -> Iterator[Span]:
    """Yield where the values are in these places, of those that are no expressions."""
    for place in places:
        if place < len(items):
            yield _value(text, *items[place])


def _value(text: str, start: int, end: int) -> Span:
    literal = literal_at(text, start)
    if literal:
        is_taken = not text.startswith(SCRUBBED, literal.start)
        return (literal.start, literal.end) if is_taken else (start, start)
    return (start, end) if _NUMBER.fullmatch(text, start, end) else (start, start)


def _items_at(text: str, at: int) -> tuple[list[Span], int]:
    """Return where the entries are of the bracket that opens at *at*, and where it has been closed; -1 if it is not."""
    items: list[Span] = []
    start, depth = at + 1, 0
    while found := _TOKEN.search(text, at):
        at = found.end()
        char = found[0][-1]
        if char in "\"'":
            literal = literal_at(text, found.start())
            at = literal.after if literal else at
        elif char in "([{":
            depth += 1
        elif char == "," and depth == 1:
            items.append(_stripped(text, start, found.start()))
            start = at
        elif char in ")]}":
            depth -= 1
            if depth <= 0:
                return [*items, _stripped(text, start, found.start())], at
    return [*items, _stripped(text, start, cut_at(text, start))], -1


def _stripped(text: str, start: int, end: int) -> Span:
    entry = text[start:end]
    return end - len(entry.lstrip()), start + len(entry.rstrip())
