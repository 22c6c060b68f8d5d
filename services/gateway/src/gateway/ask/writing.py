"""The model writes: its stream becomes events, and what of it may be believed is decided in the end."""

from collections.abc import AsyncGenerator, Iterator
from dataclasses import dataclass

from contracts.ask import AnswerCited, AnswerWritten, AskEnded, AskReason, AskSays, Citation
from contracts.enrichments import Provenance
from gateway.ask.citations import Cited, CitedText, Step
from gateway.ask.prompting import ANSWER_TOKENS, Told, load_prompt
from gateway.ask.sentences import Sentences
from gateway.domain.errors import ChatModelUnavailable
from ollama_client import ChatChunk, ModelNotFound, OllamaClient, OllamaConfig, OllamaError, PhaseTimeout, tagged_name


@dataclass(frozen=True)
class ChatModel:
    #: Its `total_timeout_s` is how long an answer may take.
    ollama: OllamaConfig
    name: str
    #: A constant, and best that of the workers: Ollama loads a model anew for another.
    context_tokens: int


@dataclass(frozen=True)
class ChatFacts:
    name: str
    #: sha256 of the weights.
    digest: str
    context_tokens: int


async def facts_of(model: ChatModel) -> ChatFacts:
    """Raises ChatModelUnavailable: Ollama is away or has no such model."""
    try:
        async with OllamaClient(model.ollama) as ollama:
            shown = await ollama.show_model(model.name)
            digests = {one.name: one.digest for one in await ollama.list_models()}
    except ModelNotFound as error:
        raise ChatModelUnavailable(str(error)) from error
    except OllamaError as error:
        raise ChatModelUnavailable(f"the model server does not answer: {type(error).__name__}") from error
    window = min(model.context_tokens, shown.context_tokens or model.context_tokens)
    return ChatFacts(model.name, digests.get(tagged_name(model.name), ""), window)


async def write_answer(
    model: ChatModel, facts: ChatFacts, told: Told, *, sentences: Sentences
) -> AsyncGenerator[AnswerWritten | AnswerCited | AskEnded]:
    """Its last event is `AskEnded`, whatever happens to the model. `sentences` stand where there is no answer."""
    text = CitedText(len(told.numbered))
    last: ChatChunk | None = None
    failure: OllamaError | None = None
    options = {"temperature": 0.2, "num_ctx": facts.context_tokens, "num_predict": ANSWER_TOKENS}
    try:
        async with (
            OllamaClient(model.ollama) as ollama,
            ollama.chat_stream(facts.name, told.messages, think=False, options=options) as chunks,
        ):
            async for chunk in chunks:
                last = chunk
                for event in _events(text.add(chunk.text), told):
                    yield event
    except OllamaError as error:
        failure = error
    is_cut = last is not None and last.done_reason == "length"
    if is_cut:
        text.break_off()
    for event in _events(text.end(), told):
        yield event
    says, reason = _judged(text, failure, is_cut=is_cut)
    yield AskEnded(
        says=says,
        text={"nothing": sentences.nothing, "unsupported": sentences.unsupported}.get(says, text.shown),
        citations=tuple(_citation(cited, told) for cited in text.cited),
        citations_removed=text.removed,
        reason=reason,
        provenance=_provenance(facts, told, last),
    )


def _judged(text: CitedText, failure: OllamaError | None, *, is_cut: bool) -> tuple[AskSays, AskReason | None]:
    if failure is not None:
        return "interrupted", "model_slow" if isinstance(failure, PhaseTimeout) else "model_failed"
    if text.cited:
        return "answer", "too_long" if is_cut else None
    return ("nothing", "not_in_entries") if text.declined else ("unsupported", "no_citation")


def _events(step: Step | None, told: Told) -> Iterator[AnswerWritten | AnswerCited]:
    if step is None:
        return
    if step.text:
        yield AnswerWritten(at=step.at, text=step.text)
    for cited in step.cited:
        yield AnswerCited(citation=_citation(cited, told))


def _citation(cited: Cited, told: Told) -> Citation:
    entry_ids = tuple(told.numbered[number - 1].entry.id for number in cited.numbers)
    return Citation(at=cited.at, length=cited.length, entry_ids=entry_ids)


def _provenance(facts: ChatFacts, told: Told, last: ChatChunk | None) -> Provenance:
    """Counts are zero where the model did not come to its end."""
    return Provenance(
        model=facts.name,
        model_digest=facts.digest,
        prompt_version=load_prompt().version,
        prompt_tokens=last.prompt_eval_count if last else 0,
        answer_tokens=last.eval_count if last else 0,
        inference_ms=last.total_duration_ns / 1e6 if last else 0.0,
        truncated=told.truncated,
    )
