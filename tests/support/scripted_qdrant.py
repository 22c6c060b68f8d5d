"""A server on a real socket that says what a test tells it to, and remembers what it was asked."""

import json
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

#: What Qdrant answers to each call, when it has nothing.
EMPTY = {
    "points": {"operation_id": 1, "status": "completed"},
    "delete": {"operation_id": 1, "status": "completed"},
    "scroll": {"points": [], "next_page_offset": None},
    "count": {"count": 0},
    "groups": {"groups": []},
    "collections": {"collections": []},
}


@dataclass
class ScriptedQdrant:
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    #: None: an empty result that fits the call.
    body: bytes | None = None
    #: Close the connection instead of answering.
    hang_up: bool = False
    #: While it is not set, nothing is answered.
    may_answer: threading.Event = field(default_factory=threading.Event)
    #: (method, path, body) of each request.
    requests: list[tuple[str, str, Any]] = field(default_factory=list)
    request_headers: list[dict[str, str]] = field(default_factory=list)

    def __enter__(self) -> Self:
        self.may_answer.set()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.may_answer.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"


def _handler(script: ScriptedQdrant) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            raw = self.rfile.read(int(self.headers.get("content-length", 0)))
            asked = json.loads(raw or b"{}")
            script.requests.append((self.command, self.path.partition("?")[0], asked))
            script.request_headers.append(dict(self.headers))
            script.may_answer.wait(10)
            if script.hang_up:
                return
            body = script.body
            if body is None:
                call = self.path.partition("?")[0].rpartition("/")[2]
                empty = [{"points": []} for _ in asked["searches"]] if call == "batch" else EMPTY.get(call)
                body = json.dumps({"result": empty, "status": "ok", "time": 0.0}).encode()
            self.send_response(script.status)
            for name, value in script.headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PUT = do_DELETE = answer  # noqa: N815 - the names that the base class looks for

        def log_message(self, *_: object) -> None:
            """Quiet."""

        def handle(self) -> None:
            # The client may have given up waiting, as a test wanted.
            with suppress(ConnectionError):
                super().handle()

    return Handler
