r"""The search box's language: text in, terms out. Pure.

Words are looked for in the title, all of them; ``field:value`` is the beginning of a field; ``"…"`` is
exact; ``%`` stands for any characters and ``_`` for one; ``\`` takes a sign's meaning away; ``#123`` is an
item's number. Source: Rollbar's guides, "Searching for Items" and "Searchable Fields".
"""

from __future__ import annotations

import re
from typing import NamedTuple

from rollbar_logging.server.traits import LONGEST_TRAIT, TRAITS

FIELDS: dict[str, str] = {
    **{name: name for name in TRAITS if name not in {"files", "methods"}},
    **{name: name for name in ("title", "uuid", "platform", "framework", "language", "level", "environment")},
    "file": "files",
    "method": "methods",
    "fingerprint": "hash",
    "hash": "hash",
    "message_body": "title",
    "person": "user_id",
}
"""Fields that can be searched, and the columns that hold them."""

LISTS = frozenset({"files", "methods"})
"""Columns that hold several texts, each behind a line break."""

_OF_NOTHING = frozenset({("has", "comments"), ("has", "issue"), ("is", "group")})
"""What can be asked of Rollbar's items, and no item here has."""

_TERM = re.compile(
    r'(?:(?P<field>[A-Za-z_.]+):)?(?:"(?P<quoted>(?:[^"\\]|\\.)*)"?|(?P<plain>(?:[^\s"\\]|\\.)+\\?))', re.DOTALL
)
_MOST_TERMS = 20


class SearchError(ValueError):
    """The search names a field that there is not, or is too long."""


class Term(NamedTuple):
    r"""One thing that has to match.

    Attributes:
        column: Of an item (``hash``, ``counter``) or of an occurrence.
        pattern: For SQL's ``LIKE`` with the escape sign ``\``; the number itself for ``counter``.
    """

    column: str
    pattern: str


def parse_search(text: str) -> tuple[Term, ...]:
    """Return the terms of a search; all have to match.

    Raises:
        SearchError: A field is not known, there are more than 20 terms, or one has more than 1024 characters.
    """
    terms = tuple(_term(found) for found in _TERM.finditer(text.replace("\0", "")))
    if len(terms) > _MOST_TERMS:
        raise SearchError(f"a search has at most {_MOST_TERMS} terms, this one has {len(terms)}")
    return terms


def _term(found: re.Match[str]) -> Term:
    field, quoted, plain = found["field"], found["quoted"], found["plain"]
    if len(quoted or plain or "") > LONGEST_TRAIT:
        raise SearchError(f"a term has at most {LONGEST_TRAIT} characters")
    if field is None and plain is not None and re.fullmatch(r"#\d{1,15}", plain, re.ASCII):
        return Term("counter", plain[1:])
    if field is None:
        return Term("title", f"%{_pattern(plain) if quoted is None else _literal(quoted)}%")
    if (field.lower(), plain) in _OF_NOTHING:
        return Term("counter", "0")  # counters begin with 1
    column = FIELDS.get(field.lower())
    if column is None:
        raise SearchError(f"there is no field '{field}'; there are {', '.join(sorted(FIELDS))}")
    if quoted is not None:
        return Term(column, f"%\n{_literal(quoted)}\n%" if column in LISTS else _literal(quoted))
    return Term(column, f"%\n{_pattern(plain)}%" if column in LISTS else f"{_pattern(plain)}%")


def _pattern(plain: str) -> str:
    """Keep wildcards and escapes; a backslash before any other sign stands for that sign."""
    return re.sub(r"\\(.?)", lambda found: _literal(found[1] or "\\"), plain, flags=re.DOTALL)


def _literal(text: str) -> str:
    unescaped = re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL) if len(text) > 1 else text
    return re.sub(r"([\\%_])", r"\\\1", unescaped)
