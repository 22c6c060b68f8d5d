"""Looking at queues without a worker."""
