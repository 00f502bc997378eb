"""Error reporting to Rollbar as one entry in your logging configuration.

Importing this package starts nothing, reads nothing and opens nothing.
"""

from rollbar_logging.errors import RollbarError, SettingsError

__all__ = [
    "RollbarError",
    "SettingsError",
]
