"""Which model server the stack uses: the owner's own Ollama where it has the models, else the embedded one."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

import httpx

from devstack.faults import StackFault
from ollama_client import OllamaClient, OllamaConfig, RemoteAddressRefused, Unreachable

EMBEDDED_CHAT = "smollm2:135m"
EMBEDDED_EMBEDDING = "all-minilm"
_PROBE_S = 3.0
_OLLAMA_PORT = 11434
#: What a server listens on; a client connects to this machine instead.
#: Each service has its own say.
_ALLOW_REMOTE = tuple(f"{service}_OLLAMA_ALLOW_REMOTE" for service in ("GATEWAY", "ENRICHMENT", "INSIGHTS"))
#: As pydantic reads a flag.
_YES = {"1", "on", "t", "true", "y", "yes"}
_ANY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}


@dataclass(frozen=True)
class ModelChoice:
    #: None: the embedded server, which the stack starts itself.
    url: str | None
    embedding_model: str
    chat_model: str
    mood_method: Literal["llm", "prototypes"]
    why: str


EMBEDDED = ModelChoice(
    None,
    EMBEDDED_EMBEDDING,
    EMBEDDED_CHAT,
    # Its chat model is too small to be trusted with a mood (ADR 0004).
    "prototypes",
    "embedded model server (small models; generated text is demo quality)",
)


class ModelsMissing(StackFault):
    def __init__(self, url: str, missing: list[str]) -> None:
        lines = "\n".join(f"  ollama pull {name}" for name in missing)
        super().__init__(
            f"the Ollama at {url} lacks models that Daybook is set to use. Get them with\n{lines}\n"
            "or start with the small embedded models: `make up FLAGS=--embedded-models`"
        )
        self.missing = missing


def choose_models(url: str | None, *, embedding_model: str, chat_model: str, allow_remote: bool = False) -> ModelChoice:
    """The Ollama at `url`, which may be written as in OLLAMA_HOST, if it answers.

    Raises:
        ModelsMissing: it answers and has not both models.
        StackFault: nothing that speaks Ollama's API answers there; or it is not on a network of one's own, and was
            not asked.
    """
    if not url:
        return EMBEDDED
    address = ollama_address(url)
    if not allow_remote:
        asyncio.run(_refuse_remote(address))
    try:
        tags = httpx.get(f"{address}/api/tags", timeout=_PROBE_S, trust_env=False).raise_for_status().json()
        there = {model["name"] for model in tags["models"]}
    except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
        raise StackFault(
            f"no Ollama answers at {address} ({type(error).__name__}). Start it with `ollama serve`, correct "
            "OLLAMA_HOST, or unset OLLAMA_HOST for the embedded models."
        ) from error
    missing = [name for name in (embedding_model, chat_model) if not {name, f"{name}:latest"} & there]
    if missing:
        raise ModelsMissing(address, missing)
    return ModelChoice(address, embedding_model, chat_model, "llm", f"your Ollama at {address}")


def is_remote_allowed(environment: Mapping[str, str]) -> bool:
    """Whether every service may send texts to an Ollama that is neither on this machine nor on a private network."""
    return all(environment.get(setting, "").lower() in _YES for setting in _ALLOW_REMOTE)


def ollama_address(host: str) -> str:
    """OLLAMA_HOST as Ollama's own programs read it: scheme, name and port may each be missing.

    Source: https://github.com/ollama/ollama/blob/main/envconfig/config.go
    """
    parts = urlsplit(host if "://" in host else f"http://{host}")
    name = parts.hostname or "127.0.0.1"
    name = _ANY_ADDRESS.get(name, name)
    # Without a scheme it is Ollama's port, with one it is the scheme's.
    port = parts.port or (_OLLAMA_PORT if "://" not in host else {"http": 80}.get(parts.scheme, 443))
    return f"{parts.scheme}://{f'[{name}]' if ':' in name else name}:{port}"


async def _refuse_remote(address: str) -> None:
    try:
        # Opening one looks at the address, and sends nothing.
        async with OllamaClient(OllamaConfig(base_url=address)):
            pass
    except Unreachable:
        pass  # A name that is not known: whoever asks it says so.
    except RemoteAddressRefused as error:
        raise StackFault(
            f"OLLAMA_HOST: {address} is neither this machine nor on a private network, and nothing is sent there. "
            f"If texts may leave your hands, set {', '.join(_ALLOW_REMOTE)} to true."
        ) from error
