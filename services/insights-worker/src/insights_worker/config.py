"""What the pipelines are told."""

from dataclasses import dataclass

from entry_index import IndexConfig
from ollama_client import OllamaConfig
from worker_kit import GatewayConfig


@dataclass(frozen=True, kw_only=True)
class PipelineConfig:
    gateway: GatewayConfig
    ollama: OllamaConfig
    index: IndexConfig
    embedding_model: str
    chat_model: str
    reflection_context_tokens: int
    reflection_checked: bool
    report_context_tokens: int
    #: A turn of a report ends after so long, at the next place where it can go on later.
    report_turn_s: float
