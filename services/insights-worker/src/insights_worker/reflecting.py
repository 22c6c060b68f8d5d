"""Writing a reflection: the prompt, the answer as it grows, and what is accepted in the end.

The answer is a JSON document held to a schema. What of it is written already is read from the unfinished document, so
that its readers see words and not braces.
"""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_validator
from pydantic_core import from_json

from contracts.enrichments import Provenance
from contracts.entries import EntryView
from contracts.reflections import ReflectionResult
from insights_worker.reflection_checks import faults_of, is_hopeless, three_to_six
from ollama_client import ChatChunk, InvalidAnswer, Message, OllamaClient, read_prompt_files
from worker_kit import ModelFacts, beginning_and_end

#: Called with all that is written so far: the text and the questions.
Written = Callable[[str, tuple[str, ...]], Awaitable[None]]

_ANSWER_TOKENS = 700
#: Room for the instruction and the marks of the chat's template.
_RESERVED_TOKENS = 500
_RELATED_TOKENS = 150

_Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class ReflectionAnswer(BaseModel):
    """What the model writes, in this order."""

    model_config = ConfigDict(extra="forbid")

    #: Sentences: as items of a list the server's grammar counts them, and none of them grows without end.
    reflection: Annotated[list[Annotated[_Line, Field(max_length=2000)]], Field(min_length=1, max_length=6)]
    questions: Annotated[list[Annotated[_Line, Field(max_length=300)]], Field(min_length=1, max_length=3)]

    @field_validator("reflection", mode="before")
    @classmethod
    def _one_text(cls, written: object) -> object:
        """Where no grammar is enforced, a model may write one string."""
        return [written] if isinstance(written, str) else written

    @property
    def text(self) -> str:
        return " ".join(self.reflection)


@dataclass(frozen=True)
class ReflectionPrompt:
    instruction: Message
    earlier: str
    schema: dict[str, Any]
    version: str


@cache
def load_prompt() -> ReflectionPrompt:
    """Read once."""
    read = read_prompt_files("insights_worker", "reflection.md", "reflection.earlier.md", "reflection.schema.json")
    instruction, earlier, schema = read.texts
    return ReflectionPrompt(Message.system(instruction), earlier, json.loads(schema), read.version)


async def reflect(
    ollama: OllamaClient,
    model: ModelFacts,
    entry: EntryView,
    related: Sequence[EntryView],
    *,
    context_tokens: int,
    written: Written,
    checked: bool = False,
) -> ReflectionResult:
    """A reflection on `entry`; `written` hears of it while it grows, or at its end where it is `checked`.

    Raises:
        InvalidAnswer: what was written is no reflection, or fails the checks. The other leaves of `OllamaError`.
    """
    prompt = load_prompt()
    window = min(context_tokens, model.context_tokens or context_tokens)
    room = window - _RESERVED_TOKENS - _ANSWER_TOKENS - _RELATED_TOKENS * len(related)
    shown = beginning_and_end(entry.body, limit_tokens=room)
    # Entries are data: messages of their own, never spliced into the instruction.
    messages = [prompt.instruction, *_earlier(prompt, related), Message.user(shown)]
    options = {"temperature": 0.4, "num_ctx": window, "num_predict": _ANSWER_TOKENS}
    async with ollama.chat_stream(
        model.name, messages, answer_format=prompt.schema, think=False, options=options
    ) as chunks:
        document, last = await _grown(chunks, _keep_from_loops(model) if checked else written)
    answer = _accepted(model, document, last)
    if checked:
        faults = faults_of(answer.text, answer.questions, [entry.body, *(earlier.body for earlier in related)])
        if faults:
            raise InvalidAnswer(model.name, f"the reflection fails these checks: {', '.join(faults)}")
        # Nobody sees what is not accepted.
        await written(answer.text, tuple(answer.questions))
    return ReflectionResult(
        text=answer.text,
        questions=tuple(answer.questions),
        related=tuple(earlier.id for earlier in related),
        provenance=Provenance(
            model=model.name,
            model_digest=model.digest,
            prompt_version=prompt.version,
            prompt_tokens=last.prompt_eval_count,
            answer_tokens=last.eval_count,
            inference_ms=last.total_duration_ns / 1e6,
            truncated=shown != entry.body,
        ),
    )


def _earlier(prompt: ReflectionPrompt, related: Sequence[EntryView]) -> list[Message]:
    """The oldest first, each with its day."""
    in_order = sorted(related, key=lambda entry: entry.written_at)
    turns: list[Message] = []
    for entry in in_order:
        text = beginning_and_end(entry.body, limit_tokens=_RELATED_TOKENS)
        turns += [Message.user(f"{entry.written_at:%Y-%m-%d}\n{text}"), Message.assistant(prompt.earlier)]
    return turns


async def _grown(chunks: AsyncIterator[ChatChunk], written: Written) -> tuple[str, ChatChunk]:
    """The whole document and the last chunk."""
    document = ""
    last: ChatChunk | None = None
    async for chunk in chunks:
        document += chunk.text
        last = chunk
        await written(*_so_far(document))
    assert last is not None, "a stream without a last chunk is an error of the client's"
    return document, last


def _keep_from_loops(model: ModelFacts) -> Written:
    """A tiny model says the same again until its tokens end. Leaving the stream stops it, and saves most of that."""

    async def look(text: str, _questions: tuple[str, ...]) -> None:
        if is_hopeless(text):
            raise InvalidAnswer(model.name, "the reflection repeats itself, or is too long")

    return look


def _so_far(document: str) -> tuple[str, tuple[str, ...]]:
    """What of an unfinished document can be shown."""
    try:
        found = from_json(document, allow_partial="trailing-strings")
    except ValueError:
        return "", ()
    if not isinstance(found, dict):
        return "", ()
    text = found.get("reflection")
    return " ".join(_strings([text] if isinstance(text, str) else text)).lstrip(), _strings(found.get("questions"))


def _strings(found: object) -> tuple[str, ...]:
    """Those that have something in them, of a list that may be unfinished or none."""
    return tuple(one for one in found if isinstance(one, str) and one.strip()) if isinstance(found, list) else ()


def _accepted(model: ModelFacts, document: str, last: ChatChunk) -> ReflectionAnswer:
    if last.done_reason == "length":
        raise InvalidAnswer(model.name, "it was cut off before its end")
    try:
        answer = ReflectionAnswer.model_validate_json(document)
    except ValidationError as error:
        faults = error.errors(include_input=False, include_url=False, include_context=False)
        told = "; ".join(f"{'.'.join(map(str, fault['loc'])) or 'document'}: {fault['msg']}" for fault in faults)
        # `from None`: the cause holds what the model wrote.
        raise InvalidAnswer(model.name, told) from None
    # No grammar counts the sentences of a string, and none is enforced everywhere.
    kept = three_to_six(answer.reflection)
    if not kept:
        raise InvalidAnswer(model.name, "the reflection has fewer than three sentences")
    return answer.model_copy(update={"reflection": kept})
