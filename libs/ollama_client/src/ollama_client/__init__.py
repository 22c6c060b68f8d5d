"""A typed async client for Ollama's native API. Async only, opened inside the coroutine that uses it.

    async with OllamaClient(OllamaConfig()) as ollama:
        answer = await ollama.chat("llama3.2", [Message.user("Hello")])

Source: https://github.com/ollama/ollama/blob/main/docs/api.md
"""

from ollama_client._client import OllamaClient
from ollama_client._config import OllamaConfig
from ollama_client._models import (
    ChatAnswer,
    ChatChunk,
    Embeddings,
    GenerateChunk,
    GeneratedText,
    InstalledModel,
    Message,
    ModelDetails,
    PullProgress,
    RunningModel,
    ShownModel,
    StructuredAnswer,
    Timings,
)
from ollama_client._observing import Call, Observer, Operation
from ollama_client.errors import (
    BadRequest,
    BetweenTokensTimeout,
    ConnectTimeout,
    ContextOverflow,
    FirstTokenTimeout,
    InvalidAnswer,
    ModelNotFound,
    OllamaError,
    Overloaded,
    ProtocolViolation,
    PullFailed,
    RemoteAddressRefused,
    ServerFault,
    StreamCut,
    TotalTimeout,
    Unreachable,
    UnsendableRequest,
)

__all__ = [
    "BadRequest",
    "BetweenTokensTimeout",
    "Call",
    "ChatAnswer",
    "ChatChunk",
    "ConnectTimeout",
    "ContextOverflow",
    "Embeddings",
    "FirstTokenTimeout",
    "GenerateChunk",
    "GeneratedText",
    "InstalledModel",
    "InvalidAnswer",
    "Message",
    "ModelDetails",
    "ModelNotFound",
    "Observer",
    "OllamaClient",
    "OllamaConfig",
    "OllamaError",
    "Operation",
    "Overloaded",
    "ProtocolViolation",
    "PullFailed",
    "PullProgress",
    "RemoteAddressRefused",
    "RunningModel",
    "ServerFault",
    "ShownModel",
    "StreamCut",
    "StructuredAnswer",
    "Timings",
    "TotalTimeout",
    "Unreachable",
    "UnsendableRequest",
]
