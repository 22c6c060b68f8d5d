"""From a URL to a server that answers: addresses, logins, TLS, the io thread, JetStream's API."""
