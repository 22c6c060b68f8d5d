"""The HTTP API. It maps requests to use cases and their answers to HTTP; it decides nothing of its own."""

from gateway.http.api import create_api

__all__ = ["create_api"]
