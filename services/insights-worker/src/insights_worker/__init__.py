"""The insights worker: reflections and insights, in time. Today it starts, answers probes, takes no work and stops."""
