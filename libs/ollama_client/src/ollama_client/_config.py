"""How to reach an Ollama and how long to wait for it."""

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from ollama_client._observing import Observer


@dataclass(frozen=True, kw_only=True)
class OllamaConfig:
    """Values only; nothing is read from the environment.

    Raises:
        ValueError: the URL is no http(s) URL, or a limit is not above zero.
    """

    base_url: str = "http://127.0.0.1:11434"
    #: Off: only loopback and private addresses are spoken to, so that text cannot leave by a typo.
    allow_remote: bool = False
    connect_timeout_s: float = 5.0
    #: From sending the request to the first byte of its answer; covers loading a model and reading the prompt.
    first_token_timeout_s: float = 120.0
    between_tokens_timeout_s: float = 30.0
    #: A server that drips a byte now and then trips no other limit.
    total_timeout_s: float = 300.0
    #: Ollama queues without limit once a model is loaded, so the cap is ours.
    max_connections: int = 16
    #: Told of each call of a model when it ends. Clients that differ in it alone share their connections.
    on_call: Observer | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        parts = urlsplit(self.base_url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or not _usable(self.base_url):
            raise ValueError("base_url must look like http://127.0.0.1:11434")
        for name in ("connect_timeout_s", "first_token_timeout_s", "between_tokens_timeout_s", "total_timeout_s"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be above zero")
        if self.max_connections < 1:
            raise ValueError("max_connections must be at least 1")

    @property
    def host(self) -> str:
        host = urlsplit(self.base_url).hostname
        assert host is not None
        return host

    @property
    def server(self) -> tuple[str, int]:
        """Host and port."""
        parts = urlsplit(self.base_url)
        return self.host, parts.port or (443 if parts.scheme == "https" else 80)


def _usable(url: str) -> bool:
    """No control characters, and a port that there is."""
    try:
        _ = urlsplit(url).port
    except ValueError:
        return False
    return url.isprintable()
