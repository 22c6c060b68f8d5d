"""How long the hot routes take over a gateway, and what PostgreSQL reads for them."""

import random
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import httpx
from capacity_fill import LARGE, Filled

_SCANS = "SELECT relname, seq_scan FROM pg_stat_user_tables"

Asked = tuple[str, str, dict[str, Any]]


@dataclass(frozen=True)
class Took:
    route: str
    journal: str
    times: int
    p50_ms: float
    p95_ms: float


async def measure(client: httpx.AsyncClient, filled: Filled, rounds: int) -> list[Took]:
    """Each route `rounds` times in turn, in journals of chance and in the large one."""
    chance = random.Random(1)
    small = [name for name in filled.ids if name != LARGE]
    took: dict[tuple[str, str], list[float]] = {}
    for number in range(rounds + 1):
        for kind, journal in (("a tenth of all", LARGE), ("one of many", chance.choice(small))):
            entry = chance.choice(filled.ids[journal])
            for route, ask in ROUTES.items():
                method, path, options = ask(f"/v1/journals/{journal}", str(entry.id), number)
                began_s = time.perf_counter()
                answer = await client.request(method, path, **options)
                passed_ms = (time.perf_counter() - began_s) * 1000
                assert answer.is_success, (route, answer.status_code, answer.text[:300])
                if number:  # The first prepares statements and opens connections.
                    took.setdefault((route, kind), []).append(passed_ms)
    return [
        Took(route, kind, len(each), statistics.median(each), sorted(each)[round(0.95 * (len(each) - 1))])
        for (route, kind), each in took.items()
    ]


async def sequential_scans(connection: Any) -> dict[str, int]:
    """How often each table was read from one end to the other, as told by sessions that have ended."""
    return {row["relname"]: row["seq_scan"] for row in await connection.fetch(_SCANS)}


def _search(journal: str, _entry: str, number: int) -> Asked:
    return "POST", f"{journal}/search", {"json": {"query": f"rain on page {number}", "limit": 10}}


def _search_moods(journal: str, _entry: str, number: int) -> Asked:
    return "POST", f"{journal}/search", {"json": {"query": f"rain on page {number}", "moods": ["calm", "sad"]}}


def _insights(journal: str, _entry: str, number: int) -> Asked:
    first = date(2026, 1, 1) + timedelta(days=number)
    return "POST", f"{journal}/insights", {"json": {"from": f"{first}", "to": f"{first + timedelta(days=30)}"}}


def _post(journal: str, _entry: str, number: int) -> Asked:
    return "POST", f"{journal}/entries", {"json": {"body": f"Rain all day, for the {number}th time."}}


ROUTES: dict[str, Callable[[str, str, int], Asked]] = {
    "`GET .../entries`, 50": lambda journal, _e, _n: ("GET", f"{journal}/entries", {"params": {"limit": 50}}),
    "`GET .../entries?tag=rain`": lambda journal, _e, _n: ("GET", f"{journal}/entries", {"params": {"tag": "rain"}}),
    "`GET .../entries/{id}`": lambda journal, entry, _n: ("GET", f"{journal}/entries/{entry}", {}),
    "`POST .../search`, hybrid": _search,
    "`POST .../search` within moods": _search_moods,
    "`GET .../entries/{id}/similar`": lambda journal, entry, _n: ("GET", f"{journal}/entries/{entry}/similar", {}),
    "`GET .../moods`, 30 days": lambda journal, _e, _n: ("GET", f"{journal}/moods", {"params": {"bucket": "day"}}),
    "`GET .../moods`, 24 months": lambda journal, _e, _n: ("GET", f"{journal}/moods", {"params": {"bucket": "month"}}),
    "`POST .../entries`": _post,
    "`POST .../insights`": _insights,
}
