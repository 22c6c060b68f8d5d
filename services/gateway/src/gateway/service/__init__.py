"""Use cases, one function each. They own transactions and permissions, and know no HTTP and no NATS."""
