"""Everything the gateway is told from outside, by the environment or by files of secrets, and nowhere else."""

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, SecretStr, field_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from care import HelpTexts, TextsInvalid, is_locale
from contracts.journals import language_tag
from ollama_client import OllamaConfig
from service_settings import ServiceSettings
from telemetry import LogFormat, LogLevel

Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=1)]
LexiconKey = Annotated[SecretStr, Field(min_length=16)]
#: As a browser writes one: scheme and host in small letters, a port unless it is the scheme's own, and nothing behind.
_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:[1-9][0-9]*)?")
_OWN_PORTS = re.compile(r"http://.*:80|https://.*:443")


def _split(value: object) -> object:
    return tuple(value.replace(",", " ").split()) if isinstance(value, str) else value


Origins = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]


class Settings(ServiceSettings):
    """`GATEWAY_HTTP_PORT` and so on. A wrong value stops start-up with the field's name."""

    model_config = SettingsConfigDict(env_prefix="GATEWAY_", frozen=True)

    http_host: str = "127.0.0.1"
    #: 0 takes a free one.
    http_port: Annotated[int, Field(ge=0, le=65535)] = 8080
    #: postgresql://user:password@host:port/database
    database_url: SecretStr
    database_connections_max: Count = 10
    #: nats://user:password@host:port
    nats_url: SecretStr
    #: Of streams and consumers, where NATS is a cluster.
    nats_replicas: Count = 1
    ollama_url: str = "http://127.0.0.1:11434"
    #: Off: texts go to this machine or a private network only.
    ollama_allow_remote: bool = False
    #: Queries are embedded by the same model as entries.
    embedding_model: str
    qdrant_url: str = "http://127.0.0.1:6333"
    qdrant_api_key: SecretStr | None = None

    #: Web pages of these origins may use the API from a browser: `https://notes.example http://localhost:5173`.
    cors_origins: Origins = ()
    #: The largest valid entry, written with every character escaped, is 1.5 MiB of JSON.
    request_max_bytes: Count = 2 * 1024 * 1024
    #: The model server has so long to embed a query; a hybrid search waits half of it before it goes on without.
    search_timeout_s: Positive = 20.0
    #: Makes lexical search possible: words are indexed as numbers under this key. The same for gateway and workers.
    lexicon_key: LexiconKey | None = None
    #: Writes answers to questions. None: no question is answered.
    chat_model: str | None = None
    #: A constant, and best that of the workers: Ollama loads a model anew for another.
    ask_context_tokens: Annotated[int, Field(ge=1024)] = 4096
    #: An answer may take so long, reading included.
    ask_timeout_s: Positive = 120.0
    #: Questions that are answered at the same time. The workers wait for the same model.
    ask_at_once: Count = 2
    #: NATS requests of one subject that are worked on at the same time.
    api_workers: Count = 16

    outbox_batch_max: Count = 256
    #: The relay is woken by notifications; this is for those that got lost.
    outbox_poll_s: Positive = 5.0
    #: The newest events that are kept in memory for those who follow a journal; what is older they read from NATS.
    events_kept: Count = 2048
    #: Streams that are open at the same time, of events, reflections and reports. The next one is told to come again.
    event_streams_max: Count = 1000
    #: An enrichment that is pending for longer is asked for again, then after twice as long, and so on.
    enrichment_overdue_s: Positive = 900.0
    reconcile_every_s: Positive = 60.0
    #: For how long a repeated request finds its first answer.
    idempotency_keep_s: Positive = 86_400.0
    #: Told to stop, the gateway serves on for so long while `/readyz` says 503, so that balancers turn away first.
    drain_s: Annotated[float, Field(ge=0)] = 0.0
    #: Requests in hand get this long at shutdown, behind the time to drain.
    shutdown_grace_s: Positive = 20.0

    #: An OpenTelemetry collector, such as http://127.0.0.1:4318. None: no tracing.
    otlp_endpoint: str | None = None
    #: Off: spans go to this machine or a private network only.
    otlp_allow_remote: bool = False

    #: `off` is the one way to have answers generated from texts that speak of suicide or self-harm: docs/care.md.
    care: Literal["on", "off"] = "on"
    #: Whose text is shown then: `de`, `de-AT`.
    care_locale: str = "en"
    #: A folder with texts of the operator's own, `de-AT.txt`, which stand before ours.
    care_texts: Path | None = None

    log_format: LogFormat = "json"
    log_level: LogLevel = "INFO"

    @property
    def ollama(self) -> OllamaConfig:
        return OllamaConfig(base_url=self.ollama_url, allow_remote=self.ollama_allow_remote)

    @field_validator("ollama_url")
    @classmethod
    def _usable_address(cls, url: str) -> str:
        return OllamaConfig(base_url=url).base_url

    @field_validator("cors_origins")
    @classmethod
    def _exact_origins(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        for origin in origins:
            if origin in {"*", "null"}:
                raise ValueError("name each origin: with * or null any page that came by a key could read a diary")
            if not _ORIGIN.fullmatch(origin) or _OWN_PORTS.fullmatch(origin):
                raise ValueError(
                    "origins as browsers write them, such as https://notes.example or http://localhost:5173: "
                    "in small letters, without a path, a slash at the end, or a port that is the scheme's own"
                )
        return origins

    @field_validator("care_locale")
    @classmethod
    def _locale(cls, name: str) -> str:
        written = language_tag(name)
        if not is_locale(written):
            raise ValueError("must be a language, or a language and a country, such as de or de-AT")
        return written

    @field_validator("care_texts")
    @classmethod
    def _texts_that_can_be_shown(cls, folder: Path | None) -> Path | None:
        try:
            HelpTexts.load(folder)
        except TextsInvalid as error:
            raise ValueError(str(error)) from error
        return folder
