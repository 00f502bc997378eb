"""The API's client, against the local server over real HTTP."""
