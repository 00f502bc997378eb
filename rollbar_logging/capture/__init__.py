"""From a log record to an `Occurrence`, on the caller's thread."""
