"""Mood by a chat model: a few-shot prompt, an answer held to a schema, numbers checked here.

The model writes evidence before its verdict, in the schema's order. Its numbers are integers, because the server's
grammar enforces ranges of integers only.
"""

import json
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from contracts.enrichments import Emotion, MoodLabel, MoodResult, Provenance
from ollama_client import Message, OllamaClient, read_prompt_files
from worker_kit import ModelFacts, beginning_and_end

#: Room in the context for instruction, examples and answer.
_RESERVED_TOKENS = 2000
_ANSWER_TOKENS = 300
_EMOTIONS_MAX = 4

Percent = Annotated[int, Field(ge=0, le=100)]


class FeltEmotion(BaseModel):
    label: MoodLabel
    intensity: Percent


class MoodAnswer(BaseModel):
    """What the model writes, in this order."""

    model_config = ConfigDict(extra="forbid")

    emotions: Annotated[list[FeltEmotion], Field(min_length=1, max_length=_EMOTIONS_MAX)]
    rationale: Annotated[str, Field(max_length=400)]
    valence: Annotated[int, Field(ge=-100, le=100)]
    arousal: Percent
    label: MoodLabel
    confidence: Percent


class _Example(BaseModel):
    entry: str
    answer: MoodAnswer


@dataclass(frozen=True)
class MoodPrompt:
    turns: tuple[Message, ...]
    schema: dict[str, Any]
    version: str


@cache
def load_prompt() -> MoodPrompt:
    """Instruction, examples and schema, read once."""
    read = read_prompt_files("enrichment_worker", "mood.md", "mood.examples.json", "mood.schema.json")
    instruction, examples, schema = read.texts
    turns = [Message.system(instruction)]
    for example in TypeAdapter(list[_Example]).validate_json(examples):
        turns += [Message.user(example.entry), Message.assistant(example.answer.model_dump_json())]
    return MoodPrompt(tuple(turns), json.loads(schema), read.version)


async def infer_by_llm(ollama: OllamaClient, model: ModelFacts, body: str, *, context_tokens: int) -> MoodResult:
    """Raises: InvalidAnswer; the other leaves of `OllamaError`."""
    prompt = load_prompt()
    window = min(context_tokens, model.context_tokens or context_tokens)
    shown = beginning_and_end(body, limit_tokens=window - _RESERVED_TOKENS)
    # The entry is data: a message of its own, never spliced into the instruction.
    answer = await ollama.structured(
        model.name,
        [*prompt.turns, Message.user(shown)],
        MoodAnswer,
        schema=prompt.schema,
        options={"temperature": 0, "num_ctx": window, "num_predict": _ANSWER_TOKENS},
    )
    mood = answer.value
    strongest: dict[MoodLabel, int] = {}
    for felt in mood.emotions:
        strongest[felt.label] = max(felt.intensity, strongest.get(felt.label, 0))
    return MoodResult(
        method="llm",
        label=mood.label,
        valence=mood.valence / 100,
        arousal=mood.arousal / 100,
        emotions=tuple(Emotion(label=label, intensity=value / 100) for label, value in strongest.items()),
        confidence=mood.confidence / 100,
        rationale=mood.rationale,
        provenance=Provenance(
            model=model.name,
            model_digest=model.digest,
            prompt_version=prompt.version,
            prompt_tokens=answer.prompt_tokens,
            answer_tokens=answer.answer_tokens,
            inference_ms=answer.total_duration_ns / 1e6,
            truncated=shown != body,
        ),
    )
