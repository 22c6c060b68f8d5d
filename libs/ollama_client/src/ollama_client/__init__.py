"""A typed async client for Ollama's native API."""
