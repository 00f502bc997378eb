"""Whole seconds of a moment with a fraction, which SQLite and PostgreSQL round differently."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, ColumnElement, literal
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement


class whole_seconds(FunctionElement[int]):  # noqa: N801 - it is written like a function of SQL
    """The seconds of a moment after 1970, without their fraction."""

    type = BigInteger()
    inherit_cache = True


@compiles(whole_seconds)
def _truncated(element: whole_seconds, compiler: Any, **options: Any) -> str:
    return f"CAST({compiler.process(element.clauses, **options)} AS INTEGER)"


@compiles(whole_seconds, "postgresql")
def _floored(element: whole_seconds, compiler: Any, **options: Any) -> str:
    return f"CAST(floor({compiler.process(element.clauses, **options)}) AS BIGINT)"


def bucket_of(seconds: ColumnElement[Any], size: int) -> ColumnElement[int]:
    """Return the start of the bucket of *size* seconds, counted from 1970, that whole *seconds* are in."""
    # Written into the statement: PostgreSQL takes two expressions with parameters for different ones.
    start: ColumnElement[int] = seconds - seconds % literal(size, literal_execute=True)
    return start
