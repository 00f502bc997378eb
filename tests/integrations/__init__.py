"""Integrations, each with the real framework."""
