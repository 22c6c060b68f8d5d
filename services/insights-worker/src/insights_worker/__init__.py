"""The insights worker: reflections on single entries."""
