"""All checks of a deployment, from the gateway's settings."""

from entry_index import IndexConfig
from gateway.doctor.configuration import addresses_check, configuration_check
from gateway.doctor.database import database_check
from gateway.doctor.events import events_check
from gateway.doctor.findings import Result, run_checks
from gateway.doctor.models import index_check, models_check
from gateway.settings import Settings

_INDEX_TIMEOUT_S = 5.0


async def check_deployment(settings: Settings) -> list[Result]:
    """Takes as long as the slowest: 20 s at most."""
    key = settings.qdrant_api_key
    index = IndexConfig(
        url=settings.qdrant_url, timeout_s=_INDEX_TIMEOUT_S, api_key=key.get_secret_value() if key else None
    )
    return await run_checks(
        [
            configuration_check(settings),
            addresses_check(settings),
            database_check(settings.database_url.get_secret_value()),
            events_check(settings.nats_url.get_secret_value(), replicas=settings.nats_replicas),
            models_check(
                settings.ollama,
                embedding_model=settings.embedding_model,
                chat_model=settings.chat_model,
                context_tokens=settings.ask_context_tokens,
            ),
            index_check(index, settings.ollama, embedding_model=settings.embedding_model),
        ]
    )
