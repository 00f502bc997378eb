"""A Celery application over a folder, whose tasks fail in all the ways in which tasks fail."""

from __future__ import annotations

import logging
import os
import signal
import time
from typing import Any

import structlog
from celery import Celery  # type: ignore[import-untyped]

from rollbar_logging import RollbarHandler
from rollbar_logging.capture.context import set_person
from rollbar_logging.integrations import celery as rollbar_celery

folder = os.environ["TASKS"]
application = Celery("celery_shop", broker="filesystem://")
application.conf.update(
    broker_transport_options={"data_folder_in": folder, "data_folder_out": folder, "control_folder": folder},
    broker_connection_retry_on_startup=True,
    task_ignore_result=True,
)
logging.getLogger().addHandler(RollbarHandler(level=os.environ.get("LEVEL", "ERROR")))
rollbar_celery.install(retries=os.environ.get("RETRIES", "ignored"))
logger = logging.getLogger("shop")


class SoldOutError(Exception):
    """Expected."""


class StubbornError(Exception):
    """Cannot be pickled."""

    def __init__(self, one: int, *, other: int) -> None:
        super().__init__(f"{one} and {other}")
        self.function = lambda: one


@application.task  # type: ignore[untyped-decorator]
def fail(order: int, password: str = "", basket: object = None) -> None:
    """Fail, with a card number and a person at hand."""
    set_person(17)
    structlog.contextvars.bind_contextvars(left_behind="by fail")
    card = "4111 1111 1111 1111"
    raise ValueError(f"order {order}", len(card))


@application.task  # type: ignore[untyped-decorator]
def log_and_fail() -> None:
    """Report it where it happens, and let it go on."""
    try:
        _ = {}["nothing"]
    except KeyError:
        logger.exception("told already")
        raise


@application.task(throws=(SoldOutError,))  # type: ignore[untyped-decorator]
def sell() -> None:
    """Fail as expected."""
    raise SoldOutError


@application.task(bind=True, max_retries=1, default_retry_delay=0)  # type: ignore[untyped-decorator]
def again(self: object) -> None:
    """Fail at first."""
    if self.request.retries < 1:  # type: ignore[attr-defined]
        raise self.retry(exc=ConnectionError("not yet"))  # type: ignore[attr-defined]


@application.task  # type: ignore[untyped-decorator]
def stubborn() -> None:
    """Raise what cannot be pickled."""
    raise StubbornError(1, other=2)


@application.task  # type: ignore[untyped-decorator]
def outer() -> None:
    """Call another task in place, as part of itself."""
    set_person(18)
    fail.apply(args=[2])
    logger.error("outer goes on")


@application.task  # type: ignore[untyped-decorator]
def die() -> None:
    """End the process that does it."""
    os.kill(os.getpid(), signal.SIGKILL)


@application.task(time_limit=1)  # type: ignore[untyped-decorator]
def sleep() -> None:
    """Take too long."""
    time.sleep(30)


@application.task  # type: ignore[untyped-decorator]
def last() -> None:
    """Only log."""
    logger.error("the last task")


SENT: dict[str, dict[str, Any]] = {
    "fail": {"args": [1], "kwargs": {"password": "hunter2", "basket": [{"mug": 2}]}},
    # As Celery sends what is tried for the third time.
    "die": {"retries": 2},
    "sleep": {"retries": 2},
}


def send(*names: str) -> None:
    """Queue tasks, and the last one."""
    for name in names:
        application.tasks[f"{__name__}.{name}"].apply_async(**SENT.get(name, {}))
    last.apply_async()
