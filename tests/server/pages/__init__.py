"""The pages: what is shown, and how a browser behaves with it."""
