"""Writing entries so that the newest revision wins, in whatever order the writers come."""

from collections.abc import Sequence
from uuid import UUID

from qdrant_client import models

from entry_index import _filters
from entry_index._connection import Connection
from entry_index._entries import IndexedEntry
from entry_index._points import points_of
from entry_index._schema import QUERY_LIMIT_MAX

#: About 1 MB of JSON at 768 dimensions; the server takes 32.
_POINTS_A_REQUEST = 64


async def upsert(connection: Connection, target: str, entries: Sequence[IndexedEntry]) -> tuple[bool, ...]:
    """Whether each entry is now the newest one indexed.

    A point is overwritten only by the same or a newer revision. Chunks that a newer revision does not have are no
    point's successor, though, so after the write a late writer looks for newer revisions and takes its own out again.
    Of two writers at once the later one sees the other: none leaves chunks behind.
    """
    newest = _newest(entries)
    if not newest:
        return ()
    points = [point for entry in newest.values() for point in points_of(entry)]
    may_overwrite = _filters.any_of(
        [_filters.up_to_revision(entry.journal, entry.entry_id, entry.revision) for entry in newest.values()]
    )
    for start in range(0, len(points), _POINTS_A_REQUEST):
        batch = points[start : start + _POINTS_A_REQUEST]
        await connection.call(connection.client.upsert(target, points=batch, update_filter=may_overwrite, wait=True))
    superseded = await _superseded(connection, target, list(newest.values()))
    await delete(
        connection,
        target,
        _filters.any_of(
            [
                _filters.up_to_revision(entry.journal, entry.entry_id, entry.revision)
                if entry.entry_id in superseded
                else _filters.left_over(entry.journal, entry.entry_id, entry.revision, len(entry.chunks))
                for entry in newest.values()
            ]
        ),
    )
    return tuple(entry is newest[entry.entry_id] and entry.entry_id not in superseded for entry in entries)


async def delete(connection: Connection, target: str, chosen: models.Filter) -> None:
    await connection.call(
        connection.client.delete(target, points_selector=models.FilterSelector(filter=chosen), wait=True)
    )


def _newest(entries: Sequence[IndexedEntry]) -> dict[UUID, IndexedEntry]:
    newest: dict[UUID, IndexedEntry] = {}
    for entry in entries:
        if entry.entry_id not in newest or newest[entry.entry_id].revision < entry.revision:
            newest[entry.entry_id] = entry
    return newest


async def _superseded(connection: Connection, target: str, entries: list[IndexedEntry]) -> set[UUID]:
    """The entries of which a newer revision is indexed."""
    newer = _filters.any_of(
        [_filters.after_revision(entry.journal, entry.entry_id, entry.revision) for entry in entries]
    )
    superseded: set[UUID] = set()
    offset = None
    while True:
        records, offset = await connection.call(
            connection.client.scroll(
                target, scroll_filter=newer, limit=QUERY_LIMIT_MAX, offset=offset, with_payload=["entry_id"]
            )
        )
        superseded |= {UUID((record.payload or {})["entry_id"]) for record in records}
        if offset is None:
            return superseded
