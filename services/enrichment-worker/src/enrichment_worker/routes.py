"""Which tasks an event asks for. Waiting events become one embedding task together, and one mood task an entry."""

from collections.abc import Sequence
from uuid import UUID

from contracts.events import (
    DomainEvent,
    EnrichmentRequested,
    EntryCreated,
    EntryErased,
    EntryRef,
    EntryRevised,
    JournalErased,
)
from contracts.identifiers import derived_id
from worker_kit import Order, QueueSpec

EMBED = "enrichment.embed"
INFER_MOOD = "enrichment.infer_mood"
ERASE_ENTRY = "enrichment.erase_entry"
ERASE_JOURNAL = "enrichment.erase_journal"

EMBED_QUEUE = QueueSpec("enrichment.embed", needs_model=True)
MOOD_QUEUE = QueueSpec("enrichment.mood", needs_model=True)
#: Erasing waits for no model.
ERASE_QUEUE = QueueSpec("enrichment.erase", needs_model=False)
QUEUES = (EMBED_QUEUE, MOOD_QUEUE, ERASE_QUEUE)


def route(events: Sequence[DomainEvent]) -> list[Order]:
    """Erasures first: what is erased should be gone soon."""
    orders: list[Order] = []
    to_embed: list[tuple[UUID, EntryRef]] = []
    to_feel: list[tuple[UUID, EntryRef]] = []
    for event in events:
        match event:
            case EntryErased(data=ref):
                args = (ref.journal, str(ref.entry_id))
                orders.append(_order(ERASE_ENTRY, ERASE_QUEUE, args, event.id))
            case JournalErased(data=journal):
                orders.append(_order(ERASE_JOURNAL, ERASE_QUEUE, (journal.journal,), event.id))
            case EntryCreated(data=ref) | EntryRevised(data=ref):
                to_embed.append((event.id, ref))
                to_feel.append((event.id, ref))
            case EnrichmentRequested(data=wanted):
                ref = EntryRef(journal=wanted.journal, entry_id=wanted.entry_id, revision=wanted.revision)
                if "embedding" in wanted.kinds:
                    to_embed.append((event.id, ref))
                if "mood" in wanted.kinds:
                    to_feel.append((event.id, ref))
            case _:
                pass  # results of ours, which the durable's filter keeps away
    if to_embed:
        refs = [ref.model_dump(mode="json") for _, ref in to_embed]
        orders.append(_order(EMBED, EMBED_QUEUE, (refs,), *(event_id for event_id, _ in to_embed)))
    for event_id, ref in to_feel:
        orders.append(_order(INFER_MOOD, MOOD_QUEUE, (ref.model_dump(mode="json"),), event_id))
    return orders


def _order(task: str, queue: QueueSpec, args: tuple[object, ...], *event_ids: UUID) -> Order:
    return Order(task, queue.name, args, derived_id(task, *event_ids), event_ids)
