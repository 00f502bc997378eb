"""A Celery application over a folder, whose tasks log and whose workers end soon after."""

from __future__ import annotations

import logging
import os

from celery import Celery, signals  # type: ignore[import-untyped]

from rollbar_logging import RollbarHandler

folder = os.environ["TASKS"]
application = Celery("tasks", broker="filesystem://")
application.conf.update(
    broker_transport_options={"data_folder_in": folder, "data_folder_out": folder, "control_folder": folder},
    broker_connection_retry_on_startup=True,
    task_ignore_result=True,
    worker_hijack_root_logger=False,
)
logger = logging.getLogger("application")
handler = RollbarHandler()
logger.addHandler(handler)


@signals.worker_process_shutdown.connect  # type: ignore[untyped-decorator]
def deliver(**_: object) -> None:
    """Deliver before a process of the pool ends, which runs no exit functions; only where it is asked for."""
    if "DELIVERS" in os.environ:
        handler.flush()


@application.task  # type: ignore[untyped-decorator]
def work(number: int) -> None:
    """Log, and fail."""
    logger.error("task %d first", number)
    logger.error("task %d last", number)
    raise ValueError(number)
