"""`make eval` on a few texts: real embeddings and a real index; only the chat model is scripted."""

import importlib
from pathlib import Path

import pytest

from ollama_client import OllamaClient, OllamaConfig
from support.backends.qdrant import new_qdrant_server
from support.model_server import ModelServer
from support.scripted_ollama import EMBEDDING_MODEL, MODEL, ScriptedOllama, chat_lines, document, ndjson
from worker_kit import ModelFacts

BENCHMARKS = Path(__file__).parents[3] / "benchmarks"


@pytest.mark.timeout(240)  # the exemplars are embedded first, on a busy machine
async def test_an_evaluation_judges_moods_searches_and_reflections(
    model_server: ModelServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    page, run = (importlib.import_module(f"evaluation.{name}") for name in ("page", "run"))
    with ScriptedOllama(context_tokens=8192) as ollama, new_qdrant_server(tmp_path / "qdrant") as qdrant:
        plan = run.Plan(
            embedding=run.Chat(model_server.url, EMBEDDING_MODEL),
            chats=[run.Chat(ollama.url, MODEL)],
            journal=tmp_path / "absent.jsonl",
            limit=4,
            seed=1,
            embedded=12,
        )
        figures = await run.evaluate(plan, qdrant.url)
    text = page.report(figures, "make eval")
    prototypes = rows(text, "own", "tuning", f"prototypes, {EMBEDDING_MODEL}")
    assert len(prototypes) == 1
    assert len(rows(text, "own", "held out", f"llm, {MODEL}")) == 1
    by_mode = {row[1]: row for row in rows(text, "own") if row[1] in {"dense", "lexical", "hybrid"}}
    assert set(by_mode) == {"dense", "lexical", "hybrid"}
    assert float(by_mode["dense"][5]) > 0.5, "of a dozen entries"
    reflected = rows(text, MODEL, "tuning") + rows(text, MODEL, "held out")
    assert [row[3] for row in reflected] == ["0%", "0%"], "it is the same text about Nora for every entry"


async def test_an_answer_that_is_none_is_counted_and_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    moods, reflections, texts = (importlib.import_module(f"evaluation.{n}") for n in ("moods", "reflections", "texts"))
    with ScriptedOllama(context_tokens=8192) as ollama:
        model = ModelFacts(MODEL, "digest", 8192)
        async with OllamaClient(OllamaConfig(base_url=ollama.url)) as chat:
            ollama.script(
                "/api/chat", *[document(chat_lines("no JSON")[0] | {"done": True, "done_reason": "stop"})] * 2
            )
            judged = await moods.by_llm(chat, model, texts.own_texts()[:2])
            ollama.script("/api/chat", ndjson(*chat_lines("no JSON")))
            reflected = await reflections.reflections(chat, model, texts.own_texts()[:2])
    assert [one.mood is None for one in judged.outcomes] == [True, False], "the first, after its repair turn"
    assert reflected.invalid == 0.5


def rows(text: str, *first: str) -> list[list[str]]:
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if line.startswith("|")]
    return [row for row in cells if tuple(row[: len(first)]) == first]
