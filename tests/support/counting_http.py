"""A small HTTP/1.1 server on a real socket that counts connections, and misbehaves when the path says so."""

import socket
import socketserver
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit


class CountingServer:
    """`/`: the body comes back. Behaviour by path, see `_Handler`."""

    def __init__(self, *, idle_s: float = 30.0, tls: ssl.SSLContext | None = None) -> None:
        self.connections = 0
        self.requests = 0
        self.open = 0
        self.most_open = 0
        self.lock = threading.Lock()
        self._tls = tls
        #: The server closes a connection that waits longer for its next request.
        self.idle_s = idle_s

    def __enter__(self) -> Self:
        outer = self

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True
            allow_reuse_address = True
            request_queue_size = 128
            counting = outer

            def get_request(self) -> Any:
                raw, address = super().get_request()
                return (
                    (outer._tls.wrap_socket(raw, server_side=True, do_handshake_on_connect=False), address)
                    if (outer._tls)
                    else (raw, address)
                )

            def handle_error(self, *_: object) -> None:
                """A client that goes away is what the tests are about."""

        self._server = Server(("127.0.0.1", 0), _Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self._server.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self) -> None:
        counting: CountingServer = self.server.counting  # type: ignore[attr-defined]
        self.counting = counting
        self.timeout = counting.idle_s
        with counting.lock:
            counting.connections += 1
            counting.open += 1
            counting.most_open = max(counting.most_open, counting.open)
        self.served = 0
        super().setup()

    def finish(self) -> None:
        with self.counting.lock:
            self.counting.open -= 1
        super().finish()

    def log_message(self, *_: object) -> None:
        """Nothing."""

    def do_GET(self) -> None:
        self._respond(b"")

    def do_HEAD(self) -> None:
        self._respond(b"")

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length")
        self._respond(self._chunks() if length is None else self.rfile.read(int(length)))

    def _chunks(self) -> bytes:
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _respond(self, body: bytes) -> None:
        with self.counting.lock:
            self.counting.requests += 1
        self.served += 1
        parts = urlsplit(self.path)
        wanted = {name: values[0] for name, values in parse_qs(parts.query).items()}
        time.sleep(float(wanted.get("delay", "0")))
        match parts.path:
            case "/abort-reused" if self.served > 1:
                # The keep-alive race: the request meets a connection that is being closed.
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
                self.close_connection = True
            case "/lines":
                self._lines(int(wanted["count"]), float(wanted.get("gap", "0")))
            case "/large":
                self._large(int(wanted["size"]))
            case "/close":
                self._answer(body, {"Connection": "close"})
                self.close_connection = True
            case "/interim":
                self.wfile.write(b"HTTP/1.1 103 Early Hints\r\n\r\n")
                self._answer(body)
            case "/abort" | "/half" | "/stall" | "/garbage":
                self._break_off(parts.path, float(wanted.get("for", "5")))
            case _:
                self._answer(body)

    def _break_off(self, path: str, pause_s: float) -> None:
        """Less than an answer, then the end."""
        self.close_connection = True
        if path == "/garbage":
            self.wfile.write(b"not HTTP at all\r\n\r\n")
        if path in {"/half", "/stall"}:
            self._head(1000)
            self.wfile.write(b"x" * 500)
            self.wfile.flush()
        if path == "/stall":
            time.sleep(pause_s)

    def _large(self, size: int) -> None:
        self._head(size)
        block = b"x" * 65536
        while size > 0:
            self.wfile.write(block[:size])
            size -= len(block)

    def _answer(self, body: bytes, headers: dict[str, str] | None = None) -> None:
        self._head(len(body), headers)
        if self.command != "HEAD":
            self.wfile.write(body)

    def _head(self, length: int, headers: dict[str, str] | None = None) -> None:
        self.send_response(200)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(length))
        self.end_headers()

    def _lines(self, count: int, gap_s: float) -> None:
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for number in range(count):
            line = b"line %d\n" % number
            self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
            self.wfile.flush()
            time.sleep(gap_s)
        self.wfile.write(b"0\r\n\r\n")
