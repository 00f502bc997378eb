"""``rollbar-logging doctor``: one file for each thing that it looks at, and `command`, which asks them all."""
