"""The OpenAPI description of the API: one file per subject, as the routes have.

A test compares what is described with the routes that there are, both ways.
"""
