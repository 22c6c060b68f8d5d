"""An Ollama that does as it is told: the real protocol over a real socket, with chosen answers, delays and faults.

`with ScriptedOllama() as ollama:` runs it on a thread, `python -m support.scripted_ollama` as a process. What
was not scripted is answered sensibly: embeddings derive from the words of the text, so that texts which share words are
near one another.
"""

import argparse
import asyncio
import hashlib
import json
import math
import re
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

MODEL = "smollm2:135m"
EMBEDDING_MODEL = "all-minilm"
REFLECTION = {
    "reflection": "You were out in the rain with Nora. You stayed longer than you meant. It did you good.",
    "questions": ["What made you stay?", "Where would you go next?"],
}
QUEUE_FULL = "server busy, please try again.  maximum pending requests exceeded"


@dataclass(frozen=True)
class Pause:
    seconds: float


@dataclass(frozen=True)
class Until:
    """Say no more before the test says so."""

    event: threading.Event


@dataclass(frozen=True)
class Cut:
    """Close the connection here, in the middle of whatever was being said."""


@dataclass(frozen=True)
class Answer:
    """Steps are sent in order. `status` None sends no head: the steps are all there is."""

    steps: Sequence[bytes | Pause | Until | Cut]
    status: int | None = 200
    content_type: str = "application/json"


@dataclass
class Received:
    path: str
    payload: dict[str, Any]
    at_s: float = field(default_factory=time.monotonic)
    #: Set when the client went away before the answer was whole.
    abandoned: threading.Event = field(default_factory=threading.Event)
    finished: threading.Event = field(default_factory=threading.Event)


def fault(status: int, text: str) -> Answer:
    return Answer([json.dumps({"error": text}).encode()], status=status)


def document(value: object) -> Answer:
    return Answer([json.dumps(value).encode()])


def ndjson(*lines: object, end: Sequence[bytes | Pause | Until | Cut] = ()) -> Answer:
    return Answer([*(json.dumps(line).encode() + b"\n" for line in lines), *end], content_type="application/x-ndjson")


def chat_lines(text: str, *, model: str = MODEL, done_reason: str = "stop") -> list[dict[str, Any]]:
    words = re.findall(r"\S+\s*|\s+", text)
    chunks = [{"model": model, "message": {"role": "assistant", "content": w}, "done": False} for w in words]
    last = {
        "model": model,
        "message": {"role": "assistant", "content": ""},
        "done": True,
        "done_reason": done_reason,
        "total_duration": 5_000_000,
        "prompt_eval_count": 11,
        "eval_count": len(words),
        "eval_duration": 4_000_000,
    }
    return [*chunks, last]


class ScriptedOllama:
    """`url` once entered. `latency_s` delays every answer of a model (embed, chat, generate)."""

    def __init__(
        self,
        *,
        port: int = 0,
        latency_s: float = 0.0,
        token_s: float = 0.0,
        dimension: int = 384,
        context_tokens: int = 512,
        mood: str = "calm",
        also: Sequence[str] = (),
    ) -> None:
        self.port = port
        self.latency_s = latency_s
        #: Between the words of a chat, where nothing was scripted.
        self.token_s = token_s
        self.dimension = dimension
        self.context_tokens = context_tokens
        self.mood = mood
        #: More models that are installed, with their tags.
        self.also = also
        self.received: list[Received] = []
        self.connections = 0
        self._scripts: dict[str, deque[Answer]] = defaultdict(deque)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="scripted-ollama", daemon=True)
        self._server: asyncio.Server | None = None
        self._handlers: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def script(self, path: str, *answers: Answer) -> None:
        """The next requests to `path` get these, in order; then the default again."""
        self._scripts[path].extend(answers)

    def unscript(self, path: str) -> None:
        """Forget what was scripted and not yet asked for."""
        self._scripts[path].clear()

    def requests(self, path: str) -> list[Received]:
        return [request for request in self.received if request.path == path]

    def listen(self) -> None:
        """Accept connections, on the same port as before if there was one."""
        self._server = asyncio.run_coroutine_threadsafe(
            asyncio.start_server(self._serve, "127.0.0.1", self.port), self._loop
        ).result(5)
        self.port = self._server.sockets[0].getsockname()[1]

    def go_away(self) -> None:
        """Refuse new connections and drop those there are, as a stopped server does."""
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(5)

    def __enter__(self) -> Self:
        self._thread.start()
        self.listen()
        return self

    def __exit__(self, *_exc: object) -> None:
        self.go_away()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _close(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        for task in list(self._handlers):
            task.cancel()
        await asyncio.gather(*self._handlers, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._handlers.add(task)
        self.connections += 1
        try:
            begun: bytes | None = b""
            while begun is not None:
                begun = await self._serve_one(reader, writer, begun)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self._handlers.discard(task)
            writer.close()

    async def _serve_one(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, begun: bytes
    ) -> bytes | None:
        """What has come of the next request, of which `begun` is the present one's; None where none can follow."""
        head = (begun + await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        method, path, _ = head.split("\r\n", 1)[0].split(" ")
        length = re.search(r"content-length: (\d+)", head, re.IGNORECASE)
        body = await reader.readexactly(int(length.group(1))) if length else b""
        request = Received(path, json.loads(body) if body else {})
        self.received.append(request)
        answer = self._scripts[path].popleft() if self._scripts[path] else await self._default(method, path, request)
        gone = asyncio.ensure_future(reader.read(1))
        sending = asyncio.ensure_future(self._send(writer, answer))
        await asyncio.wait({gone, sending}, return_when=asyncio.FIRST_COMPLETED)
        # A client that goes may reset the connection too, which is raised here.
        if gone.done() and gone.exception() is None and gone.result():
            await sending  # Not gone, but in haste: this is the next request's beginning.
        if not sending.done():
            sending.cancel()
            request.abandoned.set()
            return None
        gone.cancel()
        (next_begun,) = await asyncio.gather(gone, return_exceptions=True)
        request.finished.set()
        return (next_begun if isinstance(next_begun, bytes) else b"") if sending.result() else None

    async def _send(self, writer: asyncio.StreamWriter, answer: Answer) -> bool:
        if answer.status is not None:
            writer.write(
                f"HTTP/1.1 {answer.status} X\r\nContent-Type: {answer.content_type}\r\n"
                "Transfer-Encoding: chunked\r\n\r\n".encode()
            )
        for step in answer.steps:
            match step:
                case Until(event):
                    await writer.drain()
                    await asyncio.to_thread(event.wait, 60)
                case Pause(seconds):
                    await writer.drain()
                    await asyncio.sleep(seconds)
                case Cut():
                    await writer.drain()
                    writer.transport.abort()
                    return False
                case bytes() if answer.status is None:
                    writer.write(step)
                case bytes():
                    writer.write(b"%x\r\n%s\r\n" % (len(step), step) if step else b"")
        if answer.status is None:
            return False
        writer.write(b"0\r\n\r\n")
        await writer.drain()
        return True

    async def _default(self, method: str, path: str, request: Received) -> Answer:
        payload = request.payload
        if path in {"/api/embed", "/api/chat", "/api/generate"} and self.latency_s:
            await asyncio.sleep(self.latency_s)
        route = self._routes().get((method, path))
        return route(payload) if route else Answer([b"404 page not found"], status=404, content_type="text/plain")

    def _routes(self) -> dict[tuple[str, str], Callable[[dict[str, Any]], Answer]]:
        tags = {"models": [self._tag(name) for name in (MODEL, f"{EMBEDDING_MODEL}:latest", *self.also)]}
        return {
            ("GET", "/"): lambda _: Answer([b"Ollama is running"], content_type="text/plain"),
            ("GET", "/api/version"): lambda _: document({"version": "0.33.0-scripted"}),
            ("GET", "/api/tags"): lambda _: document(tags),
            ("GET", "/api/ps"): lambda _: document(tags),
            ("POST", "/api/show"): lambda _: document(self._shown()),
            ("POST", "/api/pull"): lambda _: ndjson({"status": "pulling manifest"}, {"status": "success"}),
            ("POST", "/api/embed"): self._embed,
            ("POST", "/api/chat"): self._chat,
            ("POST", "/api/generate"): lambda p: ndjson(
                {"model": p["model"], "response": "Hello", "done": False},
                {"model": p["model"], "response": "", "done": True, "done_reason": "stop", "eval_count": 1},
            ),
        }

    def _tag(self, name: str) -> dict[str, Any]:
        return {"name": name, "model": name, "size": 1, "digest": hashlib.sha256(name.encode()).hexdigest()}

    def _shown(self) -> dict[str, Any]:
        info = {
            "general.architecture": "bert",
            "bert.context_length": self.context_tokens,
            "bert.embedding_length": self.dimension,
        }
        return {"details": {"format": "gguf", "family": "bert"}, "model_info": info, "capabilities": ["embedding"]}

    def _embed(self, payload: dict[str, Any]) -> Answer:
        inputs = [payload["input"]] if isinstance(payload["input"], str) else payload["input"]
        if not payload.get("truncate", True) and any(len(text.split()) > self.context_tokens for text in inputs):
            return fault(400, "the input length exceeds the context length")
        vectors = [word_vector(text, self.dimension) for text in inputs]
        tokens = sum(len(text.split()) for text in inputs)
        return document(
            {"model": payload["model"], "embeddings": vectors, "total_duration": 2_000_000, "prompt_eval_count": tokens}
        )

    def _chat(self, payload: dict[str, Any]) -> Answer:
        whole = ndjson(*chat_lines(self._chat_text(payload), model=payload["model"]))
        if not self.token_s:
            return whole
        return replace(whole, steps=[step for line in whole.steps for step in (line, Pause(self.token_s))])

    def _chat_text(self, payload: dict[str, Any]) -> str:
        wanted = payload.get("format")
        if wanted is None:
            return "I hear you."
        asked = wanted.get("properties", {}) if isinstance(wanted, dict) else {}
        if "reflection" in asked:
            return json.dumps(REFLECTION)
        # The last message of a report's prompt is an order; those before it are what may be cited.
        everything = list(range(1, sum(turn["role"] == "user" for turn in payload["messages"])))
        if "name" in asked:
            return json.dumps({"name": "Rain and herons"})
        if "notes" in asked:
            return json.dumps({"notes": [{"text": "You were out in the rain.", "cites": everything}]})
        if "summary" in asked:
            claims = [{"text": "It was a wet time.", "cites": everything}]
            return json.dumps({"summary": claims, "suggestions": [{"text": "Look at the herons.", "cites": [1]}]})
        mood = {
            "emotions": [{"label": self.mood, "intensity": 70}],
            "valence": 40,
            "arousal": 20,
            "label": self.mood,
            "confidence": 60,
            "rationale": "The writer rests.",
        }
        return json.dumps(mood)


def word_vector(text: str, dimension: int) -> list[float]:
    """A unit vector that depends on the words alone: the same in every process."""
    vector = [0.0] * dimension
    for word in re.findall(r"\w+", text.lower()):
        slot = int.from_bytes(hashlib.blake2b(word.encode(), digest_size=4).digest()) % dimension
        vector[slot] += 1.0
    norm = math.sqrt(sum(x * x for x in vector)) or 1.0
    return [x / norm for x in vector]


def main() -> None:
    parser = argparse.ArgumentParser(description="An Ollama with a fixed latency")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--latency-s", type=float, default=0.05)
    parser.add_argument("--token-s", type=float, default=0.0)
    options = parser.parse_args()
    with ScriptedOllama(port=options.port, latency_s=options.latency_s, token_s=options.token_s) as ollama:
        print(ollama.url, flush=True)  # noqa: T201
        threading.Event().wait()


if __name__ == "__main__":
    main()
