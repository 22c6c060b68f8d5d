"""Requests and answers of Ollama's API as values. Unknown fields of newer servers are ignored."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Generic, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field

#: Who speaks.
Role = Literal["system", "user", "assistant", "tool"]
#: `"json"`, or a JSON Schema that the answer must satisfy.
AnswerFormat = Literal["json"] | Mapping[str, Any]
#: Whether, or how hard, a model thinks first. Not given: as the model does by itself, which for some is to think.
Think = bool | Literal["low", "medium", "high", "max"]
#: Seconds, a Go duration such as "5m", negative for ever, 0 to unload now.
KeepAlive = float | str
#: Ollama's own, by name: `temperature`, `num_predict`, `num_ctx`, `seed` ... Another `num_ctx` reloads the model.
Options = Mapping[str, Any]
M = TypeVar("M", bound=BaseModel)


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", protected_namespaces=(), hide_input_in_errors=True)


class Message(_Answer):
    """One turn of a conversation: who speaks, and what is said."""

    role: Role
    content: str = ""
    #: What a model that thinks wrote for itself before it answered. Not sent where there is none.
    thinking: Annotated[str, Field(exclude_if=lambda text: not text)] = ""

    @classmethod
    def system(cls, content: str) -> Self:
        return cls(role="system", content=content)

    @classmethod
    def user(cls, content: str) -> Self:
        return cls(role="user", content=content)

    @classmethod
    def assistant(cls, content: str) -> Self:
        return cls(role="assistant", content=content)


class Timings(_Answer):
    """Durations in nanoseconds and token counts, as the server measured them. It omits zeros: they are 0 here."""

    total_duration_ns: int = Field(0, validation_alias="total_duration")
    load_duration_ns: int = Field(0, validation_alias="load_duration")
    prompt_eval_count: int = 0
    prompt_eval_duration_ns: int = Field(0, validation_alias="prompt_eval_duration")
    eval_count: int = 0
    eval_duration_ns: int = Field(0, validation_alias="eval_duration")


class Embeddings(Timings):
    """`vectors` has shape (len(inputs), dimension), in the order of the inputs, each of length 1."""

    model: str
    vectors: list[list[float]] = Field(validation_alias="embeddings")


class _Chunk(Timings):
    model: str
    done: bool
    #: "stop", "length" (cut by num_predict or the context), "load" or "unload". Only on the last chunk.
    done_reason: str = ""


class ChatChunk(_Chunk):
    """A piece of an answer as it is written. Thinking comes first, in chunks of its own; timings come with the last."""

    message: Message = Message(role="assistant")

    @property
    def text(self) -> str:
        return self.message.content

    @property
    def thinking(self) -> str:
        return self.message.thinking


class GenerateChunk(_Chunk):
    """A piece of a text as it is written, like `ChatChunk`."""

    response: str = ""
    thinking: str = ""

    @property
    def text(self) -> str:
        return self.response


class ChatAnswer(_Chunk):
    """A whole answer: the last chunk's timings with the text of all chunks."""

    message: Message

    @property
    def text(self) -> str:
        return self.message.content

    @property
    def thinking(self) -> str:
        return self.message.thinking


class GeneratedText(_Chunk):
    """A whole text: the last chunk's timings with the text of all chunks."""

    response: str
    thinking: str = ""

    @property
    def text(self) -> str:
        return self.response


class ModelDetails(_Answer):
    """What a model is made of, in the server's words: "gguf", "llama", "8.0B", "Q4_K_M". Empty where not told."""

    format: str = ""
    family: str = ""
    parameter_size: str = ""
    quantization_level: str = ""


class InstalledModel(_Answer):
    """A model that the server has on disk. `digest` is the sha256 of its manifest, `size` is in bytes."""

    name: str
    digest: str = ""
    size: int = 0
    modified_at: datetime | None = None
    details: ModelDetails = ModelDetails()


class RunningModel(_Answer):
    """A model that is in memory, until `expires_at`. Sizes in bytes; `context_length` in tokens, 0 if not told."""

    name: str
    digest: str = ""
    size: int = 0
    size_vram: int = 0
    expires_at: datetime | None = None
    context_length: int = 0


class ShownModel(_Answer):
    """What the server knows of one model. `capabilities` holds words such as "completion", "embedding", "thinking"."""

    details: ModelDetails = ModelDetails()
    capabilities: tuple[str, ...] = ()
    #: GGUF metadata, keys such as `llama.context_length`.
    model_info: dict[str, Any] = Field(default_factory=dict)
    template: str = ""
    parameters: str = ""

    @property
    def context_tokens(self) -> int:
        """How many tokens the weights were made for; 0 if the server does not say."""
        return self._number("context_length")

    @property
    def embedding_dimension(self) -> int:
        """Width of the model's vectors; 0 if the server does not say."""
        return self._number("embedding_length")

    def _number(self, suffix: str) -> int:
        architecture = self.model_info.get("general.architecture", "")
        value = self.model_info.get(f"{architecture}.{suffix}", 0)
        return value if isinstance(value, int) else 0


class PullProgress(_Answer):
    """One step of a download. Steps with a `digest` are of one layer, and repeat as its bytes come in."""

    status: str
    digest: str = ""
    #: Bytes; 0 where the step has none.
    total: int = 0
    completed: int = 0


@dataclass(frozen=True, kw_only=True)
class StructuredAnswer(Generic[M]):
    """A validated `value` and the chat answer that held it. Counts and durations are of all turns together."""

    value: M
    answer: ChatAnswer
    repaired: bool
    prompt_tokens: int
    answer_tokens: int
    total_duration_ns: int
