"""A nightly import: a plain script whose logging is configured by a dict.

Run ``rollbar-logging serve``, set the two variables that it prints in another terminal, and there::

    python examples/plain.py

Then look at the server's page. The script ends right after its last record: what is queued then is delivered first.
"""

from __future__ import annotations

import csv
import io
import logging.config
from typing import Any

LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"short": {"format": "%(levelname)s %(message)s"}},
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": "short"},
        # ROLLBAR_ACCESS_TOKEN, ROLLBAR_ENDPOINT and the like come from the environment.
        "rollbar": {
            "class": "rollbar_logging.RollbarHandler",
            "level": "ERROR",
            "environment": "examples",
            "exception_levels": {"UnicodeError": "warning"},
        },
    },
    "root": {"handlers": ["console", "rollbar"], "level": "INFO"},
}

ROWS = """\
sku,price,stock
mug,4.90,12
tea,free,3
pot,19.00
"""

logger = logging.getLogger("shop.nightly")


def main() -> None:
    """Import all rows; report those that cannot be read, and how many they were."""
    password = "in-clear-in-this-frame"  # noqa: S105 - to be seen as [scrubbed] in what arrives
    failed = sum(not read_row(number, row) for number, row in enumerate(csv.DictReader(io.StringIO(ROWS)), 1))
    logger.error(
        "%d rows of %s could not be read",
        failed,
        "prices.csv",
        extra={"source": f"ftp://shop:{password}@files.example/prices.csv"},
    )


def read_row(number: int, row: dict[str, str]) -> bool:
    """Return whether the row could be read."""
    try:
        price, stock = float(row["price"]), int(row["stock"])
    except (ValueError, TypeError):
        logger.exception("row %d is skipped", number, extra={"row": row, "rollbar_person": {"id": "nightly"}})
        return False
    logger.info("%s: %.2f, %d in stock", row["sku"], price, stock)
    return True


if __name__ == "__main__":
    logging.config.dictConfig(LOGGING)
    main()
