"""Tests of what becomes of an occurrence on the way to its bytes."""
