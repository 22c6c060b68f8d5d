"""Something that greets like a NATS server of another version. It is a fake: old servers are not among our packages."""

import json
import socket
import threading
from types import TracebackType
from typing import Self


class Greeter:
    """Says INFO and answers PING, and that is all."""

    def __init__(self, version: str) -> None:
        self._info = {
            "server_id": "N",
            "version": version,
            "headers": True,
            "jetstream": True,
            "max_payload": 1_048_576,
        }
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self.port: int = self._listener.getsockname()[1]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)

    def _serve(self) -> None:
        try:
            while True:
                client, _ = self._listener.accept()
                with client:
                    client.sendall(f"INFO {json.dumps(self._info)}\r\n".encode())
                    while data := client.recv(4096):
                        client.sendall(b"PONG\r\n" * data.count(b"PING\r\n"))
        except OSError:
            return
