"""The client of all these examples, by the environment."""

from __future__ import annotations

import os

from rollbar_logging.client import RollbarClient


def connect() -> RollbarClient:
    """Return a client with the access token and the endpoint of the environment."""
    endpoint = os.environ.get("ROLLBAR_ENDPOINT", "https://api.rollbar.com/api/1/")
    project_id = os.environ.get("ROLLBAR_PROJECT_ID")
    return RollbarClient(os.environ["ROLLBAR_API_TOKEN"], endpoint, project_id=int(project_id) if project_id else None)
