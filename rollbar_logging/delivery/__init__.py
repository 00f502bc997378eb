"""From bytes to HTTP: the queue, the worker, the transport and what their answers mean."""
