"""Which addresses and settings are accepted."""

import pytest

from ollama_client import OllamaClient, OllamaConfig, RemoteAddressRefused, Unreachable
from support.scripted_ollama import ScriptedOllama


@pytest.mark.parametrize("host", ["8.8.8.8", "[2001:4860:4860::8888]", "0.0.0.0", "[2001::1]", "[::ffff:8.8.8.8]"])
async def test_a_public_address_is_refused_before_anything_is_sent(host: str) -> None:
    with pytest.raises(RemoteAddressRefused, match="allow_remote"):
        async with OllamaClient(OllamaConfig(base_url=f"http://{host}:11434")):
            pass
    async with OllamaClient(OllamaConfig(base_url=f"http://{host}:11434", allow_remote=True)):
        pass


async def test_a_name_that_does_not_resolve_is_unreachable() -> None:
    with pytest.raises(Unreachable, match="does not resolve"):
        async with OllamaClient(OllamaConfig(base_url="http://ollama.invalid:11434")):
            pass


@pytest.mark.parametrize("host", ["a..b", "x" * 70])
async def test_a_host_that_is_no_name_is_unreachable(host: str) -> None:
    with pytest.raises(Unreachable, match="does not resolve"):
        async with OllamaClient(OllamaConfig(base_url=f"http://{host}")):
            pass


async def test_local_names_are_allowed(server: ScriptedOllama) -> None:
    async with OllamaClient(OllamaConfig(base_url=f"http://localhost:{server.port}")) as client:
        assert await client.version()


@pytest.mark.parametrize(
    "wrong",
    [
        {"base_url": "ollama:11434"},
        {"total_timeout_s": 0},
        {"max_connections": 0},
        {"base_url": "http://"},
        {"base_url": "http://a:99999"},
        {"base_url": "http://a\nb"},
    ],
)
def test_a_wrong_setting_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        OllamaConfig(**wrong)  # type: ignore[arg-type]
