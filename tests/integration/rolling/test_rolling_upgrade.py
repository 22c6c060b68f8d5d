"""Every gateway and every worker is replaced while clients write, read, search and follow: nobody notices."""

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
from support.rolling.fleet import Fleet, How
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
def _load(daybook: Daybook, balancer: Balancer, journals: int, *, reflect: bool) -> Iterator[Load]:
    names = [daybook.new_journal() for _ in range(journals)]
    with Load(balancer.url, daybook.headers, names, reflect=reflect) as load:
        yield load


def _wait_for_more(load: Load) -> None:
    enough = load.entries + ENTRIES_BETWEEN

    def is_enough() -> bool:
        load.check()
        return load.entries >= enough

    until(is_enough)


def _finish(load: Load, daybook: Daybook, *, is_exact: bool) -> Reckoning:
    load.finish()
    return asyncio.run(
        reckon(daybook.database_url, daybook.nats_url, load.told, is_exact=is_exact, points=daybook.points)
    )


def _report(load: Load, fleet: Fleet, found: Reckoning) -> None:
    p95_s = statistics.quantiles(found.waits_s, n=20)[-1]
    log.info("%d requests, %d entries, %d events", load.requests, found.entries, found.events)
    log.info("sent again: %s; streams ended: %s", dict(load.retries) or "none", dict(load.ends))
    log.info("from written to enriched: p50 %.2f s, p95 %.2f s", statistics.median(found.waits_s), p95_s)
    for one in fleet.replaced:
        log.info("%s, %s: stopped in %.1f s, ready in %.1f s", one.kind, one.how, one.stop_s, one.start_s)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_gateways_and_a_worker_are_replaced_and_no_request_fails(daybook: Daybook) -> None:
    with Balancer() as balancer:
        fleet = Fleet(daybook, balancer, DRAIN_S)
        fleet.start(["gateway", "gateway", "enrichment"])
        with _load(daybook, balancer, journals=2, reflect=False) as load:
            for kind, how in (("gateway", "surge"), ("enrichment", "down_first"), ("gateway", "down_first")):
                fleet.replace(kind, how)
                _wait_for_more(load)
            found = _finish(load, daybook, is_exact=True)
        _report(load, fleet, found)
        assert not load.retries
        # Every stream was at one of the two that went.
        assert set(load.ends) <= {"over"}


@pytest.mark.rolling
@pytest.mark.parametrize("how", get_args(How))
def test_all_are_replaced_and_nothing_is_lost(daybook: Daybook, how: How) -> None:
    with Balancer() as balancer:
        fleet = Fleet(daybook, balancer, DRAIN_S)
        fleet.start(["gateway", "gateway", "enrichment", "enrichment", "insights"])
        with _load(daybook, balancer, journals=3, reflect=True) as load:
            _wait_for_more(load)
            for _ in range(ROUNDS):
                for kind, _member in list(fleet.members):
                    fleet.replace(kind, how)
                    _wait_for_more(load)
            found = _finish(load, daybook, is_exact=how != "killed")
        _report(load, fleet, found)
        if how != "killed":
            assert not load.retries
            assert set(load.ends) <= {"over"}
