"""A journal that is asked over HTTP: a test says what is found in it and what its model answers."""

from typing import Any
from uuid import UUID

import httpx
from httpx_sse import connect_sse

from entry_index import EntryHit
from support.http_gateway import ShelfFinder
from support.scripted_ollama import ScriptedOllama, chat_lines, ndjson


class Asked:
    """A journal with entries that are found, and what is asked of it."""

    def __init__(self, writer: httpx.Client, finder: ShelfFinder, reader: httpx.Client, journal: str) -> None:
        self._writer, self._finder, self.reader = writer, finder, reader
        self.path = f"/v1/journals/{journal}"

    def holds(self, body: str, *, near: float = 0.6, revision: int = 1, **fields: Any) -> str:
        entry = self._writer.post(f"{self.path}/entries", json={"body": body, **fields}).json()
        hit = EntryHit(UUID(entry["id"]), revision, near, 0, 0, len(body), dense=near)
        self._finder.shelf = [*self._finder.shelf, hit]
        return entry["id"]

    def asks(self, question: str = "Where was the heron?", **fields: Any) -> list[dict[str, Any]]:
        with connect_sse(self.reader, "POST", f"{self.path}/ask", json={"question": question, **fields}) as source:
            source.response.raise_for_status()
            return [event.json() for event in source.iter_sse() if event.data]

    def refused(self, **body: Any) -> httpx.Response:
        return self.reader.post(f"{self.path}/ask", json=body)


def says(ollama: ScriptedOllama, text: str) -> None:
    ollama.script("/api/chat", ndjson(*chat_lines(text)))


def told(events: list[dict[str, Any]]) -> str:
    return "".join(event["text"] for event in events if event["event"] == "written")
