"""What is done for a reflection, from reading the entry to recording the result. It has never heard of Celery.

Everything opens inside the coroutine and closes with it (ADR 0001). An order may come twice: the gateway keeps the
first result, and tells a second attempt before it begins.
"""

import structlog

from contracts.api import RecordReflection
from contracts.enrichments import FailureReason
from contracts.events import ReflectionRef
from contracts.live import Retry
from insights_worker.config import PipelineConfig
from insights_worker.live import LiveReflection
from insights_worker.reflecting import reflect
from insights_worker.related import find_related
from ollama_client import OllamaClient
from worker_kit import GatewayClient, model_facts

log = structlog.get_logger()


async def write_reflection(config: PipelineConfig, ref: ReflectionRef) -> None:
    """Raises: OllamaError, WorkerError."""
    async with GatewayClient(config.gateway) as gateway, OllamaClient(config.ollama) as ollama:
        begun = await gateway.begin_reflection(ref)
        entry = begun.entry
        if entry is None:
            log.info("pipeline.skipped", outcome=begun.outcome)
            return
        model = await model_facts(ollama, config.chat_model)
        related = await find_related(config, gateway, ollama, entry) if begun.related_entries else ()
        live = LiveReflection(gateway, ref)
        result = await reflect(
            ollama,
            model,
            entry,
            related,
            context_tokens=config.reflection_context_tokens,
            written=live.write,
            checked=config.reflection_checked,
        )
        reply = await gateway.record_reflection(_report(ref, entry.revision, result=result))
        log.info("reflection.recorded", outcome=reply.outcome, answer_tokens=result.provenance.answer_tokens)
        await live.end("done")


async def give_up_reflection(config: PipelineConfig, ref: ReflectionRef, reason: FailureReason) -> None:
    """Raises: WorkerError."""
    async with GatewayClient(config.gateway) as gateway:
        await gateway.record_reflection(_report(ref, ref.revision, reason=reason))
        await LiveReflection(gateway, ref).end("failed")


async def tell_retry(config: PipelineConfig, ref: ReflectionRef, retry: Retry) -> None:
    """To those who watch. Raises: WorkerError."""
    async with GatewayClient(config.gateway) as gateway:
        await LiveReflection(gateway, ref).retry(retry)


def _report(ref: ReflectionRef, revision: int, **outcome: object) -> RecordReflection:
    return RecordReflection.model_validate(
        {
            "journal": ref.journal,
            "entry_id": ref.entry_id,
            "version": ref.version,
            "revision": revision,
            **outcome,
        }
    )
