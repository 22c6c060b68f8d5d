"""The enrichment worker: turns entries into embeddings and moods. A Celery service; it has no surface for importing."""
