"""Tests of RQL."""
