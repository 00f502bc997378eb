"""The words of a query, and the query in a form that a SQL parser can be given without harm.

Texts, numbers and names go into lists of their own; the parser sees only where they stood. What it could make
of comments, escapes, character sets, dotted names and its own hundreds of functions is thus out of reach. Pure.
"""

from __future__ import annotations

import math
import re
from itertools import accumulate
from typing import NamedTuple

from rollbar_logging.errors import RollbarError
from rollbar_logging.server.traits import storable

LONGEST_QUERY = 20_000
"""Characters."""

_MOST_WORDS = 4000
_DEEPEST = 40
LARGEST_INTEGER = 2**63 - 1

KEYWORDS = frozenset(
    {"select", "from", "where", "group", "by", "order", "asc", "desc", "limit", "and", "or", "not", "in", "between"}
    | {"like", "is", "null", "true", "false", "div", "mod"}
)
FUNCTIONS = frozenset(
    {"count", "count_distinct", "sum", "avg", "min", "max", "unix_timestamp", "concat", "concat_ws", "lower", "upper"}
    | {"left", "right", "substring", "locate", "char_length", "length", "if"}
)
FUNCTION_PREFIX = "rql_"
"""Before each function's name, so that the parser does not know it and leaves its arguments as they are."""

_FOREIGN = frozenset(
    {"all", "alter", "any", "as", "case", "cast", "collate", "convert", "create", "cross", "delete", "distinct", "drop"}
    | {
        "except",
        "exists",
        "explain",
        "for",
        "having",
        "inner",
        "insert",
        "intersect",
        "interval",
        "into",
        "join",
        "natural",
    }
    | {"offset", "on", "outer", "over", "pragma", "regexp", "replace", "rlike", "straight_join", "union", "update"}
    | {"using", "values", "window", "with", "xor"}
)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", "b": "\b", "Z": "\x1a", "%": "\\%", "_": "\\_"}
"""What MySQL makes of a backslash and a letter; it leaves it to LIKE to understand ``\\%`` and ``\\_``."""

_WORD = re.compile(
    r"""\s*(?:
      (?P<text>'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.|"")*")
    | `(?P<quoted>(?:[^`]|``)+)`
    | (?P<comment>--|/\*|\#)
    | (?P<number>(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)(?![\w.])
    | (?P<name>[^\W\d]\w*(?:\.\w+)*)
    | (?P<sign><=|>=|<>|!=|[-+/*(),=<>])
    | (?P<end>;\s*\Z)
    | (?P<other>.)
    )""",
    re.VERBOSE | re.DOTALL,
)
_CALLED = re.compile(r"\s*\(")


class RqlError(RollbarError):
    """A query that is none; the message is for the person who wrote it."""


class Word(NamedTuple):
    """One word.

    Attributes:
        start: Where it begins in the query.
        end: Where it ends there.
        sql: What the parser is given in its place.
    """

    start: int
    end: int
    sql: str


class Words(NamedTuple):
    """A query in words.

    Attributes:
        query: As it was written.
        words: In its order.
        names: Names of columns and tables; the parser sees their numbers.
        constants: Texts and numbers; likewise.
    """

    query: str
    words: list[Word]
    names: list[str]
    constants: list[str | int | float]

    @property
    def sql(self) -> str:
        """What the parser is given."""
        return " ".join(word.sql for word in self.words)

    def at(self, column: int) -> str:
        """Return the query from the word that ends at that column of `sql`, to be shown."""
        ends = accumulate(len(word.sql) + 1 for word in self.words)
        found = next((word for word, end in zip(self.words, ends, strict=True) if end > column), self.words[-1])
        return shortened(self.query[found.start :].strip())


def shortened(text: str) -> str:
    """Return the beginning of *text*, to be shown in a sentence."""
    return text if len(text) <= 40 else text[:40] + "…"  # noqa: PLR2004 - enough to find the place


def split_words(query: str) -> Words:
    """Split a query.

    Raises:
        RqlError: It is too long, or something in it is no word of RQL.
    """
    if len(query) > LONGEST_QUERY:
        raise RqlError(f"The query is longer than {LONGEST_QUERY} characters.")
    found = Words(query, [], [], [])
    end = len(query.rstrip())
    position = 0
    while position < end:
        match = _WORD.match(query, position)
        assert match is not None  # noqa: S101 - the last alternative takes anything
        position = match.end()
        if match["end"]:
            break
        sql = _sql_of(match, found)
        found.words.append(Word(_start(match), position, sql))
        if len(found.words) > _MOST_WORDS:
            raise RqlError(f"The query has more than {_MOST_WORDS} words.")
    _refuse_depth(found.words)
    return found


def _start(match: re.Match[str]) -> int:
    text = match[0]
    return match.end() - len(text.lstrip())


def _sql_of(match: re.Match[str], found: Words) -> str:
    kind, text = str(match.lastgroup), str(match[match.lastgroup or 0])
    if kind == "sign":
        return text
    if kind == "text":
        return _constant(found, storable(_unescaped(text)))
    if kind == "number":
        return _constant(found, _number(text))
    if kind == "quoted":
        return _name(found, storable(text.replace("``", "`")))
    if kind == "name":
        return _plain_word(text, _CALLED.match(match.string, match.end()) is not None, found)
    if kind == "comment":
        raise RqlError(f"Comments are not part of RQL: {shortened(match.string[match.start(kind) :])}")
    if text in "'\"`":
        raise RqlError(f"This quote is not closed: {shortened(match.string[match.start(kind) :])}")
    raise RqlError(f"This is not part of RQL: {shortened(match.string[match.start(kind) :])}")


def _plain_word(text: str, is_called: bool, found: Words) -> str:
    lowered = text.lower()
    if lowered in KEYWORDS:
        return "%" if lowered == "mod" else lowered.upper()
    if is_called and lowered in FUNCTIONS:
        return FUNCTION_PREFIX + lowered
    if lowered in _FOREIGN:
        raise RqlError(f"{text.upper()} is not part of RQL (a column of that name is written in backticks).")
    if is_called:
        raise RqlError(f"RQL has no function {text}.")
    if not ("a" <= text[0] <= "z"):
        raise RqlError(
            f"{text} is no word of RQL. A column's name begins with a lower-case letter, or is `in backticks`."
        )
    return _name(found, storable(text))


def _name(found: Words, name: str) -> str:
    found.names.append(name)
    return f"`{len(found.names) - 1}`"


def _constant(found: Words, value: str | float) -> str:
    found.constants.append(value)
    return f"'{len(found.constants) - 1}'"


def _unescaped(quoted: str) -> str:
    quote, inner = quoted[0], quoted[1:-1]
    pattern = rf"{quote}{quote}|\\(.)"
    return re.sub(
        pattern, lambda found: quote if found[1] is None else _ESCAPES.get(found[1], found[1]), inner, flags=re.DOTALL
    )


def _number(digits: str) -> int | float:
    if digits.isdecimal() and len(digits) <= len(str(LARGEST_INTEGER)) and int(digits) <= LARGEST_INTEGER:
        return int(digits)
    number = float(digits)
    if math.isinf(number):
        raise RqlError(f"This number is too large: {shortened(digits)}")
    return number


def _refuse_depth(words: list[Word]) -> None:
    """Refuse what nests too deeply for those who read it recursively."""
    depth = prefixes = 0
    for word in words:
        depth += (word.sql == "(") - (word.sql == ")")
        prefixes = prefixes + 1 if word.sql in {"NOT", "-", "+"} else 0
        if depth > _DEEPEST or prefixes > _DEEPEST:
            raise RqlError(f"The query is nested more than {_DEEPEST} levels deep.")
