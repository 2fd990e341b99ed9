"""API Gateway's data plane: a server for the HTTP and WebSocket APIs that moto keeps, in front of their functions."""
