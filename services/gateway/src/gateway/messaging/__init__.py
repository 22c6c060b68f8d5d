"""The NATS API and the topology of JetStream."""
