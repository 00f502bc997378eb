"""Tests of the API, by subject, over HTTP."""
