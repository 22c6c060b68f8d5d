"""Names, queues and streams as values. Nothing here is connected."""
