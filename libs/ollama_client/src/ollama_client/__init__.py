"""A typed async client for Ollama's native API. Async only, opened inside the coroutine that uses it.

    async with OllamaClient(OllamaConfig()) as ollama:
        answer = await ollama.chat("llama3.2", [Message.user("Hello")])

Source: https://github.com/ollama/ollama/blob/main/docs/api.md
"""

from ollama_client._client import OllamaClient
from ollama_client._config import OllamaConfig
from ollama_client._models import (
    AnswerFormat,
    ChatAnswer,
    ChatChunk,
    Embeddings,
    GenerateChunk,
    GeneratedText,
    InstalledModel,
    KeepAlive,
    Message,
    ModelDetails,
    Options,
    PullProgress,
    Role,
    RunningModel,
    ShownModel,
    StructuredAnswer,
    Think,
    Timings,
)
from ollama_client._names import tagged_name
from ollama_client._observing import Call, Observer, Operation
from ollama_client._prompt_files import PromptFiles, read_prompt_files
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
    PhaseTimeout,
    ProtocolViolation,
    PullFailed,
    RefusedByServer,
    RemoteAddressRefused,
    ServerFault,
    StreamCut,
    TotalTimeout,
    Unreachable,
    UnsendableRequest,
)

__all__ = [
    "AnswerFormat",
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
    "KeepAlive",
    "Message",
    "ModelDetails",
    "ModelNotFound",
    "Observer",
    "OllamaClient",
    "OllamaConfig",
    "OllamaError",
    "Operation",
    "Options",
    "Overloaded",
    "PhaseTimeout",
    "PromptFiles",
    "ProtocolViolation",
    "PullFailed",
    "PullProgress",
    "RefusedByServer",
    "RemoteAddressRefused",
    "Role",
    "RunningModel",
    "ServerFault",
    "ShownModel",
    "StreamCut",
    "StructuredAnswer",
    "Think",
    "Timings",
    "TotalTimeout",
    "Unreachable",
    "UnsendableRequest",
    "read_prompt_files",
    "tagged_name",
]
