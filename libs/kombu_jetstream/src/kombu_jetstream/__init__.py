"""NATS JetStream as a Celery broker: a kombu transport."""
