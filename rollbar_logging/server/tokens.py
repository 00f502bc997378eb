"""Project access tokens: how a call passes one, and what it permits.

Scopes and texts: Rollbar API reference, "Authentication" and the messages it is known to answer with.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple
from urllib.parse import parse_qs

from rollbar_logging.server.answers import Refused

SCOPES: tuple[str, ...] = ("post_server_item", "post_client_item", "read", "write")
"""A new project has one token for each; the token is named like its scope."""

ACCOUNT_TOKENS: Mapping[str, tuple[str, ...]] = {"account_read": ("read",), "account_write": ("read", "write")}
"""The account's tokens by name, and their scopes."""

CLIENT_PLATFORMS = frozenset({"browser", "android", "ios", "flash", "client"})
"""Platforms whose items a ``post_client_item`` token may post."""

HEADER = "x-rollbar-access-token"
_SHOWN = 128
"""Characters of an unknown token that the answer repeats."""


class Token(NamedTuple):
    """One access token.

    Attributes:
        id: In the database.
        public_id: How the API names it where its text is not to be shown.
        digest: Of its text, which is kept nowhere.
        name: For people.
        scopes: What it permits.
        project_id: ``None`` for a token of the account.
        is_enabled: Whether it may be used.
        rate_limit: Calls and seconds of its own limit, beside the server's; ``None``: it has none.
    """

    id: int
    public_id: str
    digest: bytes
    name: str
    scopes: tuple[str, ...]
    project_id: int | None
    is_enabled: bool = True
    rate_limit: tuple[int, float] | None = None

    def __repr__(self) -> str:
        return f"Token({self.name!r}, scopes={self.scopes!r}, is_enabled={self.is_enabled!r})"


class TokenBook:
    """The tokens that the server knows. Filled from the database, and anew after each change there."""

    def __init__(self) -> None:
        self._tokens: dict[bytes, Token] = {}
        self._digest: Callable[[str], bytes] = lambda _text: b""

    def fill(self, tokens: Iterable[Token], digest: Callable[[str], bytes]) -> None:
        """Know *tokens*, and no others, from now on.

        Args:
            tokens: All of them.
            digest: Turns a text into its digest.
        """
        self._digest = digest
        self._tokens = {token.digest: token for token in tokens}

    def __iter__(self) -> Iterator[Token]:
        return iter(self._tokens.values())

    def has(self, text: str) -> bool:
        """Whether there is a token of that text."""
        return self._digest(text) in self._tokens

    def find(self, text: str) -> Token:
        """Return the token of that text.

        Raises:
            Refused: 403, when there is none or when it is disabled.
        """
        # Looked up by a keyed digest: how long that takes tells nothing of any token's text.
        token = self._tokens.get(self._digest(text))
        if token is None:
            raise Refused(403, f"access token not found: {text[:_SHOWN]}")
        if not token.is_enabled:
            raise Refused(403, "insufficient privileges: The access token is disabled.")
        return token


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
