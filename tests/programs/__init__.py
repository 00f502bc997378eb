"""Programs that tests run with an interpreter of their own."""
