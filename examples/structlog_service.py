"""A service that logs with structlog: orders are handled side by side, each in a task with context of its own.

Run ``rollbar-logging serve``, set the two variables that it prints in another terminal, and there::

    python examples/structlog_service.py

Then look at the server's page. An event's name is what reports are grouped by, and its values, with all that is bound
in the task, are custom data. Rendering is left to the formatter of the console: the handler gets the event as it is.
"""

from __future__ import annotations

import asyncio
import logging.config

import structlog

logging.config.dictConfig(
    {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "console": {
                "()": structlog.stdlib.ProcessorFormatter,
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    structlog.processors.format_exc_info,
                    structlog.processors.KeyValueRenderer(key_order=["event"]),
                ],
            }
        },
        "handlers": {
            "console": {"class": "logging.StreamHandler", "formatter": "console"},
            "rollbar": {"class": "rollbar_logging.RollbarHandler", "level": "ERROR", "environment": "examples"},
        },
        "root": {"handlers": ["console", "rollbar"], "level": "INFO"},
    }
)
structlog.configure(
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),
    wrapper_class=structlog.stdlib.BoundLogger,
    cache_logger_on_first_use=True,
)

logger = structlog.stdlib.get_logger("shop.orders")

STOCK = {"mug": 3, "tea": 0}


class SoldOutError(Exception):
    """There is none left."""


async def handle(order: int, sku: str) -> None:
    """Handle one order; what goes wrong is logged with it. The handler does not wait, so plain calls will do."""
    structlog.contextvars.bind_contextvars(order=order)
    try:
        await take_from_stock(sku)
    except (SoldOutError, LookupError):
        logger.exception("order_failed", sku=sku)
    else:
        logger.info("order_packed", sku=sku)


async def take_from_stock(sku: str) -> None:
    """Take one; raise if there is none."""
    await asyncio.sleep(0)
    if STOCK[sku] < 1:
        raise SoldOutError(sku)
    STOCK[sku] -= 1


async def main() -> None:
    """Handle some orders at the same time."""
    structlog.contextvars.bind_contextvars(service="orders")
    orders = enumerate(("mug", "tea", "pot"), 1001)
    await asyncio.gather(*(asyncio.create_task(handle(order, sku), name=f"order {order}") for order, sku in orders))


if __name__ == "__main__":
    asyncio.run(main())
