"""From an `Occurrence` to the bytes of a Rollbar item, on the worker's thread."""
