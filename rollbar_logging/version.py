"""The version, in the one place that code reads it; a test compares it with the package's metadata."""

NOTIFIER = "rollbar-logging"
VERSION = "0.1.0"
