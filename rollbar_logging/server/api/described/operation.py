"""How one operation is described, and its part of the OpenAPI document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

Schema = Mapping[str, Any]

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"

ACCOUNT = "account"
"""What `Operation.token` is of operations that need an account's token."""

_SUCCESS = "The call has been carried out."
_MEANINGS = {
    400: "The body or a parameter cannot be understood.",
    403: "The access token is unknown, disabled, or does not permit this.",
    404: "There is no such object.",
    409: "The object is not in a state in which this can be done.",
    413: "The body is too large.",
    422: "The access token is missing, or a value is missing or not as it should be.",
    429: "The access token's rate limit has been reached.",
}


class Operation(NamedTuple):
    """One method of one path.

    Attributes:
        method: In capitals.
        path: With parameters in braces, and without a final slash.
        summary: One line.
        token: Scope of the project's token that it needs; ``read`` or ``write`` after ``account:`` where an
            account's token is needed; empty where none is.
        result: Schema of the answer's ``result``; ``None``: the answer has none.
        parameters: Of path and query.
        body: Schema of the body, or ``None`` when it has none.
        media: In which forms the body may come.
        refused: Statuses of errors, beside those that follow from token and body.
        notes: What else is to be known, in Markdown.
        answer: The content of the answer where it is not the usual envelope.
        success: Status of the answer.
    """

    method: str
    path: str
    summary: str
    token: str
    result: Schema | None = None
    parameters: tuple[Schema, ...] = ()
    body: Schema | None = None
    media: tuple[str, ...] = (JSON, FORM)
    refused: tuple[int, ...] = ()
    notes: str = ""
    answer: Mapping[str, Any] | None = None
    success: int = 200

    def as_json(self, tag: str) -> dict[str, Any]:
        """Return the operation object of OpenAPI."""
        described: dict[str, Any] = {
            "tags": [tag],
            "operationId": self.operation_id,
            "summary": self.summary,
            "security": self._security(),
            "responses": self._responses(),
        }
        parameters = [*self.parameters, *self._of_account()]
        if self.notes:
            described["description"] = self.notes
        if parameters:
            described["parameters"] = parameters
        if self.body is not None:
            required = bool(self.body.get("required")) or self.body.get("type") != "object"
            content = {media: {"schema": self.body} for media in self.media}
            described["requestBody"] = {"required": required, "content": content}
        return described

    @property
    def operation_id(self) -> str:
        """A name that no other operation has: method and path."""
        words = [word.strip("{}") for word in self.path.removeprefix("/api/1/").split("/")]
        return "_".join([self.method.lower(), *words]).replace(".", "_")

    def _security(self) -> list[dict[str, list[str]]]:
        if not self.token:
            return []
        kind, _, scope = self.token.rpartition(":")
        if kind == ACCOUNT:
            return [{"account_token": [scope]}]
        of_account = "read" if self.token == "read" else "write"  # noqa: S105 - a scope
        return [{"project_token": [self.token]}, {"account_token": [of_account]}]

    def _of_account(self) -> list[Schema]:
        """Return the parameter by which an account's token names a project."""
        if not self.token or self.token.startswith(ACCOUNT) or self.path.startswith("/api/1/item_batch"):
            return []
        return [{"$ref": "#/components/parameters/project_id"}]

    def _responses(self) -> dict[str, Any]:
        statuses = {*self.refused}
        if self.token:
            statuses |= {403, 422, 429}
            if not self.token.startswith(ACCOUNT):
                statuses.add(404)  # of the project that an account's token names
        if self.method not in {"GET", "HEAD"}:
            statuses |= {400, 413}
        answered = str(self.success)
        responses = {answered: {"description": _SUCCESS, "content": self._content()}}
        if self.token:
            responses[answered]["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in RATE_HEADERS}
        for status in sorted(statuses):
            responses[str(status)] = {
                "description": _MEANINGS[status],
                "content": {JSON: {"schema": {"$ref": "#/components/schemas/Refusal"}}},
            }
        return responses

    def _content(self) -> Mapping[str, Any]:
        if self.answer is not None:
            return self.answer
        envelope: dict[str, Any] = {
            "type": "object",
            "properties": {"err": {"const": 0}},
            "required": ["err"],
        }
        if self.result is not None:
            envelope["properties"]["result"] = self.result
            envelope["required"].append("result")
        return {JSON: {"schema": envelope}}


RATE_HEADERS = {
    "X-Rate-Limit-Limit": "Calls that the window allows.",
    "X-Rate-Limit-Remaining": "Calls that are left of them.",
    "X-Rate-Limit-Remaining-Seconds": "Seconds until the window ends.",
    "X-Rate-Limit-Reset": "When it ends, in Unix seconds.",
}
