"""Commands over the API, against the local server."""
