"""What has become of the entries so far, and waiting until something has become of each."""

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from uuid import UUID

from contracts.enrichments import EnrichmentKind
from contracts.entries import EntryView
from devstack.demo.gateway_client import GatewayClient

_LOOK_S = 0.5
_KINDS: tuple[EnrichmentKind, ...] = ("embedding", "mood")


@dataclass(frozen=True)
class Tally:
    entries: int
    embedded: int
    #: An abstention is a mood recorded: the method looked, and said that it cannot tell.
    moods: int
    #: Entries that have an enrichment which was given up.
    failed: int
    #: Enrichments about which nothing is known yet.
    pending: int

    @property
    def complete(self) -> bool:
        return self.embedded == self.moods == self.entries and self.failed == 0


def tally(views: Collection[EntryView]) -> Tally:
    return Tally(
        entries=len(views),
        embedded=sum(_state(view, "embedding") == "done" for view in views),
        moods=sum(_state(view, "mood") == "done" for view in views),
        failed=sum(any(_state(view, kind) == "failed" for kind in _KINDS) for view in views),
        pending=sum(_state(view, kind) == "pending" for view in views for kind in _KINDS),
    )


def wait_until_settled(
    client: GatewayClient, wanted: Collection[UUID], *, show: Callable[[Tally], None], stalled_s: float
) -> Mapping[UUID, EntryView]:
    """The entries once nothing is pending, or as they are after `stalled_s` seconds in which nothing changed."""
    best = -1
    changed_s = time.monotonic()
    while True:
        views = {view.id: view for view in client.entries() if view.id in wanted}
        now = tally(views.values())
        show(now)
        settled = len(views) * len(_KINDS) - now.pending
        if settled > best:
            best, changed_s = settled, time.monotonic()
        if now.pending == 0 or time.monotonic() - changed_s > stalled_s:
            return views
        time.sleep(_LOOK_S)


def _state(view: EntryView, kind: EnrichmentKind) -> str:
    enrichment = view.enrichments.get(kind)
    return enrichment.state if enrichment is not None else "pending"
