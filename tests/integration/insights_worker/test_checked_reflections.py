"""Reflections of a model that is not trusted: what fails the checks is no answer, and nobody has seen it."""

import asyncio
import itertools
import json
from datetime import UTC, datetime

import pytest

from contracts.entries import EntryView
from contracts.identifiers import new_id
from contracts.reflections import ReflectionResult
from insights_worker.app import pipeline_config
from insights_worker.reflecting import reflect
from insights_worker.settings import Settings
from ollama_client import InvalidAnswer, OllamaClient, OllamaConfig
from support.scripted_ollama import MODEL, REFLECTION, Pause, ScriptedOllama, chat_lines, ndjson
from worker_kit import ModelFacts

NOW = datetime(2026, 5, 1, tzinfo=UTC)
SENTENCES = ["You were in the rain with Nora.", "You stayed longer than you meant.", "The walk did you good."]


def entry(body: str) -> EntryView:
    return EntryView(
        id=new_id(),
        journal="me",
        revision=1,
        body=body,
        written_at=NOW,
        tags=(),
        metadata={},
        created_at=NOW,
        updated_at=NOW,
        enrichments={},
    )


async def reflected(ollama: ScriptedOllama, body: str, *, checked: bool) -> tuple[ReflectionResult, list[str]]:
    heard: list[str] = []

    async def hear(text: str, _questions: tuple[str, ...]) -> None:
        heard.append(text)

    async with OllamaClient(OllamaConfig(base_url=ollama.url)) as client:
        model = ModelFacts(MODEL, "digest", 4096)
        found = await reflect(client, model, entry(body), (), context_tokens=4096, written=hear, checked=checked)
    return found, heard


async def test_a_reflection_that_passes_the_checks_is_heard_whole_at_the_end(ollama: ScriptedOllama) -> None:
    found, heard = await reflected(ollama, "Nora and I stayed out in the rain. It was good.", checked=True)
    assert heard == [found.text] == [REFLECTION["reflection"]]


async def test_one_about_something_else_is_no_answer_and_names_no_word_of_it(ollama: ScriptedOllama) -> None:
    with pytest.raises(InvalidAnswer, match="overlap, names") as caught:
        await reflected(ollama, "The tax office sent the form back again.", checked=True)
    assert "Nora" not in str(caught.value)
    assert caught.value.retryable


async def test_a_model_that_repeats_itself_is_stopped(ollama: ScriptedOllama) -> None:
    # No more than is read before it is left: over unread bytes a connection is reset instead of closed.
    begun = chat_lines('{"reflection": ["You were in the rain. You were in the rain. ')[:-1]
    ollama.script("/api/chat", ndjson(*begun, end=[Pause(30)]))
    with pytest.raises(InvalidAnswer, match="repeats itself"):
        await asyncio.wait_for(reflected(ollama, "Nora and I walked in the rain.", checked=True), 20)
    assert ollama.requests("/api/chat")[-1].abandoned.wait(10)


async def test_unchecked_it_is_heard_while_it_grows(ollama: ScriptedOllama) -> None:
    found, heard = await reflected(ollama, "The tax office sent the form back again.", checked=False)
    assert found.text == REFLECTION["reflection"]
    assert len(heard) > 3


async def test_sentences_in_a_list_become_one_text_that_only_grows(ollama: ScriptedOllama) -> None:
    document = json.dumps({"reflection": SENTENCES, "questions": ["What made you stay?"]})
    ollama.script("/api/chat", ndjson(*chat_lines(document)))
    found, heard = await reflected(ollama, "Nora and I walked in the rain and stayed.", checked=False)
    assert found.text == " ".join(SENTENCES)
    assert all(later.startswith(earlier) for earlier, later in itertools.pairwise(heard))
    assert heard[-1] == found.text


@pytest.mark.parametrize("reflection", ["You were in the rain. It was good.", SENTENCES[:2]])
async def test_unchecked_it_has_three_sentences_all_the_same(ollama: ScriptedOllama, reflection: object) -> None:
    document = json.dumps({"reflection": reflection, "questions": ["What made you stay?"]})
    ollama.script("/api/chat", ndjson(*chat_lines(document)))
    with pytest.raises(InvalidAnswer, match="fewer than three sentences"):
        await reflected(ollama, "Nora and I walked in the rain.", checked=False)


async def test_unchecked_what_is_beyond_six_sentences_is_left_out(ollama: ScriptedOllama) -> None:
    document = json.dumps({"reflection": " ".join([*SENTENCES, *SENTENCES, "No more."]), "questions": ["Why?"]})
    ollama.script("/api/chat", ndjson(*chat_lines(document)))
    found, _ = await reflected(ollama, "Nora and I walked in the rain.", checked=False)
    assert found.text == " ".join([*SENTENCES, *SENTENCES])


@pytest.mark.parametrize("checked", [True, False])
def test_the_checks_are_set_by_the_environment(monkeypatch: pytest.MonkeyPatch, checked: bool) -> None:
    for name, value in {
        "NATS_URL": "nats://127.0.0.1:1",
        "QDRANT_URL": "http://127.0.0.1:1",
        "GATEWAY_KEY": "k",
    }.items():
        monkeypatch.setenv(f"INSIGHTS_{name}", value)
    if checked:
        monkeypatch.setenv("INSIGHTS_REFLECTION_CHECKED", "true")
    assert pipeline_config(Settings()).reflection_checked is checked
