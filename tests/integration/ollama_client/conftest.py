from collections.abc import AsyncIterator, Iterator

import ollama as official
import pytest

from ollama_client import OllamaClient, OllamaConfig
from support.scripted_ollama import ScriptedOllama


@pytest.fixture
def server() -> Iterator[ScriptedOllama]:
    with ScriptedOllama() as running:
        yield running


@pytest.fixture
async def ollama(server: ScriptedOllama) -> AsyncIterator[OllamaClient]:
    config = OllamaConfig(
        base_url=server.url, first_token_timeout_s=0.5, between_tokens_timeout_s=0.3, total_timeout_s=2.0
    )
    async with OllamaClient(config) as client:
        yield client


@pytest.fixture
async def theirs(server: ScriptedOllama) -> AsyncIterator[official.AsyncClient]:
    """The official client, as it comes."""
    async with official.AsyncClient(host=server.url) as client:
        yield client
