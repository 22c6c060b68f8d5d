"""`python -m devstack.qdrant --data DIR --port N`: the server as a process of its own, on 127.0.0.1 only."""

import argparse
import logging
import socket
import sys
from pathlib import Path

import uvicorn

from devstack.qdrant.api_key import read_or_make
from devstack.qdrant.app import create_app
from devstack.qdrant.errors import DataDirectoryInUse
from devstack.qdrant.lock import exclusive

#: This machine alone; a container's server has to listen to others.
_HOST = "127.0.0.1"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m devstack.qdrant", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the data directory, made if it is not there")
    parser.add_argument("--port", type=int, required=True, help="0 takes a free one and prints it")
    parser.add_argument("--host", default=_HOST, help="the address to listen on (default: %(default)s)")
    parser.add_argument("--api-key-file", type=Path, help="requests must carry the key in it; made if it is not there")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    try:
        _serve(options.data, options.host, options.port, options.api_key_file)
    except (DataDirectoryInUse, OSError, ValueError) as error:
        sys.exit(f"qdrant: {error}")


def _serve(data: Path, host: str, port: int, api_key_file: Path | None) -> None:
    data.mkdir(parents=True, exist_ok=True)
    api_key = read_or_make(api_key_file) if api_key_file else None
    with exclusive(data), _listen(host, port) as listener:
        sys.stdout.write(f"listening on http://{host}:{listener.getsockname()[1]}\n")
        sys.stdout.flush()
        config = uvicorn.Config(
            create_app(data, api_key),
            log_level="warning",
            access_log=False,
            lifespan="on",
            # The same loop whether or not another package has brought uvloop along.
            loop="asyncio",
            # Longer than the clients': the side that closes a quiet connection must not be the one that gets requests.
            timeout_keep_alive=75,
            timeout_graceful_shutdown=5,
        )
        uvicorn.Server(config).run(sockets=[listener])


def _listen(host: str, port: int) -> socket.socket:
    # The protocol is named because asyncio switches off Nagle's delay only where it is: each answer took 40 ms without.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise OSError(f"port {port} on {host} cannot be listened on: {error.strerror}") from error
    listener.listen()
    return listener


if __name__ == "__main__":
    main()
