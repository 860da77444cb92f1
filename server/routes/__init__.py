"""The HTTP and WebSocket routes, one module an audience."""
