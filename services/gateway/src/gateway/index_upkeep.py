"""The commands that look into the index itself: `gateway switch-index | prune`. Each may run again."""

import sys
from argparse import Namespace

import structlog

from entry_index import EntryIndex, IndexConfig, RebuildIncomplete
from gateway.db.store import Store
from gateway.recovery import Teller
from gateway.service.prune_index import prune_index
from gateway.service.switch_index import IndexIncomplete, NothingGathered, switch_index
from gateway.settings import Settings

#: A scroll over all points reads a hundred of them from disk.
_INDEX_TIMEOUT_S = 30.0

log = structlog.get_logger()


async def run_switch_index(settings: Settings, options: Namespace) -> int:
    async with Store(settings.database_url.get_secret_value()) as store, EntryIndex(_index_config(settings)) as index:
        try:
            embedded = await switch_index(store, index, options.model or settings.embedding_model)
        except (NothingGathered, IndexIncomplete, RebuildIncomplete) as refusal:
            sys.stderr.write(f"{refusal}\n")
            return 1
        log.info("index.switched", passages=embedded.passages, entries_failed=embedded.entries_failed)
        return 0


async def run_prune(settings: Settings, _options: Namespace) -> None:
    async with Store(settings.database_url.get_secret_value()) as store, EntryIndex(_index_config(settings)) as index:
        teller, found = Teller(), None
        async for found in prune_index(store, index):
            teller.tell("prune.seen", revisions=found.seen)
        if found is None:
            log.info("prune.done", unknown=0, newer=0)
        else:
            log.info("prune.done", unknown=found.unknown, newer=found.newer)


def _index_config(settings: Settings) -> IndexConfig:
    key = settings.qdrant_api_key
    return IndexConfig(settings.qdrant_url, _INDEX_TIMEOUT_S, api_key=key.get_secret_value() if key else None)
