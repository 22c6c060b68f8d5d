"""`gateway doctor` without its process: what it finds on servers of a test's own."""

from typing import Any

from gateway.doctor.checking import check_deployment
from gateway.settings import Settings
from support.scripted_ollama import EMBEDDING_MODEL, MODEL

NOWHERE = "http://127.0.0.1:1"


def settings(database_url: str, nats_url: str, **others: Any) -> Settings:
    chosen: dict[str, Any] = {
        "embedding_model": EMBEDDING_MODEL,
        "chat_model": MODEL,
        "ollama_url": NOWHERE,
        "qdrant_url": NOWHERE,
        "lexicon_key": "a key that is long enough",
    }
    return Settings(database_url=database_url, nats_url=nats_url, **{**chosen, **others})  # type: ignore[arg-type]


async def found(chosen: Settings) -> dict[str, list[tuple[str, str, str]]]:
    """Check -> state, what it says, remedy."""
    return {
        result.check: [(each.state, each.says, each.remedy) for each in result.findings]
        for result in await check_deployment(chosen)
    }
