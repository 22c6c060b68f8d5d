"""Celery worker: embeddings and mood."""
