"""Turns searches to the vectors of another model, once every entry has its vectors."""

from entry_index import EntryIndex
from gateway.db import enrichments
from gateway.db.enrichments import Embedded
from gateway.db.store import Store
from ollama_client import tagged_name


class NothingGathered(Exception):
    def __init__(self, model: str, there: list[str]) -> None:
        beside = f" (there are some of {', '.join(there)})" if there else ""
        super().__init__(
            f"no vectors of {model} are gathered beside those that are searched{beside}. Set it as the enrichment "
            "workers' model, with ENRICHMENT_REBUILD_INDEX=true, and run `gateway reindex --wait`"
        )


class IndexIncomplete(Exception):
    def __init__(self, model: str, left: int) -> None:
        super().__init__(
            f"{left} entries are not embedded by {model} yet: run `gateway reindex --wait`, then this again"
        )


async def switch_index(store: Store, index: EntryIndex, model: str) -> Embedded:
    """What `model` has embedded. From now on that is searched; the vectors of the model before are dropped.

    Raises:
        NothingGathered: the workers have gathered no vectors of this model.
        IndexIncomplete: some entries have none yet. Nothing was changed.
        RebuildIncomplete: the index holds fewer than PostgreSQL knows of. Nothing was changed.
        StoreUnavailable, EntryIndexError: one of both is away.
    """
    gathered = {tagged_name(each.name): each for each in await index.beside()}
    found = gathered.get(tagged_name(model))
    if found is None:
        raise NothingGathered(model, sorted(each.name for each in gathered.values()))
    async with store.connection() as connection:
        embedded = await enrichments.sum_embeddings(connection, _spellings(found.name), found.digest)
    if embedded.entries_left:
        raise IndexIncomplete(model, embedded.entries_left)
    await index.complete_rebuild(found, least_chunks=embedded.passages)
    return embedded


def _spellings(model: str) -> list[str]:
    """What the workers may have noted, by their settings at the time."""
    tagged = tagged_name(model)
    return [tagged, tagged.removesuffix(":latest")]
