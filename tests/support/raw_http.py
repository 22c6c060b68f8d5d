"""HTTP by hand, for what a well-behaved client would never send, and for seeing what really comes back."""

import socket
from dataclasses import dataclass
from http.client import HTTPResponse
from typing import Self


@dataclass(frozen=True)
class RawAnswer:
    status: int
    headers: dict[str, str]
    body: bytes


class RawConnection:
    def __init__(self, port: int, *, timeout_s: float = 10.0) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=timeout_s)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def send_head(self, method: str, address: str, headers: dict[str, str]) -> None:
        lines = [f"{method} {address} HTTP/1.1", "Host: localhost", *(f"{name}: {headers[name]}" for name in headers)]
        self.send("\r\n".join([*lines, "", ""]).encode("latin-1"))

    def answer(self, method: str = "POST") -> RawAnswer:
        response = HTTPResponse(self._socket, method=method)
        response.begin()
        headers = {name.lower(): value for name, value in response.getheaders()}
        return RawAnswer(response.status, headers, response.read())

    def is_closed(self) -> bool:
        """True once the other side has closed; bytes that still come are thrown away."""
        try:
            while self._socket.recv(65536):
                pass
        except ConnectionResetError:
            return True
        return True
