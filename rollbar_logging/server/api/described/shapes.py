"""Schemas that the descriptions are made of."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rollbar_logging.server.api.calls import LARGEST_ID, LARGEST_PAGE
from rollbar_logging.server.api.described.operation import Schema
from rollbar_logging.server.ids import LEVELS, STATUSES

INTEGER: Schema = {"type": "integer"}
TEXT: Schema = {"type": "string"}
TRUTH: Schema = {"type": "boolean"}
TIME: Schema = {"type": "integer", "description": "Unix seconds."}
FILE: Schema = {"type": "string", "contentMediaType": "application/octet-stream"}
NO_TIME: Schema = {"type": ["integer", "null"], "description": "Unix seconds, null when it has not happened."}
NO_INTEGER: Schema = {"type": ["integer", "null"]}
NO_TEXT: Schema = {"type": ["string", "null"]}
NO_NUMBER: Schema = {"type": ["number", "null"]}
LEVEL: Schema = {"type": "string", "enum": list(LEVELS)}
STATUS: Schema = {"type": "string", "enum": list(STATUSES)}
ID: Schema = {"type": "integer", "minimum": 0, "maximum": LARGEST_ID}


def text(longest: int, shortest: int = 0) -> Schema:
    """Return the schema of a text within these lengths."""
    bounds = {"maxLength": longest} | ({"minLength": shortest} if shortest else {})
    return {"type": "string", **bounds}


def choice(names: Iterable[str]) -> Schema:
    """Return the schema of one of some names."""
    return {"type": "string", "enum": list(names)}


def number(low: int, high: int, default: int | None = None) -> Schema:
    """Return the schema of an integer within bounds."""
    bounds = {"type": "integer", "minimum": low, "maximum": high}
    return bounds if default is None else {**bounds, "default": default}


def array(of: Schema, **bounds: int) -> Schema:
    """Return the schema of a list."""
    return {"type": "array", "items": of, **bounds}


def objects(required: Iterable[str] | None = None, /, **properties: Schema) -> Schema:
    """Return the schema of an object; all properties are required unless *required* names them."""
    names = list(properties) if required is None else list(required)
    return {"type": "object", "properties": properties, **({"required": names} if names else {})}


def ref(name: str) -> Schema:
    """Refer to a schema that has a name."""
    return {"$ref": f"#/components/schemas/{name}"}


def in_path(name: str, of: str, schema: Schema = ID) -> Schema:
    """Describe a parameter of the path; *of* says what it names."""
    return {"name": name, "in": "path", "required": True, "description": of, "schema": schema}


def in_query(name: str, schema: Schema, description: str = "", **more: Any) -> Schema:
    """Describe a parameter of the query."""
    told = {"description": description} if description else {}
    return {"name": name, "in": "query", "schema": schema, **told, **more}


def repeated(name: str, schema: Schema, description: str = "") -> Schema:
    """Describe a parameter of the query that may be given more than once."""
    return in_query(name, array(schema), description, style="form", explode=True)


PAGE = in_query("page", number(1, LARGEST_PAGE, 1))


def limit(default: int, highest: int = 5000) -> Schema:
    """Describe how many objects a page has."""
    return in_query("limit", number(1, highest, default))
