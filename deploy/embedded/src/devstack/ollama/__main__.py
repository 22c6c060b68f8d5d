"""`python -m devstack.ollama --data DIR --port N`: serve on 127.0.0.1 until SIGTERM."""

import argparse
import socket
import sys
from pathlib import Path

import uvicorn

from devstack.ollama.app import create_app
from devstack.ollama.faults import WeightsUnusable
from devstack.ollama.registry import Limits
from devstack.ollama.weights import prepare_weights

#: This machine alone; a container's server has to listen to others.
_HOST = "127.0.0.1"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m devstack.ollama", description="Ollama's API over small models")
    parser.add_argument("--data", type=Path, required=True, help="where the converted weights are kept")
    parser.add_argument("--port", type=int, required=True, help="0 takes a free one and prints it")
    parser.add_argument("--host", default=_HOST, help="the address to listen on (default: %(default)s)")
    # One thread: with two, the two workers beside it on two cores cut generation to a seventh (ADR 0004).
    parser.add_argument("--threads", type=int, default=1, help="for each model that is at work")
    parser.add_argument("--max-queue", type=int, default=512)
    parser.add_argument("--keep-alive", default="5m")
    options = parser.parse_args()
    limits = Limits(max_queue=options.max_queue, keep_alive=options.keep_alive, threads=options.threads)
    try:
        _serve(options.data, options.host, options.port, limits)
    except (WeightsUnusable, OSError) as error:
        sys.exit(f"model server: {error}")


def _serve(data: Path, host: str, port: int, limits: Limits) -> None:
    # Bound first, so that a port that is taken is told before seconds of conversion; a bound socket refuses
    # connections until it listens, so whoever can connect finds the models ready.
    with _bound(host, port) as listener:
        app = create_app(prepare_weights(data, say=_say), limits)
        listener.listen()
        _say(f"listening on http://{host}:{listener.getsockname()[1]}")
        config = uvicorn.Config(
            app,
            log_level="warning",
            access_log=False,
            lifespan="on",
            # The same loop whether or not another package has brought uvloop along.
            loop="asyncio",
            timeout_keep_alive=75,
            timeout_graceful_shutdown=2,
        )
        uvicorn.Server(config).run(sockets=[listener])


def _bound(host: str, port: int) -> socket.socket:
    # The protocol is named because asyncio switches off Nagle's delay only where it is.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise OSError(f"port {port} on {host} cannot be listened on: {error.strerror}") from error
    return listener


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    main()
