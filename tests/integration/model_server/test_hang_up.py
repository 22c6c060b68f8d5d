"""Whoever leaves stops costing: while generating, while waiting for a slot, and when the server is told to stop."""

import asyncio
import json
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from devstack.ollama.embedding import PIECE
from support.model_server import ModelServer

CHAT, EMBED = "smollm2:135m", "all-minilm"
#: Without sampling this model counts on for ever; a story may end after a sentence.
COUNT = {
    "model": CHAT,
    "prompt": "1, 2, 3, 4, 5, 6, 7,",
    "raw": True,
    "options": {"num_predict": 3000, "temperature": 0},
}


@asynccontextmanager
async def generating(http: httpx.AsyncClient) -> AsyncIterator[None]:
    """The only slot is taken by somebody who reads."""
    async with http.stream("POST", "/api/generate", json=COUNT) as answer:
        chunks = answer.aiter_bytes()  # kept: an iterator that is collected closes the answer
        await anext(chunks)
        yield
        await chunks.aclose()


@pytest.mark.parametrize("stream", [True, False])
async def test_a_client_that_leaves_the_queue_is_not_served(small_queue_server: ModelServer, stream: bool) -> None:
    # The queue takes two beside the one at work: were they still in it, the last requests would be refused.
    async with httpx.AsyncClient(base_url=small_queue_server.url, trust_env=False, timeout=60) as http:
        async with generating(http):
            left = [http.post("/api/generate", json=COUNT | {"stream": stream}, timeout=0.3) for _ in range(2)]
            outcomes = await asyncio.gather(*left, return_exceptions=True)
            assert [type(outcome) for outcome in outcomes] == [httpx.ReadTimeout] * 2
            await queue_has_room(http)
        short = COUNT | {"stream": False, "options": {"num_predict": 2}}
        assert (await http.post("/api/generate", json=short)).status_code == 200


async def test_a_client_that_leaves_an_embedding_is_not_served(model_server: ModelServer) -> None:
    async with httpx.AsyncClient(base_url=model_server.url, trust_env=False, timeout=60) as http:
        await http.post("/api/embed", json={"model": EMBED, "input": "load"})
        texts = ["a diary of many words " * 80] * (6 * PIECE)
        before_s = await embedding_s(http, texts[:PIECE])
        with pytest.raises(httpx.ReadTimeout):
            await http.post("/api/embed", json={"model": EMBED, "input": texts}, timeout=0.5)
        waited_s = await embedding_s(http, ["short"])
        # What llama.cpp is at it finishes; all the texts would take six times as long. The machine may be slower now.
        assert waited_s < 3 * max(before_s, await embedding_s(http, texts[:PIECE]))


async def test_sigterm_ends_the_server_while_it_generates() -> None:
    with ModelServer() as server:
        async with (
            httpx.AsyncClient(base_url=server.url, trust_env=False, timeout=60) as http,
            http.stream("POST", "/api/generate", json=COUNT) as answer,
        ):
            lines = answer.aiter_lines()
            assert json.loads(await anext(lines))["done"] is False
            began_s = time.monotonic()
            server.process.send_signal(signal.SIGTERM)
            await asyncio.to_thread(server.process.wait, 8)
            assert time.monotonic() - began_s < 6


async def embedding_s(http: httpx.AsyncClient, texts: list[str]) -> float:
    began_s = time.monotonic()
    assert (await http.post("/api/embed", json={"model": EMBED, "input": texts})).status_code == 200
    return time.monotonic() - began_s


async def queue_has_room(http: httpx.AsyncClient) -> None:
    """One request more is taken, so the two that left are gone. It leaves as well."""
    deadline_s = time.monotonic() + 5
    while time.monotonic() < deadline_s:
        try:
            answer = await http.post("/api/generate", json=COUNT | {"stream": False}, timeout=0.2)
        except httpx.ReadTimeout:
            return
        assert answer.status_code == 503
    raise AssertionError("the queue stays full")
