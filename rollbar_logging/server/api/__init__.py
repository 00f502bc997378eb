"""The API's routes, one file per subject; `routes.py` has the list of them all."""
