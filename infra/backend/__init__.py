"""Releases of the functions in front of the endpoint: their code, a version of it, and the alias that clients reach."""
