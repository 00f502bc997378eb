"""What to do when nothing has arrived yet: lines to be copied, with address and token filled in. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

_UNKNOWN = "YOUR_POST_SERVER_ITEM_TOKEN"


class Setup(NamedTuple):
    """The next step.

    Attributes:
        environment: Two lines for a shell.
        python: Two lines of Python.
        curl: A first report by hand.
        deploy: A deploy told by hand.
        is_token_known: Whether the lines have the token in them.
    """

    environment: str
    python: str
    curl: str
    deploy: str
    is_token_known: bool


def setup_view(known_tokens: Mapping[str, str], endpoint: str) -> Setup:
    """Return the lines.

    Args:
        known_tokens: Texts of the project's tokens by name, where they are known.
        endpoint: The API's base.
    """
    known = known_tokens.get("post_server_item")
    token = known or _UNKNOWN
    report = '{"data": {"environment": "test", "body": {"message": {"body": "It works"}}}}'
    return Setup(
        environment=f"export ROLLBAR_ACCESS_TOKEN={token}\nexport ROLLBAR_ENDPOINT={endpoint}",
        python=(
            "import logging, rollbar_logging\n"
            "logging.getLogger().addHandler("
            f'rollbar_logging.RollbarHandler(access_token="{token}", endpoint="{endpoint}"))'
        ),
        curl=f"curl {endpoint}item/ -H 'X-Rollbar-Access-Token: {token}' -d '{report}'",
        deploy=(
            f"curl {endpoint}deploy -H 'X-Rollbar-Access-Token: {token}' \\\n"
            "  -d environment=production -d revision=$(git rev-parse HEAD) -d status=succeeded"
        ),
        is_token_known=known is not None,
    )
