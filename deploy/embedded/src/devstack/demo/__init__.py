"""Forty entries of an invented diary, sent through a running stack, and what the stack makes of them.

Knows the public HTTP API and nothing else of the services.
"""
