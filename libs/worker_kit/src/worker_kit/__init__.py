"""What every Celery worker of Daybook shares: app factory, event step, run_async, fates."""
