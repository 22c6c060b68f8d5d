"""What models there are, and getting another."""

import pytest

from ollama_client import OllamaClient, PullFailed
from support.scripted_ollama import MODEL, ScriptedOllama, ndjson


async def test_models_can_be_listed_shown_and_versioned(ollama: OllamaClient) -> None:
    assert [model.name for model in await ollama.list_models()] == [MODEL, "all-minilm:latest"]
    assert (await ollama.running_models())[0].name == MODEL
    shown = await ollama.show_model("all-minilm")
    assert (shown.context_tokens, shown.embedding_dimension) == (512, 384)
    assert await ollama.version() == "0.33.0-scripted"


async def test_pull_reports_progress_to_success(server: ScriptedOllama, ollama: OllamaClient) -> None:
    step = {"status": "pulling abc", "digest": "abc", "total": 10, "completed": 5}
    server.script("/api/pull", ndjson({"status": "pulling manifest"}, step, {"status": "success"}))
    async with ollama.pull_model("llama3.2") as progress:
        steps = [step async for step in progress]
    assert [step.status for step in steps] == ["pulling manifest", "pulling abc", "success"]
    assert steps[1].completed == 5


@pytest.mark.parametrize("last", [{"error": "pull model manifest: file does not exist"}, {"status": "verifying"}])
async def test_a_failed_pull_says_so(server: ScriptedOllama, ollama: OllamaClient, last: dict[str, str]) -> None:
    server.script("/api/pull", ndjson({"status": "pulling manifest"}, last))
    with pytest.raises(PullFailed, match="llama9"):
        async with ollama.pull_model("llama9") as progress:
            async for _ in progress:
                pass
