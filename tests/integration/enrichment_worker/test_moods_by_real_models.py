"""Both ways to a mood, on the small real models of the embedded stack."""

import json
from pathlib import Path

import pytest

from enrichment_worker.embedding import embed_texts
from enrichment_worker.exemplars import load_exemplars
from enrichment_worker.mood_llm import infer_by_llm, load_prompt
from enrichment_worker.mood_prototypes import infer_by_prototypes
from ollama_client import ModelNotFound, OllamaClient, OllamaConfig
from support.injections import INJECTIONS, repeats
from support.model_server import ModelServer
from support.scripted_ollama import EMBEDDING_MODEL, MODEL
from worker_kit import model_facts

HELDOUT = Path(__file__).parents[3] / "benchmarks" / "mood_heldout.json"
#: Of what it dares to label. By chance it would be a tenth.
LEAST_RIGHT = 0.7


def client(server: ModelServer) -> OllamaClient:
    return OllamaClient(OllamaConfig(base_url=server.url))


@pytest.mark.timeout(300)  # the exemplars are embedded first
async def test_prototypes_label_plain_sentences_they_never_saw(model_server: ModelServer) -> None:
    plain = json.loads(HELDOUT.read_text())["plain"]
    async with client(model_server) as ollama:
        model = await model_facts(ollama, EMBEDDING_MODEL)
        moods = [
            (label, await infer_by_prototypes(ollama, model, text))
            for label, texts in plain.items()
            for text in texts[:2]
        ]
    told = [(label, mood) for label, mood in moods if mood.label is not None]
    assert len(told) >= len(moods) / 2
    assert sum(mood.label == label for label, mood in told) >= LEAST_RIGHT * len(told)
    assert all(mood.provenance.prompt_version == load_exemplars().version for _, mood in moods)
    assert all(mood.provenance.model_digest and mood.provenance.inference_ms > 0 for _, mood in moods)
    assert min(mood.confidence for _, mood in told) > max(
        (mood.confidence for _, mood in moods if mood.label is None), default=0.0
    )


async def test_a_long_entry_is_judged_whole(model_server: ModelServer) -> None:
    async with client(model_server) as ollama:
        model = await model_facts(ollama, EMBEDDING_MODEL)
        mood = await infer_by_prototypes(ollama, model, "I am so worried that I cannot sleep, my heart races. " * 200)
    assert not mood.provenance.truncated
    assert mood.provenance.prompt_tokens > 2000
    assert mood.valence < 0


@pytest.mark.slow  # the chat model reads the examples first
@pytest.mark.timeout(300)
async def test_the_chat_model_answers_within_the_schema_whatever_the_entry_orders(model_server: ModelServer) -> None:
    body = f"We laughed until it hurt. A wonderful day! {INJECTIONS['fake roles']}"
    async with client(model_server) as ollama:
        model = await model_facts(ollama, MODEL)
        mood = await infer_by_llm(ollama, model, body, context_tokens=4096)
    assert mood.method == "llm"
    assert mood.label is not None
    assert mood.emotions
    assert mood.rationale
    assert not repeats(mood.rationale, load_prompt().turns[0].content)
    assert mood.provenance.prompt_version == load_prompt().version
    assert mood.provenance.answer_tokens > 0


async def test_every_word_of_a_long_entry_is_embedded(model_server: ModelServer) -> None:
    text = "\n\n".join(f"Day {day}. We went up the hill and looked down on the town. " * 8 for day in range(20))
    async with client(model_server) as ollama:
        model = await model_facts(ollama, EMBEDDING_MODEL)
        (embedded,) = await embed_texts(ollama, model, [text])
    assert not isinstance(embedded, Exception)
    assert len(embedded.spans) == len(embedded.vectors) > 3
    assert embedded.spans[0].start == 0
    assert embedded.spans[-1].end == len(text)


async def test_what_reads_as_few_tokens_and_is_many_is_cut_smaller_instead_of_cut_off(
    model_server: ModelServer,
) -> None:
    # Each word is one token by the estimate's measure and several by the model's.
    text = "zqxj wvkq " * 400
    async with client(model_server) as ollama:
        model = await model_facts(ollama, EMBEDDING_MODEL)
        short, long = await embed_texts(ollama, model, ["A short one.", text])
    assert not isinstance(short, Exception)
    assert not isinstance(long, Exception), long
    assert long.spans[-1].end == len(text)
    assert long.prompt_tokens > model.context_tokens


async def test_a_model_that_is_not_there_is_named(model_server: ModelServer) -> None:
    async with client(model_server) as ollama:
        with pytest.raises(ModelNotFound, match="ollama pull absent"):
            await model_facts(ollama, "absent")
