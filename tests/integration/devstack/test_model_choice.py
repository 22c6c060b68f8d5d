"""Whose models the stack uses."""

import pytest

from devstack.faults import StackFault
from devstack.model_choice import EMBEDDED, ModelsMissing, choose_models, is_remote_allowed, ollama_address
from devstack.ports import free_port
from support.scripted_ollama import ScriptedOllama, document


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1:11500", "http://127.0.0.1:11500"),
        ("127.0.0.1", "http://127.0.0.1:11434"),
        (":11500", "http://127.0.0.1:11500"),
        ("0.0.0.0", "http://127.0.0.1:11434"),
        ("0.0.0.0:11500", "http://127.0.0.1:11500"),
        ("http://nas.local:11434/", "http://nas.local:11434"),
        ("http://nas.local", "http://nas.local:80"),
        ("https://nas.local", "https://nas.local:443"),
        ("[::]:11500", "http://[::1]:11500"),
        ("[::1]", "http://[::1]:11434"),
    ],
)
def test_ollama_host_is_read_as_ollama_reads_it(host: str, address: str) -> None:
    assert ollama_address(host) == address


@pytest.mark.parametrize("host", [None, ""])
def test_without_an_ollama_the_embedded_models_are_used(host: str | None) -> None:
    assert choose_models(host, embedding_model="all-minilm", chat_model="llama3.2") is EMBEDDED
    assert EMBEDDED.mood_method == "prototypes"


def test_an_ollama_with_the_models_is_used_and_named() -> None:
    with ScriptedOllama() as ollama:
        ollama.script("/api/tags", _tags("nomic-embed-text:latest", "llama3.2:3b"))
        choice = choose_models(ollama.url, embedding_model="nomic-embed-text", chat_model="llama3.2:3b")
    assert choice.url == ollama.url
    assert choice.mood_method == "llm"
    assert ollama.url in choice.why


def test_missing_models_come_with_the_lines_that_get_them() -> None:
    with ScriptedOllama() as ollama:
        ollama.script("/api/tags", _tags("llama3.2:1b"))
        with pytest.raises(ModelsMissing) as caught:
            choose_models(ollama.url, embedding_model="nomic-embed-text", chat_model="llama3.2")
    assert caught.value.missing == ["nomic-embed-text", "llama3.2"]
    for needed in ("ollama pull nomic-embed-text\n", "ollama pull llama3.2\n", "--embedded-models"):
        assert needed in str(caught.value)


def test_a_host_where_nobody_answers_is_an_error_and_not_a_silent_change_of_models() -> None:
    with pytest.raises(StackFault, match=r"no Ollama answers at http://127.0.0.1:\d+ .*ollama serve"):
        choose_models(f"127.0.0.1:{free_port()}", embedding_model="all-minilm", chat_model="llama3.2")


@pytest.mark.parametrize("host", ["http://8.8.8.8:11434", "8.8.8.8", "https://[2001:4860:4860::8888]"])
def test_a_host_of_strangers_is_not_asked_but_where_that_is_allowed(host: str) -> None:
    with pytest.raises(StackFault, match=r"private network.*INSIGHTS_OLLAMA_ALLOW_REMOTE to true"):
        choose_models(host, embedding_model="all-minilm", chat_model="llama3.2")


def test_a_remote_host_is_allowed_by_every_service_or_not_at_all() -> None:
    said = {f"{service}_OLLAMA_ALLOW_REMOTE": "True" for service in ("GATEWAY", "ENRICHMENT", "INSIGHTS")}
    assert is_remote_allowed(said)
    assert not is_remote_allowed(said | {"INSIGHTS_OLLAMA_ALLOW_REMOTE": "false"})
    assert not is_remote_allowed({})


def test_a_host_that_is_no_ollama_is_an_error() -> None:
    with ScriptedOllama() as ollama:
        ollama.script("/api/tags", document("a router's login page"))
        with pytest.raises(StackFault, match=r"no Ollama answers"):
            choose_models(ollama.url, embedding_model="all-minilm", chat_model="llama3.2")


def _tags(*names: str):
    return document({"models": [{"name": name} for name in names]})
