"""The insights worker: reflections on single entries, reports on a period."""
