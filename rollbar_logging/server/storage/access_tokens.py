"""Access tokens in the database: by digest, never by text."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, RowMapping, delete, insert, select, update

from rollbar_logging.errors import RollbarError
from rollbar_logging.server.storage.tables import access_tokens, facts
from rollbar_logging.server.tokens import ACCOUNT_TOKENS, SCOPES, Token
from rollbar_logging.server.traits import storable

_DIGEST_BYTES = 32


def salt_of(connection: Connection) -> bytes:
    """Return the bytes with which this database's tokens are hashed."""
    return bytes.fromhex(connection.scalars(select(facts.c.value).where(facts.c.name == "salt")).one())


def digest_of(text: str, salt: bytes) -> bytes:
    """Return the digest of a token's text."""
    return hashlib.blake2b(text.encode("utf-8", "replace"), key=salt, digest_size=_DIGEST_BYTES).digest()


def new_text(bits: int = 128) -> str:
    """Make the text of a token: hex digits, 32 unless told otherwise, as most of Rollbar's are."""
    return secrets.token_hex(bits // 8)


class StoredToken(NamedTuple):
    """What the API shows of a project's token; names are those of its token object."""

    id: int
    project_id: int
    public_id: str
    name: str
    status: str
    scopes: list[str]
    rate_limit_window_size: int | None
    rate_limit_window_count: int | None
    date_created: int
    date_modified: int
    token_type: str


_SHOWN = tuple(access_tokens.c[name] for name in StoredToken._fields)


def list_tokens(connection: Connection, project_id: int) -> list[StoredToken]:
    """Return a project's tokens by name."""
    query = select(*_SHOWN).where(access_tokens.c.project_id == project_id)
    return [StoredToken(*row) for row in connection.execute(query.order_by(access_tokens.c.name, access_tokens.c.id))]


def find_token(connection: Connection, project_id: int, identifier: str) -> StoredToken | None:
    """Return the project's token of that text or that public id, or ``None``."""
    named = (access_tokens.c.digest == digest_of(identifier, salt_of(connection))) | (
        access_tokens.c.public_id == storable(identifier)
    )
    row = connection.execute(select(*_SHOWN).where(access_tokens.c.project_id == project_id, named)).first()
    return None if row is None else StoredToken(*row)


def load_tokens(connection: Connection) -> list[Token]:
    """Return all tokens, the oldest first."""
    rows = connection.execute(select(access_tokens).order_by(access_tokens.c.id)).mappings()
    return [_token(row) for row in rows]


def _token(row: RowMapping) -> Token:
    size, count = row["rate_limit_window_size"], row["rate_limit_window_count"]
    return Token(
        id=row["id"],
        public_id=row["public_id"],
        digest=row["digest"],
        name=row["name"],
        scopes=tuple(row["scopes"]),
        project_id=row["project_id"],
        is_enabled=row["status"] == "enabled",
        rate_limit=(count, float(size)) if size and count else None,
    )


def add_token(
    connection: Connection,
    text: str,
    name: str,
    scopes: Sequence[str],
    *,
    project_id: int | None,
    now: float,
    **more: Any,
) -> int:
    """Add a token and return its id.

    Args:
        connection: The writer's.
        text: What callers will pass.
        name: For people.
        scopes: What it permits.
        project_id: ``None`` makes it a token of the account.
        now: Unix seconds.
        more: Values of other columns.

    Raises:
        RollbarError: There is a token of that text already.
    """
    digest = digest_of(text, salt_of(connection))
    if connection.scalars(select(access_tokens.c.id).where(access_tokens.c.digest == digest)).first():
        raise RollbarError(f"the access token given for {name} is in use already: give another one")
    added = connection.execute(
        insert(access_tokens)
        .values(
            public_id=secrets.token_hex(8),
            digest=digest,
            name=name,
            scopes=list(scopes),
            project_id=project_id,
            date_created=int(now),
            date_modified=int(now),
            **more,
        )
        .returning(access_tokens.c.id)
    )
    return int(added.scalar_one())


def ensure_tokens(
    connection: Connection, given: Mapping[str, str], *, project_id: int | None, now: float
) -> dict[str, str]:
    """Make the tokens of a project or of the account that are not there, and those whose texts are given.

    Args:
        connection: The writer's.
        given: Texts by name: what the token of that name shall be, whatever it was before.
        project_id: The project, or ``None`` for the account.
        now: Unix seconds.

    Returns:
        The texts that are known, by name: those made now and those given. Others are kept by digest only.

    Raises:
        RollbarError: A text is given that another token has.
    """
    known: dict[str, str] = {}
    salt = salt_of(connection)
    wanted = ACCOUNT_TOKENS if project_id is None else {scope: (scope,) for scope in SCOPES}
    mine = [token for token in load_tokens(connection) if token.project_id == project_id]
    for name, scopes in wanted.items():
        token = next((token for token in mine if token.name == name), None)
        text = given.get(name)
        if token is None:
            known[name] = text or new_text()
            add_token(connection, known[name], name, scopes, project_id=project_id, now=now)
        elif text:
            known[name] = text
            if token.digest != digest_of(text, salt):
                replace_text(connection, token, text, now)
    return known


def replace_text(connection: Connection, token: Token, text: str, now: float) -> None:
    """Give *token* another text; the old one is not known any more.

    Raises:
        RollbarError: Another token has that text.
    """
    digest = digest_of(text, salt_of(connection))
    if connection.scalars(select(access_tokens.c.id).where(access_tokens.c.digest == digest)).first():
        raise RollbarError(f"the access token given for {token.name} is that of another one: give each its own")
    change_token(connection, token.id, now, digest=digest)


def change_token(connection: Connection, token_id: int, now: float, **columns: Any) -> None:
    """Change columns of a token."""
    connection.execute(
        update(access_tokens).where(access_tokens.c.id == token_id).values(date_modified=int(now), **columns)
    )


def delete_token(connection: Connection, token_id: int) -> None:
    """Delete a token."""
    connection.execute(delete(access_tokens).where(access_tokens.c.id == token_id))
