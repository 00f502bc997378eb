"""Error reporting to Rollbar as one entry in your logging configuration.

Importing this package starts nothing, reads nothing and opens nothing.
"""

from rollbar_logging.capture.context import context, set_person, set_request
from rollbar_logging.delivery.answer import Answer, Transport
from rollbar_logging.delivery.stats import Stats
from rollbar_logging.errors import RollbarError, SettingsError
from rollbar_logging.handler import RollbarHandler
from rollbar_logging.settings import Settings
from rollbar_logging.version import VERSION

__all__ = [
    "VERSION",
    "Answer",
    "RollbarError",
    "RollbarHandler",
    "Settings",
    "SettingsError",
    "Stats",
    "Transport",
    "context",
    "set_person",
    "set_request",
]
