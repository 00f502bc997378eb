"""Where words of a query may stand: what RQL's grammar refuses, and a SQL parser made for many dialects lets pass.

Pure. Source: Rollbar's guide, "RQL".
"""

from __future__ import annotations

from collections.abc import Sequence

from rollbar_logging.server.rql.words import RqlError, Word, Words, shortened

_CLAUSES = ("SELECT", "FROM", "WHERE", "GROUP", "ORDER", "LIMIT")
_BEFORE_AN_EXPRESSION = frozenset({",", "BY"})
_AFTER_AN_EXPRESSION = frozenset({",", ")", *_CLAUSES})
_VALUES = frozenset({")", "NULL", "TRUE", "FALSE"})
_NEGATED = frozenset({"IN", "BETWEEN", "LIKE"})
"""What NOT may stand before when a value stands before it."""


def check_sequence(words: Words) -> None:
    """Refuse an expression that is missing, a clause that comes too late, and a NOT that negates nothing.

    Raises:
        RqlError: There is such a one; the message shows where.
    """
    depth = rank = 0
    for at, word in enumerate(words.words):
        following = words.words[at + 1].sql if at + 1 < len(words.words) else _CLAUSES[-1]
        depth += (word.sql == "(") - (word.sql == ")")
        if depth == 0 and word.sql in _CLAUSES:
            if _CLAUSES.index(word.sql) < rank:
                raise RqlError(f"This comes too late; LIMIT is the last: {_shown(words, word)}")
            rank = _CLAUSES.index(word.sql)
        is_missing = word.sql in _BEFORE_AN_EXPRESSION and following in _AFTER_AN_EXPRESSION
        if is_missing or (word.sql, following) == ("(", ","):
            raise RqlError(f"An expression is missing after: {_shown(words, word)}")
        if word.sql == "NOT" and following not in _NEGATED and _is_value(words.words, at - 1):
            raise RqlError(f"NOT stands here before IN, BETWEEN or LIKE only: {_shown(words, word)}")


def _is_value(words: Sequence[Word], at: int) -> bool:
    return words[at].sql in _VALUES or words[at].sql[0] in "`'"


def _shown(words: Words, word: Word) -> str:
    return shortened(words.query[word.start :].strip())
