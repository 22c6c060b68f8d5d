"""What every worker is told by its environment or by files of secrets. A service's `Settings` adds its own."""

from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, field_validator, model_validator

from entry_index import IndexConfig
from ollama_client import OllamaConfig
from service_settings import ServiceSettings
from telemetry import LogFormat, LogLevel
from worker_kit._evidence import note_call, note_index_call
from worker_kit._gateway_client import GatewayConfig

_INDEX_TIMEOUT_S = 30.0


class WorkerSettings(ServiceSettings):
    """Set `model_config` with an `env_prefix` in the subclass; nothing is read before it is built."""

    #: Where the gateway's API and the events are; with a login where the server wants one.
    nats_url: SecretStr
    #: Celery's broker; the same NATS unless said otherwise.
    broker_url: SecretStr | None = None
    #: False where the operator applies the task streams, and this user may not.
    create_streams: bool = True
    nats_inbox_prefix: str = "_INBOX"
    #: Servers that keep the task streams, where NATS is a cluster. Used when they are made.
    nats_replicas: int = Field(1, ge=1)
    gateway_key: SecretStr | None = None
    gateway_key_file: Path | None = None
    ollama_url: str = "http://127.0.0.1:11434"
    #: Off: texts go to this machine or a private network only.
    ollama_allow_remote: bool = False
    embedding_model: str = "all-minilm"
    chat_model: str = "llama3.2"
    qdrant_url: str
    qdrant_api_key: SecretStr | None = None
    concurrency: int = Field(2, ge=1, le=64)
    deadline_s: float = Field(600.0, gt=0)
    #: First wait before a retry, or after a lost run; doubles up to five minutes.
    retry_base_s: float = Field(2.0, gt=0)
    model_probe_s: float = Field(5.0, gt=0)
    #: A killed worker's tasks go to another after so long without a heartbeat of it.
    ack_wait_s: float = Field(30.0, ge=2)
    #: Runs of a task that may be lost (its process is killed, or ended by the hard time limit) before the task is given
    #: up as `worker_lost`. 0: it comes back for ever.
    lost_max: int = Field(5, ge=0)
    #: How often the gateway is told what tasks took, while there are any.
    evidence_every_s: float = Field(15.0, gt=0)
    #: 0 takes a free one.
    metrics_port: int = Field(9101, ge=0, le=65535)
    metrics_host: str = "127.0.0.1"
    #: An OpenTelemetry collector, such as http://127.0.0.1:4318. None: no tracing.
    otlp_endpoint: str | None = None
    #: Off: spans go to this machine or a private network only.
    otlp_allow_remote: bool = False
    log_format: LogFormat = "json"
    log_level: LogLevel = "INFO"

    @field_validator("ollama_url")
    @classmethod
    def _usable_address(cls, url: str) -> str:
        return OllamaConfig(base_url=url).base_url

    @model_validator(mode="after")
    def _some_key(self) -> Self:
        if self.gateway_key is None and self.gateway_key_file is None:
            prefix = self.model_config.get("env_prefix", "")
            raise ValueError(f"set {prefix}GATEWAY_KEY or {prefix}GATEWAY_KEY_FILE (a key with the scope enrich)")
        return self

    @property
    def key(self) -> str:
        """Raises: OSError where the key file cannot be read."""
        if self.gateway_key is not None:
            return self.gateway_key.get_secret_value()
        assert self.gateway_key_file is not None
        return self.gateway_key_file.read_text().strip()

    @property
    def broker(self) -> str:
        """The task streams have a prefix of their own beside Daybook's subjects."""
        chosen = self.broker_url or self.nats_url
        return chosen.get_secret_value()

    @property
    def gateway(self) -> GatewayConfig:
        """Raises: OSError where the key file cannot be read."""
        return GatewayConfig(
            nats_url=self.nats_url.get_secret_value(), key=self.key, inbox_prefix=self.nats_inbox_prefix
        )

    @property
    def ollama(self) -> OllamaConfig:
        return OllamaConfig(base_url=self.ollama_url, allow_remote=self.ollama_allow_remote, on_call=note_call)

    @property
    def index(self) -> IndexConfig:
        key = self.qdrant_api_key
        return IndexConfig(
            url=self.qdrant_url,
            timeout_s=_INDEX_TIMEOUT_S,
            api_key=key.get_secret_value() if key else None,
            on_call=note_index_call,
        )
