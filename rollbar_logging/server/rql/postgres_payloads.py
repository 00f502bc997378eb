r"""What a payload has at a path, in PostgreSQL: read as seldom, and as little of it, as will do.

The payload is stored as ``json``, which may hold what no text of PostgreSQL can: ``\u0000`` and halves of surrogate
pairs. They are replaced first, by what the lifted texts have in their place. To read through it for one path takes a
third of the time in which ``jsonb`` is made of it, and nothing is read where a column has the text.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Column, ColumnElement, FromClause, Integer, Text, and_, case, cast, func, null, or_, select
from sqlalchemy.dialects.postgresql import ARRAY, JSON, JSONB

from rollbar_logging.server.rql.values import Lifted

_FEW = 2
"""Times that a payload is read through rather than made ``jsonb`` of."""

_HIGH = r"\\u[dD][89abAB][0-9a-fA-F]{2}"
_LOW = r"\\u[dD][c-fC-F][0-9a-fA-F]{2}"


class InColumn(NamedTuple):
    """A path's column, and whether the path has just what the column has."""

    lifted: Lifted
    is_certain: ColumnElement[bool]


def payload_paths(
    data: Column[Any], names: Sequence[str], columns: Mapping[str, InColumn]
) -> tuple[list[FromClause], dict[str, ColumnElement[Any]]]:
    """Return what has to stand beside the table in FROM, and what payloads have at some paths, as ``jsonb``.

    Truths are 1 and 0 there, objects and lists are JSON text.

    Args:
        data: Has the payload.
        names: The paths, at least one.
        columns: Of some of them.
    """
    # Each step once a row: OFFSET keeps the planner from writing it out wherever its result is used.
    stored = select(_text_of(data, names, columns).label("text")).correlate(data.table).offset(0).lateral("stored")
    beside: list[FromClause] = [stored]
    text: ColumnElement[str] = stored.c.text
    document = case((_is_odd(text), _cleaned(data, text)), else_=data)
    at = _looked_for(document, [name for name in names if name not in columns], [data.table, stored], beside)
    for name, column in columns.items():
        at[name] = _from_column(column, _at(document, name.split(".")), text)
    found = select(*(at[name].label(f"found_{index}") for index, name in enumerate(names)))
    found_in_row = found.correlate(data.table, *beside).offset(0).lateral("found")
    plain = select(*(_plain(column).label(f"path_{index}") for index, column in enumerate(found_in_row.c)))
    payload = plain.correlate(found_in_row).offset(0).lateral("payload")
    return [*beside, found_in_row, payload], {name: payload.c[f"path_{at}"] for at, name in enumerate(names)}


def _text_of(data: Column[Any], names: Sequence[str], columns: Mapping[str, InColumn]) -> ColumnElement[Any]:
    """Return the payload's text, or NULL where columns have all that is wanted."""
    if len(columns) < len(names) or any(column.lifted.body for column in columns.values()):
        return cast(data, Text)
    return case((and_(*(column.is_certain for column in columns.values())), null()), else_=cast(data, Text))


def _looked_for(
    document: ColumnElement[Any], names: Sequence[str], above: Sequence[FromClause], beside: list[FromClause]
) -> dict[str, ColumnElement[Any]]:
    """Return what is at paths without columns; adds to *beside* what it needs there."""
    paths = {name: name.split(".") for name in names}
    used = Counter(path[0] for path in paths.values())
    # A part of the payload in which several paths are is read for all of them; the body is most of it. Of the metadata
    # there may be two, a client's and the server's: the later one counts as a whole.
    heads = [head for head, count in used.items() if head == "metadata" or (count > 1 and head != "body")]
    single = [name for name, path in paths.items() if path[0] not in heads]
    if len(heads) + len(single) > _FEW:
        whole = _beside(beside, "document", [cast(document, JSONB)], above)
        return {name: _at(whole.c[0], path) for name, path in paths.items()}
    at = {name: _at(document, paths[name]) for name in single}
    if heads:
        parts = _beside(beside, "parts", [document.op("->", return_type=JSON())(head) for head in heads], above)
        within = dict(zip(heads, parts.c, strict=True))
        at |= {name: _at(within[path[0]], path[1:]) for name, path in paths.items() if path[0] in heads}
    return at


def _beside(
    beside: list[FromClause], name: str, columns: Sequence[ColumnElement[Any]], above: Sequence[FromClause]
) -> FromClause:
    chosen = select(*(column.label(f"{name}_{index}") for index, column in enumerate(columns)))
    made = chosen.correlate(*above).offset(0).lateral(name)
    beside.append(made)
    return made


def _at(document: ColumnElement[Any], path: Sequence[str]) -> ColumnElement[Any]:
    return cast(document.op("#>")(cast(list(path), ARRAY(Text))), JSONB)


def _from_column(column: InColumn, at_path: ColumnElement[Any], text: ColumnElement[str]) -> ColumnElement[Any]:
    """Take a path's text from its column where that is certain, and else from the payload."""
    lifted, is_certain = column
    known = func.to_jsonb(lifted.column, type_=JSONB)
    if lifted.body is None:
        return case((is_certain, known), else_=at_path)
    # The column has a text, so the body has the one or the other.
    return case(
        (and_(is_certain, _has_no_key(text, lifted.other_body)), known),
        (and_(is_certain, _has_no_key(text, lifted.body)), cast(null(), JSONB)),
        else_=at_path,
    )


def _has_no_key(text: ColumnElement[str], key: str) -> ColumnElement[bool]:
    r"""Whether a key stands nowhere in the text; one with ``\u00…`` may have it in other letters."""
    return and_(func.strpos(text, f'"{key}"') == 0, func.strpos(text, r"\u00") == 0)


def _is_odd(text: ColumnElement[str]) -> ColumnElement[bool]:
    """Whether the text of a payload is not to be read as it is stored."""
    is_unreadable = or_(*(func.strpos(text, sign) > 0 for sign in (r"\u0000", r"\ud", r"\uD")))
    return or_(func.left(text, 1) == '"', and_(func.strpos(text, r"\u") > 0, is_unreadable))


def _cleaned(data: ColumnElement[Any], text: ColumnElement[str]) -> ColumnElement[Any]:
    # JSON text may be stored as what it says, or as one text of JSON.
    is_text = func.left(text, 1) == '"'
    cleaned: Any = case((is_text, data.op("#>>", return_type=Text())(cast([], ARRAY(Text)))), else_=text)
    cleaned = func.replace(cleaned, r"\u0000", r"\ufffd")
    cleaned = func.regexp_replace(cleaned, rf"{_HIGH}(?!{_LOW})", r"\\u003f", "g")
    cleaned = func.regexp_replace(cleaned, rf"(?<!{_HIGH}){_LOW}", r"\\u003f", "g")
    return cast(cleaned, JSON)


def _plain(found: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return what was found in a payload: truths are 1 and 0, objects and lists are JSON text."""
    kind = func.jsonb_typeof(found)
    return case(
        (kind == "null", cast(null(), JSONB)),
        (kind == "boolean", func.to_jsonb(cast(cast(found, Text) == "true", Integer))),
        (kind.in_(["object", "array"]), func.to_jsonb(cast(found, Text))),
        else_=found,
    )
