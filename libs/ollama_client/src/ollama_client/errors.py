"""Every way a call can fail. `retryable` says whether the same call may succeed later.

OllamaError
├── RemoteAddressRefused    permanent   the address is neither loopback nor private, and `allow_remote` is off
├── Unreachable             retryable   nobody listens, or the connection broke before an answer began
├── PhaseTimeout
│   ├── ConnectTimeout      retryable   no connection within `connect_timeout_s`
│   ├── FirstTokenTimeout   retryable   nothing of the answer within `first_token_timeout_s`
│   ├── BetweenTokensTimeout retryable  the answer paused for longer than `between_tokens_timeout_s`
│   └── TotalTimeout        retryable   the whole call took longer than `total_timeout_s`
├── RefusedByServer
│   ├── Overloaded          retryable   503 or 429: the queue is full or the model is loading
│   ├── ContextOverflow     permanent   the input is longer than the model's context; nothing was cut silently
│   ├── BadRequest          permanent   400 and the like: this request will never be accepted
│   └── ServerFault         retryable   500, or an error line in the middle of an answer
├── ModelNotFound           permanent   404: the message has the `ollama pull` line
├── UnsendableRequest       permanent   what was given is no JSON: a lone surrogate, NaN, an object
├── StreamCut               retryable   the answer ended without `done: true`
├── ProtocolViolation       retryable   what came is not Ollama's protocol (a proxy's page, broken JSON)
├── InvalidAnswer           retryable   the model's structured answer stayed invalid after the repair turn
└── PullFailed              retryable   the server could not download a model
"""

from typing import ClassVar


class OllamaError(Exception):
    """Anything this library raises. Never holds a prompt."""

    retryable: ClassVar[bool] = False


class RemoteAddressRefused(OllamaError):
    """The address is neither loopback nor private, and `allow_remote` is off. Nothing was sent."""

    def __init__(self, host: str, address: str) -> None:
        super().__init__(
            f"{host} resolves to {address}, which is neither this machine nor a private network: text would leave "
            "your hands. Set allow_remote=True if that is what you want."
        )
        self.host = host
        self.address = address


class Unreachable(OllamaError):
    """Nobody listens, the name does not resolve, or the connection broke before an answer began."""

    retryable = True

    def __init__(self, url: str, why: str) -> None:
        super().__init__(f"Ollama at {url} is unreachable ({why}). Is it running? `ollama serve` starts it.")
        self.url = url


class PhaseTimeout(OllamaError):
    """A limit of `OllamaConfig` ran out: `limit_s`, in seconds. Its leaves say which."""

    retryable = True
    phase: ClassVar[str]

    def __init__(self, url: str, limit_s: float) -> None:
        super().__init__(f"Ollama at {url}: {self.phase} took longer than {limit_s:g} s")
        self.url = url
        self.limit_s = limit_s


class ConnectTimeout(PhaseTimeout):
    """No connection within `connect_timeout_s`."""

    phase = "connecting"


class FirstTokenTimeout(PhaseTimeout):
    """Nothing of the answer within `first_token_timeout_s`: the model is loading, or reads a long prompt."""

    phase = "the beginning of the answer"


class BetweenTokensTimeout(PhaseTimeout):
    """The answer paused for longer than `between_tokens_timeout_s`."""

    phase = "a pause in the answer"


class TotalTimeout(PhaseTimeout):
    """The whole call took longer than `total_timeout_s`, waiting for `max_connections` included."""

    phase = "the whole call"


class RefusedByServer(OllamaError):
    """An HTTP status of 400 or more. `payload` is the server's own words."""

    def __init__(self, status: int, payload: str) -> None:
        super().__init__(f"Ollama answered {status}: {payload}")
        self.status = status
        self.payload = payload


class Overloaded(RefusedByServer):
    """503 or 429: the queue is full, or the model is loading."""

    retryable = True


class BadRequest(RefusedByServer):
    """400 and the like: this request will never be accepted."""


class ContextOverflow(RefusedByServer):
    """The input is longer than the model's context. Nothing was cut, and nothing was generated."""


class ServerFault(RefusedByServer):
    """500 and the like, or an error line in the middle of an answer."""

    retryable = True


class UnsendableRequest(OllamaError):
    """What was given is no JSON: a lone surrogate, NaN, an object. Nothing was sent."""

    def __init__(self, why: str) -> None:
        super().__init__(f"the request cannot be written as JSON ({why}); nothing was sent")


class ModelNotFound(OllamaError):
    """The server has no such model. The message has the `ollama pull` line."""

    def __init__(self, model: str) -> None:
        super().__init__(f"model {model!r} is not installed. Get it with: ollama pull {model}")
        self.model = model


class StreamCut(OllamaError):
    """The answer ended without `done: true`, after `chunks` of it."""

    retryable = True

    def __init__(self, chunks: int) -> None:
        super().__init__(f"the answer ended after {chunks} chunks without `done: true`")
        self.chunks = chunks


class ProtocolViolation(OllamaError):
    """What came is not Ollama's protocol: a proxy's page, broken JSON, too few vectors."""

    retryable = True

    def __init__(self, what: str) -> None:
        super().__init__(f"this is not Ollama's protocol: {what}. Does the URL point at Ollama itself?")


class InvalidAnswer(OllamaError):
    """`faults` names the fields and what is wrong with them, without the answer's text.

    Tokens and time are those of all its turns, as far as they are known: they were spent.
    """

    retryable = True

    def __init__(
        self, model: str, faults: str, *, prompt_tokens: int = 0, answer_tokens: int = 0, total_duration_ns: int = 0
    ) -> None:
        super().__init__(f"{model} gave no valid answer, even after being told: {faults}")
        self.model = model
        self.faults = faults
        self.prompt_tokens = prompt_tokens
        self.answer_tokens = answer_tokens
        self.total_duration_ns = total_duration_ns


class PullFailed(OllamaError):
    """The server could not download a model. `payload` is the server's own words."""

    retryable = True

    def __init__(self, model: str, payload: str) -> None:
        super().__init__(f"pulling {model!r} failed: {payload}")
        self.model = model
        self.payload = payload
