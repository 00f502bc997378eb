"""What the server keeps: items and occurrences, tokens, deploys, on SQLite or PostgreSQL through SQLAlchemy Core."""
