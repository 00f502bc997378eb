"""A Celery worker: the task that fails is one report, with what it was called with; one that is tried again is none.

Run ``rollbar-logging serve``, set the two variables that it prints in another terminal, and there::

    python examples/celery_worker.py

Then look at the server's page, and end the worker with Ctrl+C. The broker is in memory here, so the process that queues
the tasks must be the one that does them; with another broker, ``celery --app celery_worker worker`` does.
"""

from __future__ import annotations

import logging.config

from celery import Celery
from celery.utils.log import get_task_logger

from rollbar_logging.integrations import celery as rollbar_celery

logging.config.dictConfig(
    {
        "version": 1,
        "disable_existing_loggers": False,
        "handlers": {
            "rollbar": {"class": "rollbar_logging.RollbarHandler", "level": "ERROR", "environment": "examples"},
        },
        "root": {"handlers": ["rollbar"], "level": "INFO"},
    }
)
rollbar_celery.install()

app = Celery("shop", broker="memory://")
app.conf.update(task_ignore_result=True, worker_pool="solo")
logger = get_task_logger(__name__)

STOCK = {"mug": 3, "tea": 0}


class SoldOutError(Exception):
    """There is none left, as happens every day."""


@app.task(throws=(SoldOutError,))
def pack(order: int, sku: str) -> None:
    """Take one from stock. That there is none is expected, and no report; that nobody knows it is one."""
    if STOCK[sku] < 1:
        raise SoldOutError(sku)
    STOCK[sku] -= 1
    logger.info("order %d packed", order)


@app.task(bind=True, max_retries=3, default_retry_delay=0)
def charge(self: object, order: int, *, card: str) -> None:
    """Charge a card; the bank is not there at first."""
    if self.request.retries < 1:
        raise self.retry(exc=ConnectionError("bank"))
    logger.error("order %d: the bank refuses card %s", order, card)


if __name__ == "__main__":
    pack.delay(1001, "mug")
    pack.delay(1002, "tea")
    pack.delay(1003, sku="pot")
    charge.delay(1001, card="4111 1111 1111 1111")
    app.worker_main(["worker", "--loglevel", "INFO", "--without-gossip", "--without-mingle", "--without-heartbeat"])
