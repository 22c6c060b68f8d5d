"""What docs/ollama_client/beside-ollama-python.md says of connections and addresses, tried on both clients."""

import asyncio
import gc

import ollama as official
import pytest

from ollama_client import Message, OllamaClient, OllamaConfig, ProtocolViolation, RemoteAddressRefused
from support.scripted_ollama import MODEL, Answer, Pause, ScriptedOllama, chat_lines, ndjson

HELLO = [Message.user("Hello")]
THEIR_HELLO = [{"role": "user", "content": "Hello"}]


async def test_leaving_a_stream_ends_the_generation_at_once_in_ours(
    server: ScriptedOllama, ollama: OllamaClient, theirs: official.AsyncClient
) -> None:
    endless = ndjson(chat_lines("I go on")[0], end=[Pause(0.2)] * 50)
    server.script("/api/chat", endless, endless)
    async with ollama.chat_stream(MODEL, HELLO) as chunks:
        async for _ in chunks:
            break
    ours = server.requests("/api/chat")[0]
    assert await asyncio.to_thread(ours.abandoned.wait, 2)
    parts = await theirs.chat(MODEL, THEIR_HELLO, stream=True)
    async for _ in parts:
        break
    left = server.requests("/api/chat")[1]
    assert not await asyncio.to_thread(left.abandoned.wait, 0.5)
    await parts.aclose()  # it does when told so
    assert await asyncio.to_thread(left.abandoned.wait, 2)


async def test_cancelling_a_call_ends_it_in_both(
    server: ScriptedOllama, ollama: OllamaClient, theirs: official.AsyncClient
) -> None:
    server.script("/api/chat", *[Answer([Pause(30)], status=None)] * 2)
    for number, call in enumerate((ollama.chat(MODEL, HELLO), theirs.chat(MODEL, THEIR_HELLO))):
        task = asyncio.ensure_future(call)
        while len(server.requests("/api/chat")) == number:
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await asyncio.to_thread(server.requests("/api/chat")[number].abandoned.wait, 2)


# What their client leaves behind in a closed loop is told when it is collected.
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_kept_client_of_theirs_does_not_outlive_its_loop(server: ScriptedOllama) -> None:
    theirs = official.AsyncClient(host=server.url)
    asyncio.run(theirs.embed("all-minilm", "x"))
    with pytest.raises(RuntimeError, match="loop is closed"):
        asyncio.run(theirs.embed("all-minilm", "x"))
    del theirs
    gc.collect()


def test_ours_goes_from_run_to_run_over_one_connection_theirs_connects_each_time(server: ScriptedOllama) -> None:
    async def ours() -> None:
        async with OllamaClient(OllamaConfig(base_url=server.url)) as client:
            await client.embed("all-minilm", ["x"])

    async def theirs() -> None:
        async with official.AsyncClient(host=server.url) as client:
            await client.embed("all-minilm", "x")

    for _ in range(3):
        asyncio.run(ours())
    assert server.connections == 1
    for _ in range(3):
        asyncio.run(theirs())
    assert server.connections == 4


async def test_ours_refuses_public_addresses() -> None:
    with pytest.raises(RemoteAddressRefused):
        async with OllamaClient(OllamaConfig(base_url="http://8.8.8.8:11434")):
            pass
    async with official.AsyncClient(host="http://8.8.8.8:11434") as theirs:  # and would send; nothing is sent here
        assert theirs._client.base_url.host == "8.8.8.8"


async def test_ours_heeds_no_proxy_host_or_key_of_the_environment(
    server: ScriptedOllama, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ScriptedOllama() as proxy:
        for name in ("HTTP_PROXY", "http_proxy"):
            monkeypatch.setenv(name, proxy.url)
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("OLLAMA_HOST", "10.1.2.3:4")
        monkeypatch.setenv("OLLAMA_API_KEY", "secret")
        async with OllamaClient(OllamaConfig(base_url=server.url)) as ours:
            await ours.version()
        assert proxy.received == []
        async with official.AsyncClient(host=server.url) as theirs:
            assert theirs._client.headers["authorization"] == "Bearer secret"
            with pytest.raises(official.ResponseError):
                await theirs.list()
        assert [request.path for request in proxy.received] == [f"{server.url}/api/tags"]
        async with official.AsyncClient() as theirs:
            assert theirs._client.base_url.host == "10.1.2.3"


async def test_ours_follows_no_redirect(server: ScriptedOllama, ollama: OllamaClient) -> None:
    with ScriptedOllama() as elsewhere:
        head = f"HTTP/1.1 307 X\r\nLocation: {elsewhere.url}/api/embed\r\nContent-Length: 0\r\n\r\n"
        moved = Answer([head.encode()], status=None)
        server.script("/api/embed", moved, moved)
        with pytest.raises(ProtocolViolation):
            await ollama.embed("all-minilm", ["a diary"])
        assert elsewhere.received == []
        async with official.AsyncClient(host=server.url) as theirs:
            await theirs.embed("all-minilm", "a diary")
        assert elsewhere.received[0].payload["input"] == "a diary"
