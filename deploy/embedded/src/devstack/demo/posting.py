"""Bring the diary into the journal, once."""

from collections.abc import Callable, Sequence
from uuid import UUID

from devstack.demo.diary import DiaryEntry
from devstack.demo.gateway_client import GatewayClient


def post_diary(
    client: GatewayClient, diary: Sequence[DiaryEntry], *, advance: Callable[[], None]
) -> dict[UUID, DiaryEntry]:
    """The journal's entry of each diary entry. `advance` is called for each.

    Idempotency keys are forgotten after a while, and an entry is not: so what is there already is looked for first, and
    the key keeps two runs at the same time apart. What an earlier run saw fail is asked for again.
    """
    there = {(entry.written_at, entry.body): entry for entry in client.entries()}
    placed: dict[UUID, DiaryEntry] = {}
    for entry in diary:
        assert entry.draft.written_at is not None
        known = there.get((entry.draft.written_at, entry.draft.body))
        if known is not None and any(one.state == "failed" for one in known.enrichments.values()):
            client.enrich_again(known.id)
        placed[(known or client.post_entry(entry)).id] = entry
        advance()
    return placed
