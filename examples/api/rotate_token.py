"""A new access token in place of an old one.

    ROLLBAR_API_TOKEN=<the account's> python examples/api/rotate_token.py PROJECT_ID NAME
    ... give the new token to all who use the old one ...
    ROLLBAR_API_TOKEN=<the account's> python examples/api/rotate_token.py PROJECT_ID NAME --delete-old

The new token has the name, scopes and rate limit of the old one. The old one works until it is deleted.
"""

from __future__ import annotations

import sys

from connect import connect

project_id, name = int(sys.argv[1]), sys.argv[2]

with connect() as client:
    tokens = [token for token in client.access_tokens.list(project_id) if token.name == name]
    if not tokens:
        sys.exit(f"project {project_id} has no access token called {name}")
    oldest_first = sorted(tokens, key=lambda token: token.date_created or 0)
    if "--delete-old" not in sys.argv:
        print(client.access_tokens.rotate(project_id, oldest_first[-1]).access_token)
    elif len(tokens) > 1:
        client.access_tokens.delete(project_id, oldest_first[0])
        print(f"deleted the older of {len(tokens)} tokens called {name}")
    else:
        sys.exit(f"there is only one access token called {name}: nothing would be left")
