"""Every gateway and every worker is replaced while clients write, read, search and follow: nothing is lost.

Clients come again where they are told to, or are cut off, for so long and no longer; anything else that is no answer
fails the test. How often they had to, and what was done twice, is reported and not refused (docs/upgrade.md).
"""

import asyncio
import logging
import os
import statistics
from collections.abc import Iterator
from contextlib import contextmanager
from typing import get_args

import pytest

from support.enrichment import Daybook, until
from support.rolling.balancer import Balancer
from support.rolling.clients import Told
from support.rolling.fleet import Fleet, How, Kind
from support.rolling.load import Load
from support.rolling.reckoning import Reckoning, reckon

#: So long a gateway serves on, told to stop. A balancer that asks each 0.1 s has turned away long before.
DRAIN_S = 2.0
#: Between replacements: entries at least, so that the new ones have worked too.
ENTRIES_BETWEEN = 10
#: Of each way, all are replaced so often.
ROUNDS = int(os.environ.get("ROLLING_ROUNDS", "1"))

log = logging.getLogger(__name__)


@contextmanager
def _rolling(
    daybook: Daybook, kinds: list[Kind], *, drain_s: float, journals: int, reflect: bool
) -> Iterator[tuple[Fleet, Load]]:
    with Balancer() as balancer, Fleet(daybook, balancer, drain_s) as fleet:
        fleet.start(kinds)
        names = [daybook.new_journal() for _ in range(journals)]
        with Load(balancer.url, daybook.headers, names, reflect=reflect) as load:
            yield fleet, load


def _wait_for_more(load: Load, entries: int) -> None:
    enough = load.entries + entries

    def is_enough() -> bool:
        load.check()
        return load.entries >= enough

    until(is_enough)


def _finish(load: Load, daybook: Daybook) -> Reckoning:
    load.finish()
    return asyncio.run(reckon(daybook.database_url, daybook.nats_url, load.told, points=daybook.points))


def _report(name: str, load: Load, fleet: Fleet, found: Reckoning) -> None:
    p50_s, p95_s = statistics.median(found.waits_s), statistics.quantiles(found.waits_s, n=20)[-1]
    log.info(
        "%s: %d replaced, %d requests, %d of them again (%s), %d entries, %d reflections, %d events, repeats: %s",
        name,
        len(fleet.replaced),
        load.requests,
        load.retries.total(),
        dict(load.retries) or "none",
        found.entries,
        found.reflections,
        found.events,
        dict(found.repeats) or "none",
    )
    log.info("event streams ended: %s; written to enriched: p50 %.2f s, p95 %.2f s", dict(load.ends), p50_s, p95_s)
    log.info("load of the machine: %.1f", os.getloadavg()[0])
    for one in fleet.replaced:
        log.info("%s, %s: stopped in %.1f s, ready in %.1f s", one.kind, one.how, one.stop_s, one.start_s)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_gateways_and_a_worker_are_replaced_and_nothing_is_lost(daybook: Daybook) -> None:
    kinds: list[Kind] = ["gateway", "enrichment"]
    with _rolling(daybook, kinds, drain_s=1.0, journals=2, reflect=False) as (fleet, load):
        for kind, how in (("gateway", "surge"), ("enrichment", "down_first"), ("gateway", "surge")):
            fleet.replace(kind, how)
            _wait_for_more(load, 4)
        found = _finish(load, daybook)
        _report("smoke", load, fleet, found)
    # Every stream was at the first one, which is gone.
    assert load.ends.total() >= len(load.told)


@pytest.mark.rolling
@pytest.mark.parametrize("how", get_args(How))
def test_all_are_replaced_and_nothing_is_lost(daybook: Daybook, how: How) -> None:
    kinds: list[Kind] = ["gateway", "gateway", "enrichment", "enrichment", "insights"]
    with _rolling(daybook, kinds, drain_s=DRAIN_S, journals=3, reflect=True) as (fleet, load):
        _wait_for_more(load, ENTRIES_BETWEEN)
        for _ in range(ROUNDS):
            for kind in kinds:
                fleet.replace(kind, how)
                _wait_for_more(load, ENTRIES_BETWEEN)
        found = _finish(load, daybook)
        _report(how, load, fleet, found)


def test_the_reckoning_sees_what_is_lost_and_what_is_not_done(daybook: Daybook) -> None:
    """No worker runs here: an entry that was accepted is never enriched."""
    lost, undone = Told(daybook.new_journal()), Told(daybook.new_journal())
    lost.entries["018f0000-0000-7000-8000-000000000000"] = (1, "Rain.")
    undone.entries[daybook.post(undone.journal, "Rain.")] = (1, "Rain.")
    for told in (lost, undone):
        with pytest.raises(AssertionError):
            asyncio.run(reckon(daybook.database_url, daybook.nats_url, [told], points=daybook.points, within_s=0.2))
