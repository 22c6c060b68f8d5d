"""Qdrant's REST API over Qdrant's own engine, for a machine without the Qdrant server.

It serves the calls that an unmodified qdrant-client makes for a journal's index and refuses every other one with a 4xx:
a filter that is silently ignored would show one journal's entries to another.
"""
