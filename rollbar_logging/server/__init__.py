"""A local server that speaks the Rollbar API, with a page that shows what arrived.

It shares no code with the sending side: a fault there cannot hide here. Importing it needs nothing;
running it needs the extra ``server``.
"""

from rollbar_logging.server.counters import ServerStats, TokenStats
from rollbar_logging.server.local import LocalServer
from rollbar_logging.server.received import ReceivedOccurrence, StoredItem

__all__ = ["LocalServer", "ReceivedOccurrence", "ServerStats", "StoredItem", "TokenStats"]
