"""A worker of RQ that configures reporting for its jobs."""

from __future__ import annotations

import logging

from rollbar_logging import RollbarHandler
from rollbar_logging.integrations.rq import RollbarWorker

# A batch that is not due before the job's process ends.
logging.getLogger().addHandler(RollbarHandler(flush_interval=30))


class ShopWorker(RollbarWorker):
    """The one."""
