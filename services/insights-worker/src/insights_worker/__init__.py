"""Celery worker: reflections and insights."""
