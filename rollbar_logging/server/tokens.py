"""Project access tokens: how a call passes one, and what it permits.

Scopes and texts: Rollbar API reference, "Authentication" and the messages it is known to answer with.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from typing import NamedTuple
from urllib.parse import parse_qs

from rollbar_logging.server.answers import Refused

SCOPES: tuple[str, ...] = ("post_server_item", "post_client_item", "read", "write")
"""A new project has one token for each; the token is named like its scope."""

CLIENT_PLATFORMS = frozenset({"browser", "android", "ios", "flash", "client"})
"""Platforms whose items a ``post_client_item`` token may post."""

HEADER = "x-rollbar-access-token"
_SHOWN = 128
"""Characters of an unknown token that the answer repeats."""


class Token(NamedTuple):
    """One access token of a project."""

    access_token: str
    name: str
    scopes: tuple[str, ...]
    is_enabled: bool = True
    project_id: int = 1

    def __repr__(self) -> str:
        return f"Token({self.name!r}, scopes={self.scopes!r}, is_enabled={self.is_enabled!r})"


def new_tokens(post_server_item: str | None = None) -> list[Token]:
    """Make a project's first four tokens, one per scope: 32 hex digits each, unless the first is given."""
    texts = [post_server_item or secrets.token_hex(16), *(secrets.token_hex(16) for _ in SCOPES[1:])]
    return [Token(text, scope, (scope,)) for text, scope in zip(texts, SCOPES, strict=True)]


class TokenBook:
    """The tokens that the server knows, by their text."""

    def __init__(self, tokens: Iterable[Token]) -> None:
        self._tokens = {token.access_token: token for token in tokens}

    def find(self, text: str) -> Token:
        """Return the token of that text.

        Raises:
            Refused: 403, when there is none or when it is disabled.
        """
        token = self._tokens.get(text)
        if token is None:
            raise Refused(403, f"access token not found: {text[:_SHOWN]}")
        if not token.is_enabled:
            raise Refused(403, "insufficient privileges: The access token is disabled.")
        return token

    def named(self) -> dict[str, str]:
        """Return each token's text by its name."""
        return {token.name: text for text, token in self._tokens.items()}

    def set_enabled(self, name: str, is_enabled: bool) -> None:
        """Enable or disable the token called *name*; ``KeyError`` when there is none."""
        text = self.named()[name]
        self._tokens[text] = self._tokens[text]._replace(is_enabled=is_enabled)


def passed_token(headers: Mapping[str, str], in_body: str | None, query: str) -> str:
    """Return the token that a call passes: the header's, else the body's, else the query's.

    Args:
        headers: The call's headers by lower-case name.
        in_body: ``access_token`` of the JSON or form body.
        query: The query string.

    Raises:
        Refused: 422, when there is none.
    """
    text = headers.get(HEADER, "").strip() or (in_body or "").strip()
    if not text and query:
        text = parse_qs(query).get("access_token", [""])[0].strip()
    if not text:
        raise Refused(422, "Invalid format. access_token is missing and it is required.")
    return text


def require(token: Token, scope: str) -> None:
    """Refuse the call (403) unless *token* has *scope*."""
    if scope not in token.scopes:
        raise Refused(
            403,
            f"insufficient privileges: {scope} scope is required but the access token only has "
            f"{', '.join(token.scopes)}.",
        )


def require_posting(token: Token, platform: object) -> None:
    """Refuse the call (403) unless *token* may post an item of that platform.

    A ``post_server_item`` token may post any item; a ``post_client_item`` token only a client's.
    """
    if "post_client_item" in token.scopes and isinstance(platform, str) and platform in CLIENT_PLATFORMS:
        return
    require(token, "post_server_item")
