"""Tests of what is captured on the thread of the application."""
