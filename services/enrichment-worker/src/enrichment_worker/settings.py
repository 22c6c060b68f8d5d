"""Everything this process reads from the environment, prefix ENRICHMENT_."""

from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from contracts.enrichments import MoodMethod
from telemetry import LogFormat


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="ENRICHMENT_", frozen=True, extra="ignore")

    #: Where the gateway's API and the events are; with a login where the server wants one.
    nats_url: SecretStr
    #: Celery's broker; the same NATS unless said otherwise.
    broker_url: SecretStr | None = None
    #: False where the operator applies the task streams, and this user may not.
    create_streams: bool = True
    nats_inbox_prefix: str = "_INBOX"
    gateway_key: SecretStr | None = None
    gateway_key_file: Path | None = None
    ollama_url: str = "http://127.0.0.1:11434"
    ollama_allow_remote: bool = False
    embedding_model: str = "all-minilm"
    chat_model: str = "llama3.2"
    mood_method: MoodMethod = "llm"
    #: The chat model's context for moods; a constant, since changing it makes Ollama reload the model.
    mood_context_tokens: int = Field(4096, ge=1024)
    qdrant_url: str
    qdrant_api_key: SecretStr | None = None
    concurrency: int = Field(2, ge=1, le=64)
    #: Entries in one embedding task.
    embed_batch: int = Field(32, ge=1, le=256)
    deadline_s: float = Field(600.0, gt=0)
    #: First wait before a retry; doubles up to five minutes.
    retry_base_s: float = Field(2.0, gt=0)
    model_probe_s: float = Field(5.0, gt=0)
    #: A killed worker's tasks go to another after so long without a heartbeat of it.
    ack_wait_s: float = Field(30.0, ge=2)
    #: 0 takes a free one.
    metrics_port: int = Field(9101, ge=0, le=65535)
    metrics_host: str = "127.0.0.1"
    log_format: LogFormat = "json"
    log_level: str = "INFO"

    @model_validator(mode="after")
    def _some_key(self) -> Self:
        if self.gateway_key is None and self.gateway_key_file is None:
            raise ValueError("set ENRICHMENT_GATEWAY_KEY or ENRICHMENT_GATEWAY_KEY_FILE (a key with the scope enrich)")
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
