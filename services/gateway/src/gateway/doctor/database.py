"""PostgreSQL: is it there, is its schema ours, is its clock ours, and what waits in it."""

from collections.abc import Iterable, Iterator

from gateway.db.diagnosis import DatabaseFacts, DatabaseRefused, WorkFacts, connected, database_facts, work_facts
from gateway.doctor.findings import Check, Finding, fail, ok, warn

_CONNECT_S = 5.0
#: Idempotency, overdue times and exports compare the two.
_SKEW_S = 2.0
_OUTBOX_LAG_S = 60.0
_OVERDUE_S = 3600.0
_OLDEST_MAJOR = 14
#: Longer than a task may take, by default.
_SILENT_S = 900.0
_MAKERS = {
    "enrichment-worker": ("embedding", "mood"),
    "insights-worker": ("reflection", "report"),
}
#: Where each kind is asked for again.
_AGAIN = {
    "embedding": "/v1/journals/{journal}/reprocess",
    "mood": "/v1/journals/{journal}/reprocess",
    "reflection": "/v1/journals/{journal}/entries/{id}/reflection",
    "report": "/v1/journals/{journal}/insights",
}


def database_check(url: str) -> Check:
    async def run() -> Iterable[Finding]:
        try:
            async with connected(url, timeout_s=_CONNECT_S) as connection:
                facts = await database_facts(connection)
                found = list(_of_server(facts))
                if not facts.missing:
                    found += _of_work(await work_facts(connection))
                return found
        except DatabaseRefused as refused:
            return [fail(refused.says, refused.remedy)]

    return Check("database", run, "see PostgreSQL's own log")


def _of_server(facts: DatabaseFacts) -> Iterator[Finding]:
    says = f"PostgreSQL {facts.version}, {facts.size_bytes / 1e6:.0f} MB, answers in {facts.round_trip_s * 1000:.0f} ms"
    if int(facts.version.partition(".")[0].partition(" ")[0]) < _OLDEST_MAJOR:
        yield warn(says, f"Daybook was tried with PostgreSQL 17; {_OLDEST_MAJOR} is the oldest that is maintained")
    else:
        yield ok(says)
    if facts.missing:
        yield fail(f"{len(facts.missing)} migrations are missing: {', '.join(facts.missing)}", "run `gateway migrate`")
    elif facts.unknown:
        newest = facts.unknown[-1]
        yield warn(f"the schema is newer than this gateway (migration {newest})", "upgrade the gateways that are left")
    else:
        yield ok("every migration is applied")
    for name in (name for name, value in facts.settings.items() if value != "on"):
        yield warn(f"{name} is off: a power cut may lose entries that were acknowledged", f"set {name} = on")
    if abs(facts.clock_ahead_s) > _SKEW_S + facts.round_trip_s:
        way = "ahead of" if facts.clock_ahead_s > 0 else "behind"
        yield warn(f"PostgreSQL's clock is {abs(facts.clock_ahead_s):.1f} s {way} ours", "let NTP set both clocks")


def _of_work(facts: WorkFacts) -> Iterator[Finding]:
    if facts.outbox.lag_s > _OUTBOX_LAG_S:
        yield fail(
            f"{facts.outbox.events} events wait for JetStream, the oldest for {facts.outbox.lag_s:.0f} s",
            "is a gateway serving, and NATS there? The outbox is emptied by itself when both are",
        )
    late = [each for each in facts.pending if each.oldest_s > _OVERDUE_S]
    for each in late:
        yield warn(
            f"{each.number} of kind {each.kind} are awaited, the oldest for {each.oldest_s / 3600:.1f} h",
            "is a worker there, and its model? What is overdue is asked for again by itself",
        )
    if not late:
        yield ok(f"{sum(each.number for each in facts.pending)} results are awaited, none for long")
    for (kind, reason), number in facts.given_up.items():
        yield warn(
            f"{number} of kind {kind} were given up: {reason}",
            f"`gateway given-up` lists them; remove the cause, then POST {_AGAIN[kind]}",
        )
    if facts.enrich_keys == 0:
        yield fail(
            "no API key has the scope enrich: workers are refused",
            "run `gateway keys ensure --name worker --scopes enrich --journals '*' --key-file FILE`",
        )
    for worker, kinds in _MAKERS.items():
        awaited_s = max((each.oldest_s for each in facts.pending if each.kind in kinds), default=0.0)
        yield from _of_key(worker, awaited_s, facts.reported_s.get(worker))


def _of_key(worker: str, awaited_s: float, reported_s: float | None) -> Iterator[Finding]:
    """`reported_s`: since a report of its tasks was accepted, if one was."""
    if awaited_s > _SILENT_S and (reported_s is None or reported_s > awaited_s):
        yield warn(
            f"results of an {worker} are awaited for {awaited_s / 60:.0f} min, and no report of its tasks came since",
            "does one run, and take tasks (nats)? Then its key is refused, and its log has evidence.refused:"
            " `gateway keys list` shows the keys that are known, `gateway keys ensure` makes one known",
        )
    elif reported_s is not None:
        yield ok(f"the key of an {worker} is accepted: it reported {reported_s:.0f} s ago")
