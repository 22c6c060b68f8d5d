"""The insights worker's pipelines without its process."""

from entry_index import IndexConfig
from insights_worker.config import PipelineConfig
from ollama_client import OllamaConfig
from support.enrichment import Daybook
from support.scripted_ollama import EMBEDDING_MODEL, MODEL
from worker_kit import GatewayConfig


def pipeline_config(daybook: Daybook, ollama_url: str) -> PipelineConfig:
    return PipelineConfig(
        gateway=GatewayConfig(nats_url=daybook.nats_url, key=daybook.worker_key, request_timeout_s=60),
        ollama=OllamaConfig(base_url=ollama_url),
        index=IndexConfig(url=daybook.qdrant_url, timeout_s=30),
        embedding_model=EMBEDDING_MODEL,
        chat_model=MODEL,
        reflection_context_tokens=4096,
        reflection_checked=False,
        report_context_tokens=4096,
        report_turn_s=600,
    )
