"""A function for AWS Lambda: what it raises is reported before the runtime is frozen, with the invocation's facts.

Run ``rollbar-logging serve``, set the two variables that it prints in another terminal, and there::

    python examples/aws_lambda.py

That invokes `handler` three times, as the runtime does it. Then look at the server's page. In AWS, name
``aws_lambda.handler`` as the function's handler, and set ``ROLLBAR_ACCESS_TOKEN`` among its environment variables.
"""

from __future__ import annotations

import contextlib
import logging
import time
import uuid
from typing import Any

from rollbar_logging import RollbarHandler
from rollbar_logging.integrations.aws_lambda import reporting

logging.getLogger().addHandler(RollbarHandler(environment="examples"))
logger = logging.getLogger("shop.orders")

PRICES = {"mug": 4.9, "tea": 3.2}


@reporting(timeout_warning=2.0, flush_timeout=30.0)
def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Answer a request to the function's address: the price of what is asked for."""
    sku = event["queryStringParameters"]["sku"]
    price = PRICES[sku]
    if sku == "tea":
        logger.error("the price of %s is out of date", sku)
    return {"statusCode": 200, "body": f"{price:.2f}"}


class Context:
    """What the runtime hands over; here, for an invocation that may take 60 seconds."""

    function_name = "prices"
    function_version = "$LATEST"
    memory_limit_in_mb = 128

    def __init__(self) -> None:
        self.aws_request_id = str(uuid.uuid4())
        self._until = time.monotonic() + 60

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the runtime ends the function."""
        return int(1000 * (self._until - time.monotonic()))


def main() -> None:
    """Invoke the function."""
    for sku in ("mug", "tea", "pot"):
        event = {
            "version": "2.0",
            "rawPath": "/prices",
            "rawQueryString": f"sku={sku}&token=s3cret-of-{sku}",
            "queryStringParameters": {"sku": sku, "token": f"s3cret-of-{sku}"},
            "headers": {"host": "shop.example", "authorization": f"Bearer s3cret-of-{sku}"},
            "requestContext": {"http": {"method": "GET", "sourceIp": "203.0.113.7"}},
        }
        with contextlib.suppress(KeyError):  # the runtime logs it and answers with an error
            print(sku, handler(event, Context())["body"])


if __name__ == "__main__":
    main()
