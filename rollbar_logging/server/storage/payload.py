r"""The column type of an occurrence's ``data``: JSON text, packed where the database does not pack it itself.

SQLite gets compressed bytes. PostgreSQL gets its type ``json``, which keeps the text as it came (``jsonb``
refuses ``\u0000`` and forgets the order of keys) and which it packs by itself.
"""

from __future__ import annotations

import zlib
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, LargeBinary, Text, TypeDecorator, cast, type_coerce
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeEngine, UserDefinedType

_LEVEL = 1
"""Of zlib: the fastest; it more than halves a report, and higher levels win little on top."""


class Payload(TypeDecorator[str]):
    """JSON text in Python, whatever it is in the database."""

    impl = LargeBinary
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the database's type."""
        if dialect.name == "postgresql":
            return _PostgresText()
        return dialect.type_descriptor(LargeBinary())

    def process_bind_param(self, value: str | None, dialect: Dialect) -> Any:
        """Pack what is to be stored."""
        return value if value is None or dialect.name == "postgresql" else pack(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> str | None:
        """Unpack what was stored."""
        return value if value is None or dialect.name == "postgresql" else unpack(value)


class _PostgresText(UserDefinedType[str]):
    """PostgreSQL's ``json`` whose value is the text itself, which neither SQLAlchemy nor the driver reads."""

    cache_ok = True

    def get_col_spec(self, **_options: Any) -> str:
        """Name the type."""
        return "JSON"

    def bind_expression(self, bindvalue: BindParameter[str]) -> ColumnElement[str]:
        """Send text."""
        return cast(type_coerce(bindvalue, Text), self)

    def column_expression(self, column: ColumnElement[Any]) -> ColumnElement[Any]:
        """Get text."""
        return cast(column, Text)


def pack(text: str) -> bytes:
    """Pack JSON text."""
    return zlib.compress(text.encode("utf-8"), _LEVEL)


def unpack(packed: bytes) -> str:
    """Undo `pack`."""
    return zlib.decompress(packed).decode("utf-8")
