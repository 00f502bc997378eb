"""Tests of `rollbar-logging doctor`."""
