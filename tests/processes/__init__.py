"""Ways in which processes are made and ended: every report arrives, once, whoever runs the application."""
