"""How PostgreSQL goes about the statements that must stay quick however many entries there are."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from gateway.db.sql_files import query

#: These grow with the entries: none of them may be read from one end to the other.
GROWING = frozenset(
    {"entries", "enrichments", "reflections", "reports", "report_entries", "idempotency_keys", "erasures"}
)
_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
_BEFORE_ALL = UUID(int=0)
_OVERDUE = timedelta(minutes=15)


@dataclass(frozen=True)
class Hot:
    """A statement of the gateway's SQL files, when it is asked, and what with."""

    when: str
    file: str
    name: str
    arguments: tuple[object, ...]


@dataclass(frozen=True)
class Plan:
    hot: Hot
    #: Indexes that it uses, in the order of the plan.
    indexes: tuple[str, ...]
    #: Tables that it reads from one end to the other.
    scanned: frozenset[str]
    #: None where it was planned and not run.
    took_ms: float | None
    #: Of 8 KiB; None as above.
    pages: int | None


def hot_statements(journal: str, entry_ids: list[UUID], written: datetime) -> list[Hot]:
    """`entry_ids` are of the journal, `written` a moment in the middle of it."""
    some, one = entry_ids[:50], entry_ids[0]
    first, after = written.date() - timedelta(days=15), written.date() + timedelta(days=15)
    return [
        Hot("an entry is read", "entries", "get_entry", (journal, one)),
        Hot("a journal is listed", "entries", "list_entries", (journal, None, None, [], None, None, 51)),
        Hot("its next page", "entries", "list_entries", (journal, None, None, [], written, one, 51)),
        Hot("listed by a tag", "entries", "list_entries", (journal, None, None, ["rain"], None, None, 51)),
        Hot("entries are shown", "enrichments", "list_enrichments", (some,)),
        Hot("hits become readable", "entries", "get_entries", (journal, some)),
        Hot("search: what is not indexed yet", "enrichments", "count_unindexed", (journal, 1000)),
        Hot("search within moods", "entries", "find_by_mood", (journal, None, None, [], ["calm"], None, None)),
        Hot("moods of 30 days", "moods", "mood_timeline", (journal, first, after, "day", None)),
        Hot("moods, one by one", "moods", "page_moods", (journal, None, None, None, None, 1000)),
        Hot("an entry is enriched", "entries", "share_revision", (journal, one)),
        Hot("a repeated request", "idempotency", "get_record", ("0" * 8, journal, b"0")),
        Hot("a report is asked for", "reports", "get_unsettled_report", (journal, "period", first, after, "UTC")),
        Hot("a report by itself: was anything written", "reports", "any_written", (journal, written, written)),
        Hot("reports are listed", "reports", "list_reports", (journal, None, None, 50)),
        Hot("a journal is made again", "entries", "list_revisions", (journal, _BEFORE_ALL, 500)),
        Hot("a key is looked up", "api_keys", "get_key", ("0" * 8,)),
        Hot("metrics: what is awaited", "enrichments", "pending_work", ()),
        Hot("each round: what is overdue", "enrichments", "reissue_overdue", (_OVERDUE, 500)),
        Hot("each round: reflections", "reflections", "reissue_overdue_reflections", (_OVERDUE, 500)),
        Hot("each round: reports", "reports", "reissue_overdue_reports", (_OVERDUE, 500)),
        Hot("each round: words of another lexicon", "enrichments", "span_lexicons", ()),
        Hot("each round: expired requests", "idempotency", "delete_expired_records", (datetime.now(UTC) - _LONG_AGO,)),
        Hot("an entry is erased: its reports", "reports", "renew_reports", ([one],)),
        Hot("the outbox is relayed", "outbox", "claim_events", (256,)),
    ]


async def plan_of(connection: Any, hot: Hot, *, run: bool = False) -> Plan:
    """`run` has it run and taken back; its time is then known."""
    how = "ANALYZE, BUFFERS, FORMAT JSON" if run else "FORMAT JSON"
    transaction = connection.transaction()
    await transaction.start()
    try:
        told = await connection.fetchval(f"EXPLAIN ({how}) {query(hot.file, hot.name)}", *hot.arguments)
    finally:
        await transaction.rollback()
    (explained,) = json.loads(told)
    nodes = list(_nodes(explained["Plan"]))
    root = explained["Plan"]
    return Plan(
        hot=hot,
        indexes=tuple(dict.fromkeys(node["Index Name"] for node in nodes if "Index Name" in node)),
        scanned=frozenset(node["Relation Name"] for node in nodes if node["Node Type"] == "Seq Scan"),
        took_ms=explained["Execution Time"] if run else None,
        pages=root["Shared Hit Blocks"] + root["Shared Read Blocks"] if run else None,
    )


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for inner in plan.get("Plans", ()):
        yield from _nodes(inner)
