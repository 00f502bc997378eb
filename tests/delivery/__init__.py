"""Tests of the queue, the worker and what goes over the wire."""
