"""Daybook's HTTP and NATS API: stores entries, publishes events, serves results."""
