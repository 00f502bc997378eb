"""A new access token in place of an old one, which is named by its public id.

    export ROLLBAR_API_TOKEN=<the account's>
    python examples/api/rotate_token.py PROJECT_ID                       lists the tokens and their public ids
    python examples/api/rotate_token.py PROJECT_ID PUBLIC_ID             prints the text of a new one
    ... give it to all who use the old one ...
    python examples/api/rotate_token.py PROJECT_ID PUBLIC_ID --delete    deletes the one of that public id

The new token has the name, scopes and rate limit of the old one. The old one works until it is deleted, which is
refused when there is no newer one like it that could take its place.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from connect import connect

from rollbar_logging.client import AccessToken, RollbarClient


def main(client: RollbarClient, project_id: int, public_id: str | None, *, is_deleting: bool) -> None:
    """List the tokens, or rotate or delete one."""
    tokens = client.access_tokens.list(project_id)
    if public_id is None:
        for token in tokens:
            made = f"{token.created_at:%Y-%m-%d %H:%M}" if token.created_at else "-"
            print(token.public_id or "-", made, token.status, "+".join(token.scopes), token.name, sep="\t")
        return
    old = next((token for token in tokens if token.public_id == public_id), None)
    if old is None:
        sys.exit(f"project {project_id} has no access token of the public id {public_id}")
    if not is_deleting:
        new = client.access_tokens.rotate(project_id, old)
        print(f"like {public_id}, under the public id {new.public_id}:", file=sys.stderr)
        print(new.access_token)
    elif successor_of(old, tokens) is None:
        sys.exit(f"{public_id} is not deleted: there is no newer access token called {old.name} with its scopes")
    else:
        client.access_tokens.delete(project_id, old)
        print(f"deleted {public_id}, called {old.name}")


def successor_of(old: AccessToken, tokens: Sequence[AccessToken]) -> AccessToken | None:
    """Return a token that can do what the old one does and was made after it."""
    for token in tokens:
        is_newer = (token.date_created or 0) >= (old.date_created or 0) and token.public_id != old.public_id
        if is_newer and token.name == old.name and token.status == "enabled" and set(token.scopes) >= set(old.scopes):
            return token
    return None


words = [word for word in sys.argv[1:] if word != "--delete"]
if not words:
    sys.exit(__doc__)
with connect() as rollbar:
    main(rollbar, int(words[0]), words[1] if len(words) > 1 else None, is_deleting="--delete" in sys.argv)
