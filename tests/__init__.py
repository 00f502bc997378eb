"""Tests of rollbar_logging; they mirror the package."""
