"""The whole OpenAPI document."""

from __future__ import annotations

from typing import Any

from rollbar_logging.server.api.described import account, items, posting, project, statistics, uploads
from rollbar_logging.server.api.described.operation import RATE_HEADERS
from rollbar_logging.server.api.described.shapes import ID, INTEGER, in_query
from rollbar_logging.server.tokens import HEADER
from rollbar_logging.version import VERSION

_SUBJECTS = {
    "Posting": posting,
    "Items and occurrences": items,
    "Statistics": statistics,
    "Deploys, environments, RQL": project,
    "Account": account,
    "Source maps and symbols": uploads,
}

_ABOUT = (
    "The part of the Rollbar API that this server speaks. Every path may end in a slash or not. The access token comes "
    f"in the header `{HEADER}`, else in the body or the query as `access_token`. An answer is "
    '`{"err": 0, "result": …}`, an error `{"err": 1, "message": "…"}` with a status of 400 or more. '
    "Bodies are understood by what they are, whatever `Content-Type` says. What is not described here answers 404."
)


def document() -> dict[str, Any]:
    """Return the OpenAPI description, version 3.1, of every route of the API."""
    paths: dict[str, dict[str, Any]] = {}
    schemas: dict[str, Any] = {}
    for tag, subject in _SUBJECTS.items():
        schemas.update(subject.SCHEMAS)
        for operation in subject.OPERATIONS:
            paths.setdefault(operation.path, {})[operation.method.lower()] = operation.as_json(tag)
    return {
        "openapi": "3.1.0",
        "info": {"title": "rollbar-logging local server", "version": VERSION, "description": _ABOUT},
        "servers": [{"url": "/"}],
        "tags": [{"name": tag, "description": subject.__doc__} for tag, subject in _SUBJECTS.items()],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "parameters": {
                "project_id": in_query("project_id", ID, "Whose, where the access token is the account's."),
            },
            "headers": {name: {"description": text, "schema": INTEGER} for name, text in RATE_HEADERS.items()},
            "securitySchemes": {
                f"{kind}_token": {"type": "apiKey", "in": "header", "name": HEADER, "description": description}
                for kind, description in (
                    ("project", "An access token of a project with the scope that is named."),
                    ("account", "An access token of the account with the scope that is named."),
                )
            },
        },
    }
