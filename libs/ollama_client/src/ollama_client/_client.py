"""`OllamaClient`: one method for each call of the API."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, Self, TypeVar

from pydantic import BaseModel

from ollama_client._address import refuse_remote
from ollama_client._config import OllamaConfig
from ollama_client._control_tokens import disarmed
from ollama_client._models import (
    AnswerFormat,
    ChatAnswer,
    ChatChunk,
    Embeddings,
    GenerateChunk,
    GeneratedText,
    InstalledModel,
    KeepAlive,
    M,
    Message,
    Options,
    PullProgress,
    RunningModel,
    ShownModel,
    StructuredAnswer,
    Think,
)
from ollama_client._observing import watching
from ollama_client._refusals import error_text
from ollama_client._server import shared_server
from ollama_client._streams import chunks_of, parse, raise_if_error, whole_chat, whole_text
from ollama_client._structured import ask_structured
from ollama_client._wire import Wire
from ollama_client.errors import ModelNotFound, ProtocolViolation, PullFailed, RefusedByServer

A = TypeVar("A", bound=BaseModel)


class OllamaClient:
    """Open it inside the coroutine that uses it. Opening costs nothing: connections outlive it and its loop (ADR 0001).

    Every method raises the leaves of `errors.OllamaError` and nothing else. None retries: whoever owns the work does.
    Cancelling a call closes its connection, and the server stops generating.
    """

    def __init__(self, config: OllamaConfig) -> None:
        self._config = config
        #: Its deadlines and its cap belong to the loop that opened the client; its connections do not.
        self._wire_of_run: Wire | None = None

    async def __aenter__(self) -> Self:
        if not self._config.allow_remote:
            await refuse_remote(self._config.host)
        self._wire_of_run = Wire(self._config, shared_server(self._config.base_url, self._config.connect_timeout_s))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._wire_of_run = None

    async def embed(
        self,
        model: str,
        inputs: Sequence[str],
        *,
        truncate: bool = False,
        dimensions: int | None = None,
        options: Options | None = None,
        keep_alive: KeepAlive | None = None,
    ) -> Embeddings:
        """One vector an input, in order.

        Raises:
            ContextOverflow: an input is longer than the model's context and `truncate` is off. One fails all.
        """
        payload = _payload(
            model, input=list(inputs), truncate=truncate, dimensions=dimensions, options=options, keep_alive=keep_alive
        )
        with watching(self._config.on_call, "embed", model, self._config.server) as call:
            embeddings = parse(Embeddings, await self._wire.exchange("POST", "/api/embed", payload))
            if len(embeddings.vectors) != len(inputs):
                raise ProtocolViolation(f"{len(embeddings.vectors)} vectors for {len(inputs)} inputs")
            call.answered(embeddings)
        return embeddings

    async def chat(
        self,
        model: str,
        messages: Sequence[Message],
        *,
        answer_format: AnswerFormat | None = None,
        think: Think | None = None,
        options: Options | None = None,
        keep_alive: KeepAlive | None = None,
    ) -> ChatAnswer:
        """The whole answer. It is streamed underneath, so that the limits on first and further tokens hold."""
        async with self.chat_stream(
            model, messages, answer_format=answer_format, think=think, options=options, keep_alive=keep_alive
        ) as chunks:
            return await whole_chat(chunks)

    @asynccontextmanager
    async def chat_stream(
        self,
        model: str,
        messages: Sequence[Message],
        *,
        answer_format: AnswerFormat | None = None,
        think: Think | None = None,
        options: Options | None = None,
        keep_alive: KeepAlive | None = None,
    ) -> AsyncGenerator[AsyncIterator[ChatChunk], None]:
        """Chunks as they are written. Leaving the block early stops the generation.

        What looks like a control token in a message is sent as words: `<|im_end|>` as `< |im_end|>`.

        Raises:
            ContextOverflow: the messages do not fit (the server would drop the oldest silently; we ask it not to).
        """
        payload = _payload(
            model,
            messages=[{**message.model_dump(), "content": disarmed(message.content)} for message in messages],
            format=answer_format,
            think=think,
            options=options,
            keep_alive=keep_alive,
            stream=True,
            truncate=False,
            shift=False,
        )
        with watching(self._config.on_call, "chat", model, self._config.server) as call:
            async with self._wire.lines("/api/chat", payload) as lines:
                yield call.through(chunks_of(lines, ChatChunk, model))

    async def generate(
        self,
        model: str,
        prompt: str,
        *,
        system: str | None = None,
        answer_format: AnswerFormat | None = None,
        think: Think | None = None,
        options: Options | None = None,
        keep_alive: KeepAlive | None = None,
    ) -> GeneratedText:
        """The whole text that follows `prompt`."""
        async with self.generate_stream(
            model,
            prompt,
            system=system,
            answer_format=answer_format,
            think=think,
            options=options,
            keep_alive=keep_alive,
        ) as chunks:
            return await whole_text(chunks)

    @asynccontextmanager
    async def generate_stream(
        self,
        model: str,
        prompt: str,
        *,
        system: str | None = None,
        answer_format: AnswerFormat | None = None,
        think: Think | None = None,
        options: Options | None = None,
        keep_alive: KeepAlive | None = None,
    ) -> AsyncGenerator[AsyncIterator[GenerateChunk], None]:
        """Chunks as they are written. Leaving the block early stops the generation."""
        payload = _payload(
            model,
            prompt=disarmed(prompt),
            system=None if system is None else disarmed(system),
            format=answer_format,
            think=think,
            options=options,
            keep_alive=keep_alive,
            stream=True,
            truncate=False,
            shift=False,
        )
        with watching(self._config.on_call, "generate", model, self._config.server) as call:
            async with self._wire.lines("/api/generate", payload) as lines:
                yield call.through(chunks_of(lines, GenerateChunk, model))

    async def structured(
        self,
        model: str,
        messages: Sequence[Message],
        answer: type[M],
        *,
        schema: Mapping[str, Any] | None = None,
        think: Think | None = False,
        options: Options | None = None,
        keep_alive: KeepAlive | None = None,
    ) -> StructuredAnswer[M]:
        """An answer validated as `answer`, after one repair turn at most.

        `schema` is what the server's grammar enforces, by default that of `answer`. Also tell it in the messages: the
        server does not show it to the model. Properties are written in the schema's order: evidence before verdict.

        Raises:
            InvalidAnswer: two answers were invalid.
        """
        enforced = answer.model_json_schema() if schema is None else schema

        async def ask(turns: Sequence[Message]) -> ChatAnswer:
            return await self.chat(
                model, turns, answer_format=enforced, think=think, options=options, keep_alive=keep_alive
            )

        return await ask_structured(ask, messages, answer, model)

    async def list_models(self) -> list[InstalledModel]:
        class Models(BaseModel):
            models: list[InstalledModel]

        return (await self._get("/api/tags", Models)).models

    async def running_models(self) -> list[RunningModel]:
        class Models(BaseModel):
            models: list[RunningModel]

        return (await self._get("/api/ps", Models)).models

    async def show_model(self, model: str) -> ShownModel:
        """Raises: ModelNotFound."""
        return parse(ShownModel, await self._wire.exchange("POST", "/api/show", _payload(model)))

    async def version(self) -> str:
        class Version(BaseModel):
            version: str

        return (await self._get("/api/version", Version)).version

    @asynccontextmanager
    async def pull_model(self, model: str) -> AsyncGenerator[AsyncIterator[PullProgress], None]:
        """Progress while the server downloads a model; the last status is "success".

        Raises:
            PullFailed: the server gave up (an unknown name, no network, a full disk).
        """
        async with self._wire.lines("/api/pull", _payload(model, stream=True)) as lines:
            yield _progress(lines, model)

    @property
    def _wire(self) -> Wire:
        """There is none before the address was looked at."""
        if self._wire_of_run is None:
            raise RuntimeError("open the client first: `async with OllamaClient(config) as ollama:`")
        return self._wire_of_run

    async def _get(self, path: str, kind: type[A]) -> A:
        return parse(kind, await self._wire.exchange("GET", path))


async def _progress(lines: AsyncIterator[bytes], model: str) -> AsyncIterator[PullProgress]:
    last = ""
    async for line in lines:
        try:
            raise_if_error(line, model=model)
        except (RefusedByServer, ModelNotFound) as error:
            raise PullFailed(model, error_text(line)) from error
        progress = parse(PullProgress, line)
        last = progress.status
        yield progress
    if last != "success":
        raise PullFailed(model, f"the progress ended with {last!r}")


def _payload(model: str, **fields: Any) -> dict[str, Any]:
    """The request's body, without what was not given."""
    return {"model": model, **{name: value for name, value in fields.items() if value is not None}}
