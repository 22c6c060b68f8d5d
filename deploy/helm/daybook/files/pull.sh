#!/bin/sh
# Has the named models in OLLAMA_MODELS, and ends: pull.sh MODEL...
# What is there is not asked for again, so that a start without internet goes well once it went well.
set -eu

ollama serve >/tmp/serve.log 2>&1 &
server=$!
trap 'kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true' EXIT

waited=0
until ollama list >/dev/null 2>&1; do
    if ! kill -0 "$server" 2>/dev/null || [ "$waited" -ge 60 ]; then
        echo "Ollama did not start:" >&2
        tail -20 /tmp/serve.log >&2
        exit 1
    fi
    waited=$((waited + 1))
    sleep 1
done

for model in "$@"; do
    if ollama show "$model" >/dev/null 2>&1; then
        echo "$model: there already"
    else
        echo "$model: fetching"
        # Its own progress: percent, bytes a second, time left.
        ollama pull "$model"
        echo "$model: there now"
    fi
done
