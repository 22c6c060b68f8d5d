"""Stands between a client and Ollama, passes every byte on, and notes when the first words of each answer came by."""

import asyncio
import json
import re
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit

#: The answer is a document; its first characters are no words yet.
_WORDS = re.compile(r'"reflection"\s*:\s*\[?\s*"\s*[^\s"]')


class Tap:
    """`url` while `open`. `first_words`: when those of each chat came from the server, in order (`perf_counter`)."""

    def __init__(self, upstream: str) -> None:
        address = urlsplit(upstream)
        self._host, self._port = address.hostname or "127.0.0.1", address.port or 11434
        self.first_words: list[float] = []
        self.url = ""

    @asynccontextmanager
    async def open(self) -> AsyncGenerator["Tap"]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = "http://{}:{}".format(*server.sockets[0].getsockname())
        try:
            yield self
        finally:
            server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, onward = await asyncio.open_connection(self._host, self._port)
        ways = [asyncio.create_task(_copy(reader, onward)), asyncio.create_task(self._copy_back(there, writer))]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            return  # asyncio would print it: the tap is closed while a client keeps its connection.
        finally:
            for way in ways:
                way.cancel()
            onward.close()
            writer.close()

    async def _copy_back(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        unread, document = b"", ""
        while data := await reader.read(65536):
            came_at_s = time.perf_counter()
            writer.write(data)
            *lines, unread = (unread + data).split(b"\n")
            for line in lines:
                piece = _piece_of(line)
                if piece is None:
                    continue
                text, is_last = piece
                if not shows_words(document) and shows_words(document + text):
                    self.first_words.append(came_at_s)
                document = "" if is_last else document + text


def shows_words(document: str) -> bool:
    return _WORDS.search(document) is not None


def _piece_of(line: bytes) -> tuple[str, bool] | None:
    """What a line of a chat's stream adds; None for all else there is on the wire."""
    with suppress(ValueError):
        value = json.loads(line)
        if isinstance(value, dict) and isinstance(message := value.get("message"), dict):
            return str(message.get("content", "")), bool(value.get("done"))
    return None


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
